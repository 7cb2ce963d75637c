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
  if (g.rank() == 0) return v.set(0, g);
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
  if (g.rank() == 0) return v.set(0, g);
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

}  // namespace

namespace defs {
const OpDef cumsum = with_gradient(OpId::cumsum, running_total_infer, cumsum_vjp);
const OpDef cumprod = [] {
  OpDef def = with_gradient(OpId::cumprod, running_total_infer, cumprod_vjp);
  def.saved_inputs = 1;
  return def;
}();
const OpDef logcumsumexp = [] {
  OpDef def = with_gradient(OpId::logcumsumexp, logcumsumexp_infer, logcumsumexp_vjp);
  def.saved_inputs = def.saved_outputs = 1;
  return def;
}();
const OpDef cummax = picking_along<args::Cummax>(OpId::cummax, running_best_infer);
const OpDef cummin = picking_along<args::Cummin>(OpId::cummin, running_best_infer);
const OpDef linear_recurrence = [] {
  OpDef def = with_gradient(OpId::linear_recurrence, linear_recurrence_infer, linear_recurrence_vjp);
  def.saved_inputs = 2;
  def.saved_outputs = 1;
  return def;
}();
}  // namespace defs

// -- by other ops

namespace {

// `start` is what stands before the first element.
template <class Options, class Scan>
Tensor cumulative(const char* op, const Tensor& input, const Options& options, double start, Scan scan) {
  if (!options.dim && input.rank() != 1)
    fail(ErrorKind::value, "[", op, "] dim may be left out for vectors only, but the shape is ",
         input.shape());
  int64_t dim = options.dim.value_or(0);
  Tensor result = scan(input, dim, options.dtype);
  if (!options.include_initial) return result;
  if (input.rank() == 0)
    fail(ErrorKind::value, "[", op, "] include_initial needs a dimension, but there is none");
  Shape shape = to_ints(result.shape());
  shape[static_cast<size_t>(wrap_dim(dim, input.rank(), op))] = 1;
  return cat({full(span_of(shape), start, {.dtype = result.dtype()}), result}, {.dim = dim});
}

// Of bools, whether they differ.
Tensor difference(const Tensor& later, const Tensor& earlier) {
  return later.dtype() == DType::boolean ? logical_xor(later, earlier) : later - earlier;
}

void expect_attachable(const Tensor& input, const Tensor& more, const char* name, int dim) {
  if (more.rank() != input.rank())
    fail(ErrorKind::runtime, "[diff] ", name, " must have as many dimensions as input, but their shapes are ",
         more.shape(), " and ", input.shape());
  for (int d = 0; d < input.rank(); ++d)
    if (d != dim && more.size(d) != input.size(d))
      fail(ErrorKind::runtime, "[diff] ", name, " of shape ", more.shape(), " does not fit input of shape ",
           input.shape(), " beside dim ", dim, ": dimension ", d, " differs");
}

}  // namespace

Tensor cumulative_sum(const Tensor& input, const CumulativeSumOptions& options) {
  return cumulative("cumulative_sum", input, options, 0,
                    [](const Tensor& x, int64_t dim, std::optional<DType> dtype) {
                      return cumsum(x, dim, {.dtype = dtype});
                    });
}
Tensor cumulative_prod(const Tensor& input, const CumulativeProdOptions& options) {
  return cumulative("cumulative_prod", input, options, 1,
                    [](const Tensor& x, int64_t dim, std::optional<DType> dtype) {
                      return cumprod(x, dim, {.dtype = dtype});
                    });
}

Tensor diff(const Tensor& input, const DiffOptions& options) {
  if (input.rank() == 0) fail(ErrorKind::runtime, "[diff] input needs at least 1 dimension, but has none");
  if (options.n < 0) fail(ErrorKind::runtime, "[diff] n must not be negative, but it is ", options.n);
  int dim = wrap_dim(options.dim, input.rank(), "diff");
  if (options.n == 0) return clone(input);
  std::vector<Tensor> parts;
  if (options.prepend.defined()) parts.push_back(options.prepend);
  parts.push_back(input);
  if (options.append.defined()) parts.push_back(options.append);
  for (const Tensor& part : parts) expect_attachable(input, part, "prepend or append", dim);
  Tensor x = parts.size() > 1 ? cat(parts, {.dim = dim}) : input;
  for (int64_t round = 0; round < options.n && x.size(dim) > 0; ++round) {
    int64_t size = x.size(dim);
    x = difference(slice(x, {.dim = dim, .start = 1}), slice(x, {.dim = dim, .end = size - 1}));
  }
  return x;
}

}  // namespace rushlight
