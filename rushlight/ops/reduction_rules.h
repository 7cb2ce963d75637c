// What the rules of reductions, scans and sorts share.
#pragma once

#include "rushlight/ops/op_rules.h"

namespace rushlight {

inline Tensor widened(const Tensor& t) { return is_half(t.dtype()) ? to(t, DType::float32) : t; }
inline Tensor as_dtype(const Tensor& t, DType dtype) { return t.dtype() == dtype ? t : to(t, dtype); }

// `reduced` with the dimensions that the reduction dropped put back with size 1.
Tensor with_reduced_dims(const Tensor& reduced, const Ints& dims, bool keepdim);

// How many elements of `shape` meet in one result.
int64_t count_along(IntSpan shape, const Ints& dims);

// Throws where there is nothing to choose from.
void expect_choice(const OpCall& call, IntSpan shape, const Ints& dims);

// The dimension, wrapped, as the list that reduced_shape takes: empty for a 0-d tensor.
Ints one_dim(int64_t dim, int rank, const char* op);

// 0, 1, 2 ... along dim, with size 1 in every other dimension.
Tensor positions_along(IntSpan shape, int64_t dim);

// Zeros of `shape` with `values` added at `indices` along dim: the gradient of picking values along dim.
Tensor put_along(IntSpan shape, int64_t dim, const Tensor& indices, const Tensor& values);

}  // namespace rushlight
