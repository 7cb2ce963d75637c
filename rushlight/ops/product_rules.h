// What the products and the linear algebra share: checks of ranks and sizes that name the op and the
// argument.
#pragma once

#include "rushlight/ops/op_rules.h"

namespace rushlight {

inline Tensor swap_last(const Tensor& t) { return transpose(t, -2, -1); }

// For FUNCTIONs, which have no OpCall: throws where a tensor that the op needs was not given.
void expect_given(const char* op, const char* name, const Tensor& tensor);
// Throws unless the tensor is given and has exactly this rank.
void expect_exact_rank(const char* op, const char* name, const Tensor& tensor, int rank);
void expect_one_dtype(const char* op, const Tensor& a, const Tensor& b);
// Throws unless `tensor` can be repeated to `shape`.
void expect_expandable(const char* op, const char* name, const Tensor& tensor, IntSpan shape);

// a @ b after checking that both have these ranks, one dtype and fitting sizes.
Tensor checked_product(const char* op, const Tensor& a, int rank_a, const Tensor& b, int rank_b);

}  // namespace rushlight
