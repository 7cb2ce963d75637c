// Losses of class scores: cross_entropy and nll_loss. Both weigh -log p of every class and add them up.
#include "rushlight/ops/loss_rules.h"

namespace rushlight {

namespace {

int64_t class_dim(const Tensor& input) { return input.rank() > 1 ? 1 : 0; }

// A tensor with a number for each class, aligned with the class dimension of `input`.
Tensor along_classes(const Tensor& per_class, const Tensor& input) {
  Shape shape(static_cast<size_t>(input.rank()), 1);
  shape[static_cast<size_t>(class_dim(input))] = per_class.numel();
  return reshape(per_class, span_of(shape));
}

Tensor positions_of_classes(const Tensor& input) {
  Tensor positions = empty(input.size(class_dim(input)), DType::int64);
  int64_t* at = positions.data<int64_t>();
  for (int64_t i = 0; i < positions.numel(); ++i) at[i] = i;
  return along_classes(positions, input);
}

// (N, C), (C,) or (N, C, d...) scores, and what they are compared with.
void class_scores_infer(OpCall& call, const std::string& reduction) {
  expect_floating(call, 0, "input");
  expect_defined(call, 1, "target");
  expect_reduction(call.name(), reduction);
  const Tensor &input = call.in[0], &target = call.in[1], &weight = call.in[2];
  if (input.rank() < 1)
    fail(ErrorKind::runtime, "[", call.name(), "] logits need a class dimension, but the shape is ",
         input.shape());
  bool probabilities = call.def.id == OpId::cross_entropy && is_floating(target.dtype()) &&
                       target.layout().same_shape(input.layout());
  if (!probabilities && !is_integral(target.dtype()))
    fail(ErrorKind::runtime, "[", call.name(),
         "] target must hold class indices (int64), or probabilities of input's shape ", input.shape(),
         ", but it is ", target);
  Shape items = to_ints(input.shape());
  items.erase(static_cast<size_t>(class_dim(input)));
  if (!probabilities && !std::equal(items.begin(), items.end(), target.shape().begin(), target.shape().end()))
    fail(ErrorKind::runtime, "[", call.name(), "] logits ", input.shape(), " want targets of shape ", items,
         ", but got ", target.shape());
  int64_t classes = input.size(class_dim(input));
  if (weight.defined() && (weight.rank() != 1 || weight.numel() != classes || !is_floating(weight.dtype())))
    fail(ErrorKind::runtime, "[", call.name(), "] weight must hold a number for each of the ", classes,
         " classes, but it is ", weight);
  call.emit(reduction == "none" ? span_of(items) : IntSpan(), input.dtype());
  if (call.recording && call.def.id == OpId::cross_entropy)
    call.emit(span_of(items), compute_type(input.dtype()));
}

void expect_classes(const char* op, const Tensor& input, const Tensor& target, int64_t ignore_index) {
  if (!is_integral(target.dtype())) return;
  int64_t classes = input.size(class_dim(input));
  for (int64_t index : target.to_vector<int64_t>())
    if ((index < 0 || index >= classes) && index != ignore_index)
      fail(ErrorKind::index, "[", op, "] target ", index, " is out of bounds for ", classes, " classes");
}

// How much -log p of each class counts in its item's loss, and by what a mean divides.
struct ClassShares {
  Tensor shares, total;
};

ClassShares shares_of(const Tensor& input, const Tensor& target, const Tensor& weight, int64_t ignore_index,
                      double smoothing) {
  DType dtype = compute_type(input.dtype());
  int64_t dim = class_dim(input), classes = input.size(dim);
  Tensor weights =
      weight.defined() ? to(along_classes(weight, input), dtype) : full(IntList(), 1.0, {.dtype = dtype});
  double spread = smoothing / static_cast<double>(classes);
  if (is_floating(target.dtype())) {
    int64_t items = classes ? input.numel() / classes : 0;
    return {(to(target, dtype) * (1 - smoothing) + spread) * weights, static_cast<double>(items)};
  }
  Tensor index = unsqueeze(target, dim);
  Tensor hit = logical_and(positions_of_classes(input) == index, index != ignore_index);
  Tensor chosen = to(hit, dtype) * weights;
  if (smoothing == 0) return {chosen, sum(chosen)};
  return {chosen * (1 - smoothing) + where(index == ignore_index, 0.0, weights * spread), sum(chosen)};
}

// A class without a share adds nothing, however unlikely it is.
Tensor weighed(const ClassShares& s, const Tensor& minus_log, int64_t dim) {
  return sum(where(s.shares == 0.0, 0.0, s.shares * minus_log), {.dim = dim});
}

Tensor reduced_loss(const Tensor& items, const ClassShares& s, const std::string& reduction, DType dtype) {
  Tensor loss = reduction == "none" ? items : sum(items);
  if (reduction == "mean") loss = loss / s.total;
  return to(loss, dtype);
}

// The gradient of each item's loss, ready to meet the classes. Where nothing counts all shares are 0, and so
// is their gradient, whatever a mean divides by.
Tensor item_gradient(const Tensor& gradient, const ClassShares& s, const std::string& reduction,
                     int64_t dim) {
  if (reduction == "none") return unsqueeze(gradient, dim);
  return reduction == "mean" ? gradient / where(s.total == 0.0, 1.0, s.total) : gradient;
}

// -- cross_entropy: the residual is log(sum(exp(logits))) of every item

void cross_entropy_infer(OpCall& call) {
  args::CrossEntropy a(call.attrs);
  if (!(a.label_smoothing >= 0 && a.label_smoothing <= 1))
    fail(ErrorKind::runtime, "[cross_entropy] label_smoothing must be between 0 and 1, but it is ",
         a.label_smoothing);
  class_scores_infer(call, a.reduction);
}

void cross_entropy_body(OpCall& call) {
  args::CrossEntropy a(call.attrs);
  const Tensor &input = call.in[0], &target = call.in[1];
  expect_classes("cross_entropy", input, target, a.ignore_index);
  int64_t dim = class_dim(input);
  Tensor x = is_half(input.dtype()) ? to(input, DType::float32) : input;
  Tensor shift = detach(max(x, dim, {.keepdim = true}).values);
  Tensor total = log(sum(exp(x - shift), {.dim = dim, .keepdim = true})) + shift;
  ClassShares s = shares_of(input, target, call.in[2], a.ignore_index, a.label_smoothing);
  Tensor items = weighed(s, total - x, dim);
  call.out = {reduced_loss(items, s, a.reduction, input.dtype()), squeeze(total, {.dim = dim})};
}

void cross_entropy_vjp(Vjp& v) {
  args::CrossEntropy a(v.attrs());
  Tensor input = v.input(0), target = v.input(1), weight = v.input(2);
  int64_t dim = class_dim(input);
  Tensor total = unsqueeze(v.residual(0), dim);
  ClassShares s = shares_of(input, target, weight, a.ignore_index, a.label_smoothing);
  Tensor g = item_gradient(v.grad(), s, a.reduction, dim);
  if (v.needs(0))
    v.set(0, (exp(input - total) * sum(s.shares, {.dim = dim, .keepdim = true}) - s.shares) * g);
  if (!v.needs(1)) return;
  Tensor minus_log = (total - input) * (1 - a.label_smoothing);
  v.set(1, g * (weight.defined() ? minus_log * along_classes(weight, input) : minus_log));
}

// -- nll_loss: the same of log-probabilities

void nll_loss_infer(OpCall& call) { class_scores_infer(call, args::NllLoss(call.attrs).reduction); }

void nll_loss_body(OpCall& call) {
  args::NllLoss a(call.attrs);
  const Tensor& input = call.in[0];
  expect_classes("nll_loss", input, call.in[1], a.ignore_index);
  ClassShares s = shares_of(input, call.in[1], call.in[2], a.ignore_index, 0);
  Tensor minus_log = neg(is_half(input.dtype()) ? to(input, DType::float32) : input);
  call.out = {reduced_loss(weighed(s, minus_log, class_dim(input)), s, a.reduction, input.dtype())};
}

void nll_loss_vjp(Vjp& v) {
  args::NllLoss a(v.attrs());
  Tensor input = v.input(0);
  ClassShares s = shares_of(input, v.input(1), v.input(2), a.ignore_index, 0);
  v.set(0, neg(s.shares) * item_gradient(v.grad(), s, a.reduction, class_dim(input)));
}

OpDef class_loss(OpId id, void (*infer)(OpCall&), void (*body)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = infer;
  def.body = body;
  def.vjp = vjp;
  def.saved_inputs = 0b111;
  def.saves_facts = true;
  return def;
}

}  // namespace

namespace defs {
const OpDef cross_entropy = [] {
  OpDef def = class_loss(OpId::cross_entropy, cross_entropy_infer, cross_entropy_body, cross_entropy_vjp);
  def.saved_outputs = 0b10;
  def.fused_backward = true;
  return def;
}();
const OpDef nll_loss = class_loss(OpId::nll_loss, nll_loss_infer, nll_loss_body, nll_loss_vjp);
}  // namespace defs

}  // namespace rushlight
