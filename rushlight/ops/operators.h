// a + b, x < 0, -x: the operators of Tensor.
#pragma once

#include "rushlight/generated/functions.h"

namespace rushlight {

// A tensor and a tensor, or a plain number on either side. Tensor converts from numbers, so one overload
// does; it is restricted so that two numbers never meet here.
#define RUSHLIGHT_BINARY_OPERATOR(symbol, function) \
  inline Tensor operator symbol(const Tensor& a, const Tensor& b) { return function(a, b); }
RUSHLIGHT_BINARY_OPERATOR(+, add)
RUSHLIGHT_BINARY_OPERATOR(-, sub)
RUSHLIGHT_BINARY_OPERATOR(*, mul)
RUSHLIGHT_BINARY_OPERATOR(/, div)
RUSHLIGHT_BINARY_OPERATOR(%, remainder)
RUSHLIGHT_BINARY_OPERATOR(<, lt)
RUSHLIGHT_BINARY_OPERATOR(<=, le)
RUSHLIGHT_BINARY_OPERATOR(>, gt)
RUSHLIGHT_BINARY_OPERATOR(>=, ge)
RUSHLIGHT_BINARY_OPERATOR(==, eq)
RUSHLIGHT_BINARY_OPERATOR(!=, ne)
RUSHLIGHT_BINARY_OPERATOR(&, bitwise_and)
RUSHLIGHT_BINARY_OPERATOR(|, bitwise_or)
RUSHLIGHT_BINARY_OPERATOR(^, bitwise_xor)
RUSHLIGHT_BINARY_OPERATOR(<<, bitwise_left_shift)
RUSHLIGHT_BINARY_OPERATOR(>>, bitwise_right_shift)
#undef RUSHLIGHT_BINARY_OPERATOR
inline Tensor operator-(const Tensor& a) { return neg(a); }
inline Tensor operator~(const Tensor& a) { return bitwise_not(a); }

}  // namespace rushlight
