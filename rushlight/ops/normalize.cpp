// Composites over rows: softmax, log_softmax, layer_norm, rms_norm. Bodies compute halves in float32.
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

// The largest along dim, kept as a dimension, without history: it only shifts exponents.
Tensor shift_of(const Tensor& x, int64_t dim) { return detach(max(x, dim, {.keepdim = true}).values); }

void softmax_infer(OpCall& call) {
  expect_floating(call, 0, "input");
  wrap_dim(call.attrs[0].as_int(), call.in[0].rank(), call.name());
  call.emit(call.in[0].layout().dense_like(), call.in[0].dtype());
}

void softmax_body(OpCall& call) {
  int64_t dim = args::Softmax(call.attrs).dim;
  const Tensor& input = call.in[0];
  if (input.numel() == 0) return call.out.push_back(clone(input));
  Tensor x = widened(input);
  Tensor weights = exp(x - shift_of(x, dim));
  call.out.push_back(to(weights / sum(weights, {.dim = dim, .keepdim = true}), input.dtype()));
}
void softmax_vjp(Vjp& v) {
  int64_t dim = args::Softmax(v.attrs()).dim;
  Tensor y = widened(v.output()), g = widened(v.grad());
  v.set(0, to(y * (g - sum(g * y, {.dim = dim, .keepdim = true})), v.grad().dtype()));
}

void log_softmax_body(OpCall& call) {
  int64_t dim = args::LogSoftmax(call.attrs).dim;
  const Tensor& input = call.in[0];
  if (input.numel() == 0) return call.out.push_back(clone(input));
  Tensor x = widened(input);
  Tensor shifted = x - shift_of(x, dim);
  call.out.push_back(to(shifted - log(sum(exp(shifted), {.dim = dim, .keepdim = true})), input.dtype()));
}
void log_softmax_vjp(Vjp& v) {
  int64_t dim = args::LogSoftmax(v.attrs()).dim;
  Tensor y = widened(v.output()), g = widened(v.grad());
  v.set(0, to(g - exp(y) * sum(g, {.dim = dim, .keepdim = true}), v.grad().dtype()));
}

// -- norms over the last dimensions of every item

IntList last_dims(size_t count) {
  IntList dims;
  for (size_t i = count; i > 0; --i) dims.push_back(-static_cast<int64_t>(i));
  return dims;
}

// Inputs: what is normalised, and what scales and shifts it. Residuals: so many numbers of each item.
void norm_infer(OpCall& call, IntSpan tail, int residuals) {
  expect_floating(call, 0, "input");
  IntSpan shape = call.in[0].shape();
  if (tail.empty() || tail.size() > shape.size() ||
      !std::equal(tail.begin(), tail.end(), shape.end() - static_cast<long>(tail.size())))
    fail(ErrorKind::runtime, "[", call.name(), "] given normalized_shape=", tail,
         ", expected input with shape (*, ", tail, "), but got input of size ", shape);
  for (size_t i = 1; i < call.in.size(); ++i)
    if (call.in[i].defined() &&
        !std::equal(tail.begin(), tail.end(), call.in[i].shape().begin(), call.in[i].shape().end()))
      fail(ErrorKind::runtime, "[", call.name(), "] ", i == 1 ? "weight" : "bias",
           " must have normalized_shape ", tail, ", but its shape is ", call.in[i].shape());
  call.emit(shape, call.in[0].dtype());
  if (!call.recording) return;
  Shape lead = to_ints(shape.first(shape.size() - tail.size()));
  for (size_t i = 0; i < tail.size(); ++i) lead.push_back(1);
  for (int i = 0; i < residuals; ++i) call.emit(span_of(lead), compute_type(call.in[0].dtype()));
}

// layer_norm's residuals are the mean and 1/deviation of every item.
void layer_norm_infer(OpCall& call) { norm_infer(call, args::LayerNorm(call.attrs).normalized_shape, 2); }
void layer_norm_body(OpCall& call) {
  args::LayerNorm a(call.attrs);
  const Tensor &input = call.in[0], &weight = call.in[1], &bias = call.in[2];
  IntList dims = last_dims(a.normalized_shape.size());
  double count = static_cast<double>(checked_numel(a.normalized_shape, "layer_norm"));
  Tensor x = widened(input);
  Tensor mean = sum(x, {.dim = dims, .keepdim = true}) / count;
  Tensor centred = x - mean;
  Tensor rstd = 1.0 / sqrt(sum(centred * centred, {.dim = dims, .keepdim = true}) / count + a.eps);
  Tensor y = centred * rstd;
  if (weight.defined()) y = y * weight;
  if (bias.defined()) y = y + bias;
  call.out = {to(y, input.dtype()), mean, rstd};
}
void layer_norm_vjp(Vjp& v) {
  args::LayerNorm a(v.attrs());
  IntList dims = last_dims(a.normalized_shape.size());
  double count = static_cast<double>(checked_numel(a.normalized_shape, "layer_norm"));
  Tensor x = widened(v.input(0)), weight = v.input(1), g = widened(v.grad());
  Tensor rstd = v.residual(1);
  Tensor normalized = (x - v.residual(0)) * rstd;
  if (v.needs(2)) v.set(2, sum_to(g, v.input_shape(2)));
  if (v.needs(1)) v.set(1, sum_to(g * normalized, v.input_shape(1)));
  if (!v.needs(0)) return;
  Tensor inner = weight.defined() ? g * weight : g;
  Tensor mean_inner = sum(inner, {.dim = dims, .keepdim = true}) / count;
  Tensor mean_product = sum(inner * normalized, {.dim = dims, .keepdim = true}) / count;
  v.set(0, to((inner - mean_inner - normalized * mean_product) * rstd, v.grad().dtype()));
}

// rms_norm's residual is 1/root of the mean square of every item.
void rms_norm_infer(OpCall& call) { norm_infer(call, args::RmsNorm(call.attrs).normalized_shape, 1); }
void rms_norm_body(OpCall& call) {
  args::RmsNorm a(call.attrs);
  const Tensor &input = call.in[0], &weight = call.in[1];
  IntList dims = last_dims(a.normalized_shape.size());
  double count = static_cast<double>(checked_numel(a.normalized_shape, "rms_norm"));
  Tensor x = widened(input);
  Tensor scale = rsqrt(sum(square(x), {.dim = dims, .keepdim = true}) / count +
                       a.eps.value_or(compute_epsilon(input.dtype())));
  Tensor y = x * scale;
  call.out = {to(weight.defined() ? y * weight : y, input.dtype()), scale};
}
void rms_norm_vjp(Vjp& v) {
  args::RmsNorm a(v.attrs());
  IntList dims = last_dims(a.normalized_shape.size());
  double count = static_cast<double>(checked_numel(a.normalized_shape, "rms_norm"));
  Tensor weight = v.input(1), g = widened(v.grad()), scale = v.residual(0);
  Tensor normalized = widened(v.input(0)) * scale;
  if (v.needs(1)) v.set(1, sum_to(g * normalized, v.input_shape(1)));
  if (!v.needs(0)) return;
  Tensor inner = weight.defined() ? g * weight : g;
  Tensor mean_product = sum(inner * normalized, {.dim = dims, .keepdim = true}) / count;
  v.set(0, to((inner - normalized * mean_product) * scale, v.grad().dtype()));
}

OpDef row_composite(OpId id, void (*body)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = softmax_infer;
  def.body = body;
  def.vjp = vjp;
  def.saved_outputs = 1;
  def.saves_facts = true;
  def.fused_backward = true;
  return def;
}

}  // namespace

namespace defs {
const OpDef softmax = row_composite(OpId::softmax, softmax_body, softmax_vjp);
const OpDef log_softmax = row_composite(OpId::log_softmax, log_softmax_body, log_softmax_vjp);
const OpDef layer_norm = [] {
  OpDef def{OpId::layer_norm};
  def.infer = layer_norm_infer;
  def.body = layer_norm_body;
  def.vjp = layer_norm_vjp;
  def.saved_inputs = 0b011;
  def.saved_outputs = 0b110;
  def.saves_facts = true;
  def.fused_backward = true;
  return def;
}();
const OpDef rms_norm = [] {
  OpDef def{OpId::rms_norm};
  def.infer = rms_norm_infer;
  def.body = rms_norm_body;
  def.vjp = rms_norm_vjp;
  def.saved_inputs = 0b11;
  def.saved_outputs = 0b10;
  def.saves_facts = true;
  def.fused_backward = true;
  return def;
}();
}  // namespace defs

}  // namespace rushlight
