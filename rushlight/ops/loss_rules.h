// What losses share: the check of `reduction`, and the reduction itself.
#pragma once

#include "rushlight/ops/op_rules.h"

namespace rushlight {

inline void expect_reduction(const char* op, std::string_view reduction) {
  if (reduction != "mean" && reduction != "sum" && reduction != "none")
    fail(ErrorKind::value, "[", op, "] reduction is \"mean\", \"sum\" or \"none\", not \"", reduction, "\"");
}

// Halves are added up in float32: a sum on its way to a mean may be larger than they go.
inline Tensor reduce_loss(const char* op, const Tensor& terms, std::string_view reduction) {
  expect_reduction(op, reduction);
  if (reduction == "none") return terms;
  if (reduction == "sum") return sum(terms);
  Tensor total = sum(terms, {.dtype = compute_type(terms.dtype())}) / static_cast<double>(terms.numel());
  return total.dtype() == terms.dtype() ? total : to(total, terms.dtype());
}

}  // namespace rushlight
