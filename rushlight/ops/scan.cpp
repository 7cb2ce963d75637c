// Scans along a dimension: cumsum, cumprod, logcumsumexp, cummax, cummin, and the recurrence their gradients
// run on.
#include "rushlight/ops/reduction_rules.h"

namespace rushlight {

namespace {

Tensor flip_along(const Tensor& t, int64_t dim) { return slice(t, {.dim = dim, .step = -1}); }
Tensor all_but_last(const Tensor& t, int64_t dim) {
  return slice(t, {.dim = dim, .end = std::max<int64_t>(t.size(dim) - 1, 0)});
}
Tensor all_but_first(const Tensor& t, int64_t dim) { return slice(t, {.dim = dim, .start = 1}); }

// cumsum and cumprod: whole numbers and truth values run in int64.
void running_total_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Cumsum a(call.attrs);
  const Tensor& input = call.in[0];
  wrap_dim(a.dim, input.rank(), call.name());
  DType dtype = a.dtype.value_or(is_floating(input.dtype()) ? input.dtype() : DType::int64);
  if (dtype == DType::boolean)
    fail(ErrorKind::runtime, "[", call.name(), "] cannot run in bool; ask for dtype=int64");
  call.emit(input.shape(), dtype);
}

void cumsum_vjp(Vjp& v) {
  const Tensor& g = v.grad();
  int64_t dim = args::Cumsum(v.attrs()).dim;
  v.set(0, g.rank() ? flip_along(cumsum(flip_along(g, dim), dim), dim) : g);
}

// y[k] has the factors x[0] ... x[k]. Without x[i] it is the product before i, times what follows up to k.
void cumprod_vjp(Vjp& v) {
  const Tensor& g = v.grad();
  if (g.rank() == 0 || g.numel() == 0) return v.set(0, g);
  int dim = wrap_dim(args::Cumprod(v.attrs()).dim, g.rank(), "cumprod");
  Tensor x = as_dtype(v.input(0), g.dtype());
  Tensor first = expand(to(positions_along(x.shape(), dim) == 0, x.dtype()), x.shape());
  Tensor before = linear_recurrence(first, all_but_last(x, dim), dim);
  Tensor behind = linear_recurrence(g, all_but_first(x, dim), dim, {.reverse = true});
  v.set(0, before * behind);
}

void logcumsumexp_infer(OpCall& call) {
  expect_floating(call, 0, "input");
  wrap_dim(args::Logcumsumexp(call.attrs).dim, call.in[0].rank(), "logcumsumexp");
  call.emit(call.in[0].shape(), call.in[0].dtype());
}
// d y[k] / d x[i] = exp(x[i] - y[k]); stepping back from k to k - 1 multiplies by exp(y[k - 1] - y[k]) <= 1.
void logcumsumexp_vjp(Vjp& v) {
  const Tensor& g = v.grad();
  if (g.rank() == 0 || g.numel() == 0) return v.set(0, g);
  int dim = wrap_dim(args::Logcumsumexp(v.attrs()).dim, g.rank(), "logcumsumexp");
  Tensor x = widened(v.input(0)), y = widened(v.output());
  Tensor decay = exp(all_but_last(y, dim) - all_but_first(y, dim));
  v.set(0, exp(x - y) * linear_recurrence(widened(g), decay, dim, {.reverse = true}));
}

void running_best_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  const Tensor& input = call.in[0];
  wrap_dim(args::Cummax(call.attrs).dim, input.rank(), call.name());
  call.emit(input.shape(), input.dtype());
  call.emit(input.shape(), DType::int64);
}
void running_best_vjp(Vjp& v) {
  int rank = static_cast<int>(v.input_shape(0).size());
  v.set(0, put_along(v.input_shape(0), wrap_dim(args::Cummax(v.attrs()).dim, rank, "cummax"), v.output(1),
                     v.grad()));
}

// -- linear_recurrence: factor i stands between the elements i and i + 1

void linear_recurrence_infer(OpCall& call) {
  expect_rank(call, 0, "input", 1);
  expect_rank(call, 1, "factor", 1);
  expect_same_dtype(call, 0, 1);
  const Tensor &input = call.in[0], &factor = call.in[1];
  int dim = wrap_dim(args::LinearRecurrence(call.attrs).dim, input.rank(), "linear_recurrence");
  Shape between = to_ints(input.shape());
  int64_t& gaps = between[static_cast<size_t>(dim)];
  gaps = std::max<int64_t>(gaps - 1, 0);
  if (to_ints(factor.shape()) != between)
    fail(ErrorKind::runtime, "[linear_recurrence] factor stands between the elements of input ",
         input.shape(), " along dim ", dim, ": its shape must be ", between, ", but it is ", factor.shape());
  if (input.dtype() == DType::boolean)
    fail(ErrorKind::runtime, "[linear_recurrence] is not defined for bool; cast with to(int64)");
  call.emit(input.shape(), input.dtype());
}
void linear_recurrence_vjp(Vjp& v) {
  args::LinearRecurrence a(v.attrs());
  Tensor y = v.output();
  Tensor back = linear_recurrence(v.grad(), v.input(1), a.dim, {.reverse = !a.reverse});
  v.set(0, back);
  if (!v.needs(1)) return;
  v.set(1, a.reverse ? all_but_last(back, a.dim) * all_but_first(y, a.dim)
                     : all_but_first(back, a.dim) * all_but_last(y, a.dim));
}

OpDef scanning(OpId id, void (*infer)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = infer;
  def.vjp = vjp;
  def.saves_facts = true;
  return def;
}
OpDef running_best(OpId id) {
  OpDef def = scanning(id, running_best_infer, running_best_vjp);
  def.outputs = 2;
  def.saved_outputs = 2;
  def.constant_outputs = 2;
  return def;
}

}  // namespace

namespace defs {
const OpDef cumsum = scanning(OpId::cumsum, running_total_infer, cumsum_vjp);
const OpDef cumprod = [] {
  OpDef def = scanning(OpId::cumprod, running_total_infer, cumprod_vjp);
  def.saved_inputs = 1;
  return def;
}();
const OpDef logcumsumexp = [] {
  OpDef def = scanning(OpId::logcumsumexp, logcumsumexp_infer, logcumsumexp_vjp);
  def.saved_inputs = def.saved_outputs = 1;
  return def;
}();
const OpDef cummax = running_best(OpId::cummax);
const OpDef cummin = running_best(OpId::cummin);
const OpDef linear_recurrence = [] {
  OpDef def = scanning(OpId::linear_recurrence, linear_recurrence_infer, linear_recurrence_vjp);
  def.saved_inputs = 2;
  def.saved_outputs = 1;
  return def;
}();
}  // namespace defs

}  // namespace rushlight
