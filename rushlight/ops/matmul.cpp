// Products: matmul in every rank combination, linear.
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

Tensor swap_last(const Tensor& t) { return transpose(t, -2, -1); }

void matmul_infer(OpCall& call) {
  expect_rank(call, 0, "input", 1);
  expect_rank(call, 1, "other", 1);
  expect_same_dtype(call, 0, 1);
  const Tensor &a = call.in[0], &b = call.in[1];
  if (a.dtype() == DType::boolean)
    fail(ErrorKind::runtime, "[matmul] is not defined for bool; cast with to(float32)");
  IntSpan x = a.shape(), y = b.shape();
  int64_t inner_a = x.back(), inner_b = y.size() == 1 ? y[0] : y[y.size() - 2];
  if (inner_a != inner_b) {
    bool transposed_fits = y.back() == inner_a;
    fail(ErrorKind::runtime, "[matmul] ", x, " @ ", y, ": inner sizes differ (", inner_a, " vs ", inner_b,
         ").", transposed_fits ? " Did you mean to transpose the second?" : "");
  }
  IntSpan batch_a = x.size() > 2 ? x.first(x.size() - 2) : IntSpan(),
          batch_b = y.size() > 2 ? y.first(y.size() - 2) : IntSpan();
  Shape shape = broadcast_shapes(batch_a, batch_b, "matmul");
  if (x.size() > 1) shape.push_back(x[x.size() - 2]);
  if (y.size() > 1) shape.push_back(y.back());
  call.emit(span_of(shape), a.dtype());
}

// A multiplication and an addition for each element of the result and of the contracted dimension.
double matmul_flops(const KernelCall& call) {
  return 2.0 * static_cast<double>(call.out[0].numel()) * static_cast<double>(call.in[0].shape().back());
}

void matmul_vjp(Vjp& v) {
  const Tensor& g = v.grad();
  Tensor a = v.input(0), b = v.input(1);
  size_t rank_a = v.input_shape(0).size(), rank_b = v.input_shape(1).size();
  // as matrices: a row before, a column after; the engine sums over broadcast batches
  Tensor gradient = g;
  if (rank_b == 1) gradient = unsqueeze(gradient, -1);
  if (rank_a == 1) gradient = unsqueeze(gradient, -2);
  if (v.needs(0)) {
    Tensor right = rank_b == 1 ? unsqueeze(b, -1) : b;
    Tensor result = matmul(gradient, swap_last(right));
    v.set(0, rank_a == 1 ? squeeze(result, {.dim = -2}) : result);
  }
  if (v.needs(1)) {
    Tensor left = rank_a == 1 ? unsqueeze(a, 0) : a;
    Tensor result = matmul(swap_last(left), gradient);
    v.set(1, rank_b == 1 ? squeeze(result, {.dim = -1}) : result);
  }
}

void linear_infer(OpCall& call) {
  expect_rank(call, 0, "input", 1);
  expect_rank(call, 1, "weight", 2);
  expect_same_dtype(call, 0, 1);
  const Tensor &x = call.in[0], &w = call.in[1], &b = call.in[2];
  if (w.rank() != 2)
    fail(ErrorKind::runtime, "[linear] weight must be a matrix (out, in), but its shape is ", w.shape());
  if (x.shape().back() != w.size(1))
    fail(ErrorKind::runtime, "[linear] input ", x.shape(), " has ", x.shape().back(), " features and weight ",
         w.shape(), " takes ", w.size(1));
  if (b.defined() && b.dtype() != x.dtype())
    fail(ErrorKind::runtime, "[linear] bias must have input's dtype ", x.dtype(), ", but it is ", b.dtype());
  if (b.defined() && (b.rank() != 1 || b.numel() != w.size(0)))
    fail(ErrorKind::runtime, "[linear] bias must have shape (", w.size(0), ",), but it has ", b.shape());
  Shape shape = to_ints(x.shape());
  shape.back() = w.size(0);
  call.emit(span_of(shape), x.dtype());
  const Tensor &residual = call.in[3], &result = call.out[0];
  if (residual.defined() &&
      (residual.dtype() != result.dtype() || !residual.layout().same_shape(result.layout())))
    fail(ErrorKind::runtime, "[linear] residual must be as the result is, ", result.dtype(), " of shape ",
         result.shape(), ", but it is ", residual);
}
void linear_body(OpCall& call) {
  Tensor y = matmul(call.in[0], transpose(call.in[1], 0, 1));
  if (call.in[2].defined()) y = y + call.in[2];
  call.out.push_back(call.in[3].defined() ? y + call.in[3] : y);
}
// Backward: one more product for each of the two gradients that is wanted.
double linear_flops(const KernelCall& call) {
  if (call.part == Part::forward) return matmul_flops(call);
  double products = call.out[0].defined() + call.out[1].defined();
  return products * 2 * static_cast<double>(call.in[0].numel()) * static_cast<double>(call.in[2].size(1));
}

void linear_vjp(Vjp& v) {
  const Tensor& g = v.grad();
  Tensor x = v.input(0), w = v.input(1);
  if (v.needs(0)) v.set(0, matmul(g, w));
  if (v.needs(2)) v.set(2, sum_to(g, v.input_shape(2)));
  if (v.needs(3)) v.set(3, g);
  if (v.needs(1)) {
    IntSpan shape = x.shape();
    int64_t items =
        checked_numel(shape.first(shape.size() - 1), "linear");  // no -1: there may be no features
    Tensor rows = reshape(g, {items, g.shape().back()});
    v.set(1, matmul(transpose(rows, 0, 1), reshape(x, {items, shape.back()})));
  }
}

}  // namespace

namespace defs {
const OpDef matmul = [] {
  OpDef def{OpId::matmul};
  def.infer = matmul_infer;
  def.flops = matmul_flops;
  def.vjp = matmul_vjp;
  def.saved_inputs = 3;
  def.saves_facts = true;
  return def;
}();
const OpDef linear = [] {
  OpDef def{OpId::linear};
  def.infer = linear_infer;
  def.flops = linear_flops;
  def.body = linear_body;
  def.vjp = linear_vjp;
  def.saved_inputs = 3;
  def.saves_facts = true;
  def.fused_backward = true;
  def.passed_gradients = 0b1000;
  return def;
}();
}  // namespace defs

}  // namespace rushlight
