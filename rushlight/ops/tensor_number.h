// TensorNumber: a whole tensor as the number type of the formulas. Every operation is a public op, so a
// gradient formula evaluated with it can be differentiated again.
#pragma once

#include "rushlight/math/number.h"
#include "rushlight/ops/operators.h"

namespace rushlight {

class TensorNumber {
 public:
  static constexpr math::NumberKind kKind = math::NumberKind::any;
  using Mask = TensorNumber;

  TensorNumber() = default;
  TensorNumber(double constant) : tensor(constant) {}
  TensorNumber(Tensor t) : tensor(std::move(t)) {}
  Tensor tensor;

#define RUSHLIGHT_OPERATOR(symbol, function)                                          \
  friend TensorNumber operator symbol(const TensorNumber& a, const TensorNumber& b) { \
    return rushlight::function(a.tensor, b.tensor);                                   \
  }
  RUSHLIGHT_OPERATOR(+, add)
  RUSHLIGHT_OPERATOR(-, sub)
  RUSHLIGHT_OPERATOR(*, mul)
  RUSHLIGHT_OPERATOR(/, div)
  RUSHLIGHT_OPERATOR(<, lt)
  RUSHLIGHT_OPERATOR(<=, le)
  RUSHLIGHT_OPERATOR(>, gt)
  RUSHLIGHT_OPERATOR(>=, ge)
  RUSHLIGHT_OPERATOR(==, eq)
  RUSHLIGHT_OPERATOR(!=, ne)
  RUSHLIGHT_OPERATOR(&, logical_and)
  RUSHLIGHT_OPERATOR(|, logical_or)
#undef RUSHLIGHT_OPERATOR
  friend TensorNumber operator-(const TensorNumber& a) { return rushlight::neg(a.tensor); }
  friend TensorNumber operator!(const TensorNumber& a) { return rushlight::logical_not(a.tensor); }

#define RUSHLIGHT_FUNCTION(name) \
  friend TensorNumber name(const TensorNumber& a) { return rushlight::name(a.tensor); }
  RUSHLIGHT_UNARY(RUSHLIGHT_FUNCTION)
  RUSHLIGHT_SPECIAL(RUSHLIGHT_FUNCTION)
  RUSHLIGHT_FUNCTION(round)
#undef RUSHLIGHT_FUNCTION
#define RUSHLIGHT_FUNCTION(name)                                           \
  friend TensorNumber name(const TensorNumber& a, const TensorNumber& b) { \
    return rushlight::name(a.tensor, b.tensor);                            \
  }
  RUSHLIGHT_BINARY(RUSHLIGHT_FUNCTION)
#undef RUSHLIGHT_FUNCTION
  friend TensorNumber min(const TensorNumber& a, const TensorNumber& b) {
    return rushlight::minimum(a.tensor, b.tensor);
  }
  friend TensorNumber max(const TensorNumber& a, const TensorNumber& b) {
    return rushlight::maximum(a.tensor, b.tensor);
  }
  friend TensorNumber polygamma(double n, const TensorNumber& x) { return rushlight::polygamma(n, x.tensor); }
  friend TensorNumber select(const TensorNumber& mask, const TensorNumber& a, const TensorNumber& b) {
    return rushlight::where(mask.tensor, a.tensor, b.tensor);
  }
};

}  // namespace rushlight
