// Reductions by one operation: sum, prod, any, all, and what counts by them.
#include "rushlight/ops/reduction_rules.h"

namespace rushlight {

namespace {

// Whole numbers are counted in int64, so that they do not wrap in a narrow type.
DType total_type(const Tensor& input, std::optional<DType> wanted) {
  return wanted.value_or(is_floating(input.dtype()) ? input.dtype() : DType::int64);
}

void sum_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Sum a(call.attrs);
  const Tensor& input = call.in[0];
  Ints dims = reduced_dims(a.dim, input.rank(), "sum");
  call.emit(span_of(reduced_shape(input.shape(), dims, a.keepdim)), total_type(input, a.dtype));
}
void sum_vjp(Vjp& v) {
  args::Sum a(v.attrs());
  IntSpan shape = v.input_shape(0);
  Ints dims = reduced_dims(a.dim, static_cast<int>(shape.size()), "sum");
  v.set(0, expand(with_reduced_dims(v.grad(), dims, a.keepdim), shape));
}

Ints prod_dims(const args::Prod& a, int rank) {
  return a.dim ? one_dim(*a.dim, rank, "prod") : reduced_dims({}, rank, "prod");
}

void prod_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Prod a(call.attrs);
  const Tensor& input = call.in[0];
  Ints dims = prod_dims(a, input.rank());
  call.emit(span_of(reduced_shape(input.shape(), dims, a.keepdim)), total_type(input, a.dtype));
}

// The product of all elements but one is that of those before it times that of those after it: right with
// zeros too.
Tensor product_of_others(const Tensor& line, int64_t dim) {
  int64_t size = line.size(dim);
  Tensor places = positions_along(line.shape(), dim);
  auto start_at = [&](int64_t place) { return expand(to(places == place, line.dtype()), line.shape()); };
  Tensor before = linear_recurrence(start_at(0), slice(line, {.dim = dim, .end = size - 1}), dim);
  Tensor after =
      linear_recurrence(start_at(size - 1), slice(line, {.dim = dim, .start = 1}), dim, {.reverse = true});
  return before * after;
}
void prod_vjp(Vjp& v) {
  args::Prod a(v.attrs());
  Tensor x = as_dtype(v.input(0), v.grad().dtype());
  if (x.numel() == 0) return v.set(0, full(x.shape(), 0.0, {.dtype = x.dtype()}));
  if (x.rank() == 0) return v.set(0, v.grad());
  Tensor g = with_reduced_dims(v.grad(), prod_dims(a, x.rank()), a.keepdim);
  if (a.dim) return v.set(0, g * product_of_others(x, wrap_dim(*a.dim, x.rank(), "prod")));
  v.set(0, g * reshape(product_of_others(reshape(x, {-1}), 0), x.shape()));
}

// any and all. PyTorch keeps uint8, its bool of old; and dim=() names no dimension, so that nothing is
// reduced.
void truth_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Any a(call.attrs);
  const Tensor& input = call.in[0];
  Ints dims;
  if (!a.dim || !a.dim->empty()) dims = reduced_dims(a.dim, input.rank(), call.name());
  call.emit(span_of(reduced_shape(input.shape(), dims, a.keepdim)),
            input.dtype() == DType::uint8 ? DType::uint8 : DType::boolean);
}

}  // namespace

namespace defs {
const OpDef sum = with_gradient(OpId::sum, sum_infer, sum_vjp);
const OpDef prod = [] {
  OpDef def = with_gradient(OpId::prod, prod_infer, prod_vjp);
  def.saved_inputs = 1;
  return def;
}();
const OpDef any = with_gradient(OpId::any, truth_infer, nullptr);
const OpDef all = with_gradient(OpId::all, truth_infer, nullptr);
}  // namespace defs

Tensor count_nonzero(const Tensor& input, const CountNonzeroOptions& options) {
  return sum(input != 0, {.dim = options.dim});
}

Tensor nansum(const Tensor& input, const NansumOptions& options) {
  Tensor numbers = is_floating(input.dtype()) ? where(input == input, input, 0.0) : input;
  return sum(numbers, {.dim = options.dim, .keepdim = options.keepdim, .dtype = options.dtype});
}

Tensor nanmean(const Tensor& input, const NanmeanOptions& options) {
  if (!is_floating(input.dtype()))
    fail(ErrorKind::runtime, "[nanmean] expected input to be floating point, but it is ", input.dtype(),
         "; cast it with to(float32)");
  DType dtype = options.dtype.value_or(input.dtype());
  Tensor total =
      nansum(input, {.dim = options.dim, .keepdim = options.keepdim, .dtype = compute_type(dtype)});
  Tensor count = sum(input == input, {.dim = options.dim, .keepdim = options.keepdim});
  return as_dtype(total / count, dtype);
}

}  // namespace rushlight
