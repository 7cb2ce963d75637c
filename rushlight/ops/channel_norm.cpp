// Channels scaled by their own statistics or by given ones: what batch_norm does in training and in
// evaluation. Bodies compute halves in float32.
#include <algorithm>

#include "rushlight/ops/channel_rules.h"
#include "rushlight/ops/image_rules.h"

namespace rushlight {

namespace {

double count_per_channel(const Tensor& x) {
  return static_cast<double>(x.numel()) / static_cast<double>(std::max<int64_t>(x.size(1), 1));
}

// Of each pool x pool pixels one is kept.
Layout pooled_layout(const Layout& image, int64_t pool) {
  if (pool == 1) return image.dense_like();
  if (pool < 1 || image.rank() != 4 || image.shape()[2] < pool || image.shape()[3] < pool)
    fail(ErrorKind::runtime, "[channel_norm] max_pool=", pool,
         " needs images (items, channels, height, width) of at least one window, but the shape is ",
         image.shape());
  const int64_t shape[] = {image.shape()[0], image.shape()[1], image.shape()[2] / pool,
                           image.shape()[3] / pool};
  return dense_in_order_of(image, IntSpan(shape));
}

void expect_statistics(const OpCall& call, const char* name, const Tensor& tensor) {
  if (!tensor.defined()) return;
  expect_per_channel("channel_norm", name, tensor, call.in[0].size(1));
  const DType wanted = compute_type(call.in[0].dtype());
  if (tensor.dtype() != wanted)
    fail(ErrorKind::type, "[channel_norm] ", name, " of ", call.in[0].dtype(), " images must be ", wanted,
         ", but it is ", tensor.dtype());
}

void channel_norm_infer(OpCall& call) {
  expect_floating(call, 0, "input");
  expect_rank(call, 0, "input", 2);
  const Tensor& input = call.in[0];
  int64_t channels = input.size(1);
  expect_per_channel("channel_norm", "weight", call.in[1], channels);
  expect_per_channel("channel_norm", "bias", call.in[2], channels);
  const Tensor &mean = call.in[3], &variance = call.in[4];
  if (mean.defined() != variance.defined())
    fail(ErrorKind::runtime, "[channel_norm] mean and variance must be given together, or neither of them");
  expect_statistics(call, "mean", mean);
  expect_statistics(call, "variance", variance);
  call.emit(pooled_layout(input.layout(), args::ChannelNorm(call.attrs).max_pool), input.dtype());
  const int64_t numbers[] = {channels};
  for (int i = 0; i < (call.recording ? 4 : 2); ++i) call.emit(IntSpan(numbers), compute_type(input.dtype()));
}

// Results: the image, mean and variance; residuals: the mean once more, with history, and 1/deviation.
void channel_norm_body(OpCall& call) {
  args::ChannelNorm a(call.attrs);
  const Tensor& input = call.in[0];
  IntList dims = all_but_channels(input.rank());
  Tensor x = widened(input);
  const bool given = call.in[3].defined();
  Tensor mean = given ? clone(call.in[3]) : sum(x, {.dim = dims}) / count_per_channel(x);
  Tensor centred = x - along_channels(mean, x.rank());
  Tensor variance = given ? clone(call.in[4]) : sum(centred * centred, {.dim = dims}) / count_per_channel(x);
  Tensor rstd = rsqrt(variance + a.eps);
  Tensor y = scaled_by_channel(centred * along_channels(rstd, x.rank()), call.in[1], call.in[2]);
  if (a.relu) y = relu(y);
  if (a.max_pool > 1) y = max_pool2d(y, a.max_pool);
  call.out = {as_dtype(y, input.dtype()), detach(mean), detach(variance), mean, rstd};
}

void channel_norm_vjp(Vjp& v) {
  const args::ChannelNorm a(v.attrs());
  Tensor x = widened(v.input(0)), weight = v.input(1), g = widened(v.grad());
  int rank = x.rank();
  IntList dims = all_but_channels(rank);
  Tensor rstd = along_channels(v.residual(1), rank);
  const bool moves = v.needs(0) && !v.input(3).defined();  // the statistics, with x
  const bool wants_total = moves || v.needs(2) || v.needs(3),
             wants_product = moves || v.needs(1) || v.needs(4);
  const bool cuts = a.relu || a.max_pool > 1;
  Tensor normalized, total, product;
  if (cuts || wants_product) normalized = (x - along_channels(v.residual(0), rank)) * rstd;
  if (cuts) {  // what was cut off is computed anew
    Tensor y = scaled_by_channel(detach(normalized), weight, v.input(2));
    if (a.max_pool > 1)
      g = max_pool_gradient(g, max_pool2d_with_indices(y, a.max_pool).indices, spatial(x.shape()));
    if (a.relu) g = where(y > 0.0, g, 0.0);
  }
  if (wants_total) total = sum(g, {.dim = dims});
  if (wants_product) product = sum(g * normalized, {.dim = dims});
  if (v.needs(2)) v.set(2, total);
  if (v.needs(1)) v.set(1, product);
  Tensor scale = weight.defined() ? v.residual(1) * weight : v.residual(1);
  if (v.needs(3)) v.set(3, -total * scale);
  if (v.needs(4)) v.set(4, product * scale * v.residual(1) * -0.5);
  if (!v.needs(0)) return;
  Tensor inner = g;
  if (moves) {
    double count = count_per_channel(x);
    inner = g - along_channels(total / count, rank) - normalized * along_channels(product / count, rank);
  }
  if (weight.defined()) inner = inner * along_channels(weight, rank);
  v.set(0, as_dtype(inner * rstd, v.grad().dtype()));
}

}  // namespace

namespace defs {
const OpDef channel_norm = [] {
  OpDef def{OpId::channel_norm};
  def.infer = channel_norm_infer;
  def.body = channel_norm_body;
  def.vjp = channel_norm_vjp;
  def.outputs = 3;
  def.constant_outputs = 0b110;
  def.saved_inputs = 0b11111;
  def.saved_outputs = 0b11000;
  def.saves_facts = true;
  def.fused_backward = true;
  return def;
}();
}  // namespace defs

}  // namespace rushlight
