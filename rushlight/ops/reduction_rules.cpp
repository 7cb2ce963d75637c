#include "rushlight/ops/reduction_rules.h"

namespace rushlight {

Tensor with_reduced_dims(const Tensor& reduced, const Ints& dims, bool keepdim) {
  if (keepdim) return reduced;
  Tensor result = reduced;
  for (int64_t dim : dims) result = unsqueeze(result, dim);
  return result;
}

int64_t count_along(IntSpan shape, const Ints& dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= shape[static_cast<size_t>(dim)];
  return count;
}

void expect_choice(const OpCall& call, IntSpan shape, const Ints& dims) {
  for (int64_t dim : dims)
    if (shape[static_cast<size_t>(dim)] == 0)
      fail(ErrorKind::index, "[", schema_of(call.def.id).name, "] Expected reduction dim ", dim,
           " to have non-zero size, but the shape is ", shape);
}

Ints one_dim(int64_t dim, int rank, const char* op) {
  int wrapped = wrap_dim(dim, rank, op);
  return rank ? Ints{wrapped} : Ints{};
}

Tensor positions_along(IntSpan shape, int64_t dim) {
  Shape along(shape.size(), 1);
  along[static_cast<size_t>(dim)] = shape[static_cast<size_t>(dim)];
  Tensor positions = empty(span_of(along), DType::int64);
  int64_t* at = positions.data<int64_t>();
  for (int64_t i = 0; i < positions.numel(); ++i) at[i] = i;
  return positions;
}

Tensor put_along(IntSpan shape, int64_t dim, const Tensor& indices, const Tensor& values) {
  return scatter_add(zeros(shape, {.dtype = values.dtype()}), dim, indices, values);
}

}  // namespace rushlight
