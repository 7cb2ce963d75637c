// linear for weights that are read once per call, as in decoding token by token: packed so that they come
// from memory in one straight line, in fewer bits if wanted.
//
// Weights (out, in) lie as (ceil(out / 16), in, 16): panels of 16 outputs, input after input, zeros behind
// the last output; what is packed has no history. Scales of int8 weights lie as (ceil(out / 16), groups, 16):
// one for each output and group of inputs.
#include "rushlight/engine/context.h"
#include "rushlight/ops/product_rules.h"

namespace rushlight {

namespace {

constexpr int64_t kPanel = 16;
int64_t panel_count(int64_t outputs) { return outputs / kPanel + (outputs % kPanel != 0); }

bool is_packable(DType dtype) { return dtype == DType::float32 || is_half(dtype); }

// -- linear_packed

void expect_panels(const Tensor& w, int64_t out_features) {
  if (w.rank() != 3 || w.size(2) != kPanel)
    fail(ErrorKind::runtime, "[linear_packed] weight must have shape (panels, in, 16), but its shape is ",
         w.shape(), "; pack_linear(weight) makes it");
  if (!is_packable(w.dtype()) && w.dtype() != DType::int8)
    fail(ErrorKind::runtime, "[linear_packed] weight must be float32, bfloat16, float16 or int8, but it is ",
         w.dtype(), "; pack_linear(weight, dtype=...) casts it");
  if (out_features < 0 || panel_count(out_features) != w.size(0))
    fail(ErrorKind::runtime, "[linear_packed] weight ", w.shape(), " holds ", w.size(0),
         " panel(s) of 16 outputs, which are not those of out_features=", out_features);
}

void expect_scale(const Tensor& w, const Tensor& scale) {
  if (w.dtype() != DType::int8) {
    if (scale.defined())
      fail(ErrorKind::runtime, "[linear_packed] scale is for int8 weights, but weight is ", w.dtype());
    return;
  }
  if (!scale.defined())
    fail(ErrorKind::runtime, "[linear_packed] an int8 weight needs its scale; pack_linear_int8 returns both");
  if (scale.dtype() != DType::float32)
    fail(ErrorKind::runtime, "[linear_packed] scale must be float32, but it is ", scale.dtype());
  if (scale.rank() != 3 || scale.size(0) != w.size(0) || scale.size(2) != kPanel)
    fail(ErrorKind::runtime, "[linear_packed] scale must have shape (panels, groups, 16) for weight ",
         w.shape(), ", but its shape is ", scale.shape());
  if (scale.size(1) == 0 || w.size(1) % scale.size(1))
    fail(ErrorKind::runtime, "[linear_packed] ", w.size(1), " features do not fall into the ", scale.size(1),
         " group(s) of scale ", scale.shape());
}

void linear_packed_infer(OpCall& call) {
  expect_rank(call, 0, "input", 1);
  expect_defined(call, 1, "weight");
  const Tensor &x = call.in[0], &w = call.in[1], &bias = call.in[3];
  const int64_t out_features = args::LinearPacked(call.attrs).out_features;
  if (!is_packable(x.dtype()))
    fail(ErrorKind::runtime, "[linear_packed] input must be float32, bfloat16 or float16, but it is ",
         x.dtype(), "; cast it with to(float32)");
  expect_panels(w, out_features);
  if (x.shape().back() != w.size(1))
    fail(ErrorKind::runtime, "[linear_packed] input ", x.shape(), " has ", x.shape().back(),
         " features and weight ", w.shape(), " takes ", w.size(1));
  expect_scale(w, call.in[2]);
  if (bias.defined() && bias.dtype() != x.dtype())
    fail(ErrorKind::runtime, "[linear_packed] bias must have input's dtype ", x.dtype(), ", but it is ",
         bias.dtype());
  if (bias.defined() && (bias.rank() != 1 || bias.numel() != out_features))
    fail(ErrorKind::runtime, "[linear_packed] bias must have shape (", out_features, ",), but it has ",
         bias.shape());
  Shape shape = to_ints(x.shape());
  shape.back() = out_features;
  call.emit(span_of(shape), x.dtype());
}

double linear_packed_flops(const KernelCall& call) {
  return 2.0 * static_cast<double>(call.out[0].numel()) * static_cast<double>(call.in[1].size(1));
}

// -- packing

void expect_matrix(const char* op, const Tensor& weight) {
  expect_exact_rank(op, "weight", weight, 2);
  if (!is_floating(weight.dtype()))
    fail(ErrorKind::runtime, "[", op, "] weight must be floating point, but it is ", weight.dtype(),
         "; cast it with to(float32)");
}

// (out, in) -> (panels, in, 16) in memory of its own.
Tensor panels_of(const Tensor& weight) {
  const int64_t outputs = weight.size(0), panels = panel_count(outputs);
  const Tensor whole = pad(weight, {0, 0, 0, panels * kPanel - outputs});
  return clone(transpose(reshape(whole, {panels, kPanel, weight.size(1)}), 1, 2),
               {.memory_format = "contiguous"});
}

}  // namespace

namespace defs {
const OpDef linear_packed = [] {
  OpDef def = without_gradient(OpId::linear_packed, linear_packed_infer);
  def.flops = linear_packed_flops;
  return def;
}();
}  // namespace defs

Tensor pack_linear(const Tensor& weight, const PackLinearOptions& options) {
  expect_matrix("pack_linear", weight);
  const DType dtype = options.dtype.value_or(weight.dtype());
  if (!is_packable(dtype))
    fail(ErrorKind::runtime, "[pack_linear] dtype must be float32, bfloat16 or float16, but it is ", dtype,
         dtype == DType::int8 ? "; pack_linear_int8 finds the scales too" : "; say it by dtype=...");
  NoGrad guard;
  return panels_of(as_dtype(weight, dtype));
}

PackLinearInt8Result pack_linear_int8(const Tensor& weight, const PackLinearInt8Options& options) {
  expect_matrix("pack_linear_int8", weight);
  const int64_t features = weight.size(1), size = options.group_size.value_or(features);
  if (size < 1 || features % size)
    fail(ErrorKind::runtime, "[pack_linear_int8] the ", features, " features of weight ", weight.shape(),
         " do not fall into groups of ", size);
  NoGrad guard;
  const Tensor panels = panels_of(as_dtype(weight, DType::float32));
  const Tensor grouped = view(panels, {panels.size(0), features / size, size, kPanel});
  const Tensor scale = amax(abs(grouped), {.dim = 2, .keepdim = true}) / 127.0;
  const Tensor whole = round(grouped / where(scale == 0.0, Tensor(1.0), scale));
  return {view(to(whole, DType::int8), panels.shape()), squeeze(scale, {.dim = 2})};
}

}  // namespace rushlight
