// Losses: cross_entropy.
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

// (N, C), (C,) or (N, C, d...) logits with class indices of the shape without C.
void cross_entropy_infer(OpCall& call) {
  expect_floating(call, 0, "input");
  expect_defined(call, 1, "target");
  args::CrossEntropy a(call.attrs);
  const Tensor &input = call.in[0], &target = call.in[1];
  if (a.reduction != "mean" && a.reduction != "sum" && a.reduction != "none")
    fail(ErrorKind::value, "[cross_entropy] reduction is \"mean\", \"sum\" or \"none\", not \"", a.reduction,
         "\"");
  if (input.rank() < 1)
    fail(ErrorKind::runtime, "[cross_entropy] logits need a class dimension, but the shape is ",
         input.shape());
  if (!is_integral(target.dtype()))
    fail(ErrorKind::runtime, "[cross_entropy] target must hold class indices (int64), but it is ",
         target.dtype());
  Shape expected = to_ints(input.shape());
  expected.erase(input.rank() > 1 ? 1 : 0);
  if (!std::equal(expected.begin(), expected.end(), target.shape().begin(), target.shape().end()))
    fail(ErrorKind::runtime, "[cross_entropy] logits ", input.shape(), " want targets of shape ", expected,
         ", but got ", target.shape());
  call.emit(a.reduction == "none" ? span_of(expected) : IntSpan(), input.dtype());
  if (call.recording) call.emit(span_of(expected), compute_type(input.dtype()));
}

int64_t class_dim(const Tensor& input) { return input.rank() > 1 ? 1 : 0; }

Tensor positions_of_classes(const Tensor& input) {
  Shape shape(static_cast<size_t>(input.rank()), 1);
  shape[static_cast<size_t>(class_dim(input))] = input.size(class_dim(input));
  Tensor positions = empty(span_of(shape), DType::int64);
  int64_t* at = positions.data<int64_t>();
  for (int64_t i = 0; i < positions.numel(); ++i) at[i] = i;
  return positions;
}

void expect_classes(const Tensor& input, const Tensor& target) {
  int64_t classes = input.size(class_dim(input));
  for (int64_t index : target.to_vector<int64_t>())
    if (index < 0 || index >= classes)
      fail(ErrorKind::index, "[cross_entropy] target ", index, " is out of bounds for ", classes, " classes");
}

// The residual is log(sum(exp(logits))) of every item.
void cross_entropy_body(OpCall& call) {
  args::CrossEntropy a(call.attrs);
  const Tensor &input = call.in[0], &target = call.in[1];
  expect_classes(input, target);
  int64_t dim = class_dim(input);
  Tensor x = is_half(input.dtype()) ? to(input, DType::float32) : input;
  Tensor shift = detach(max(x, dim, {.keepdim = true}).values);
  Tensor total = squeeze(log(sum(exp(x - shift), {.dim = dim, .keepdim = true})) + shift, {.dim = dim});
  Tensor chosen = sum(where(positions_of_classes(input) == unsqueeze(target, dim), x, 0.0), {.dim = dim});
  Tensor loss = total - chosen;
  if (a.reduction != "none") loss = sum(loss);
  if (a.reduction == "mean") loss = loss / static_cast<double>(target.numel());
  call.out = {loss.dtype() == input.dtype() ? loss : to(loss, input.dtype()), total};
}

void cross_entropy_vjp(Vjp& v) {
  args::CrossEntropy a(v.attrs());
  Tensor input = v.input(0), target = v.input(1);
  int64_t dim = class_dim(input);
  Tensor probabilities = exp(input - unsqueeze(v.residual(0), dim));
  Tensor hit = positions_of_classes(input) == unsqueeze(target, dim);
  Tensor g = v.grad();
  if (a.reduction == "mean") g = g / static_cast<double>(target.numel());
  if (a.reduction == "none") g = unsqueeze(g, dim);
  v.set(0, (probabilities - to(hit, input.dtype())) * g);
}

}  // namespace

namespace defs {
const OpDef cross_entropy = [] {
  OpDef def{OpId::cross_entropy};
  def.infer = cross_entropy_infer;
  def.body = cross_entropy_body;
  def.vjp = cross_entropy_vjp;
  def.saved_inputs = 0b11;
  def.saved_outputs = 0b10;
  def.saves_facts = true;
  def.fused_backward = true;
  return def;
}();
}  // namespace defs

}  // namespace rushlight
