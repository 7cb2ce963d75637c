// Reductions: sum, max along a dimension.
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

// `reduced` with the dimensions that the reduction dropped put back with size 1.
Tensor with_reduced_dims(const Tensor& reduced, const Ints& dims, bool keepdim) {
  if (keepdim) return reduced;
  Tensor result = reduced;
  for (int64_t dim : dims) result = unsqueeze(result, dim);
  return result;
}

void sum_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Sum a(call.attrs);
  const Tensor& input = call.in[0];
  Ints dims = reduced_dims(a.dim, input.rank(), "sum");
  DType natural =
      is_floating(input.dtype()) ? input.dtype() : DType::int64;  // counts do not wrap in a narrow type
  call.emit(span_of(reduced_shape(input.shape(), dims, a.keepdim)), a.dtype.value_or(natural));
}
void sum_vjp(Vjp& v) {
  args::Sum a(v.attrs());
  IntSpan shape = v.input_shape(0);
  Ints dims = reduced_dims(a.dim, static_cast<int>(shape.size()), "sum");
  v.set(0, expand(with_reduced_dims(v.grad(), dims, a.keepdim), shape));
}

void max_dim_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::MaxDim a(call.attrs);
  const Tensor& input = call.in[0];
  int dim = wrap_dim(a.dim, input.rank(), "max");
  if (input.rank() && input.size(dim) == 0)
    fail(ErrorKind::index, "[max] Expected reduction dim ", dim, " to have non-zero size, but the shape is ",
         input.shape());
  Ints dims;
  if (input.rank()) dims.push_back(dim);
  Shape shape = reduced_shape(input.shape(), dims, a.keepdim);
  call.emit(span_of(shape), input.dtype());
  call.emit(span_of(shape), DType::int64);
}
// The gradient goes to the element that was chosen.
void max_dim_vjp(Vjp& v) {
  args::MaxDim a(v.attrs());
  IntSpan shape = v.input_shape(0);
  int rank = static_cast<int>(shape.size());
  if (rank == 0) return v.set(0, v.grad());
  int dim = wrap_dim(a.dim, rank, "max");
  Tensor indices = with_reduced_dims(v.output(1), {dim}, a.keepdim);
  Tensor gradient = with_reduced_dims(v.grad(), {dim}, a.keepdim);
  Shape along(static_cast<size_t>(rank), 1);
  along[static_cast<size_t>(dim)] = shape[static_cast<size_t>(dim)];
  Tensor positions = empty(span_of(along), DType::int64);
  int64_t* at = positions.data<int64_t>();
  for (int64_t i = 0; i < positions.numel(); ++i) at[i] = i;
  v.set(0, where(positions == indices, gradient, 0.0));
}

}  // namespace

namespace defs {
const OpDef sum = [] {
  OpDef def{OpId::sum};
  def.infer = sum_infer;
  def.vjp = sum_vjp;
  def.saves_facts = true;
  return def;
}();
const OpDef max_dim = [] {
  OpDef def{OpId::max_dim};
  def.infer = max_dim_infer;
  def.vjp = max_dim_vjp;
  def.saves_facts = true;
  def.outputs = 2;
  def.saved_outputs = 2;
  def.constant_outputs = 2;
  return def;
}();
}  // namespace defs

}  // namespace rushlight
