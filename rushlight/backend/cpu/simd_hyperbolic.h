// tanh, asinh and their kin for Vec, each with its largest error in ULP. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd_exponential.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {
// 3 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> tanh(Vec<T> x) {
  const Vec<T> e = expm1(abs(x) * -2);
  return copysign(-e / (e + 2), x);
}

// 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> cosh(Vec<T> x) {
  const Vec<T> half = half_exp(abs(x));
  return half + 0.25 / half;
}

// 3 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> sinh(Vec<T> x) {
  const Vec<T> a = abs(x), half = half_exp(a), far_out = half - 0.25 / half;
  Vec<T> near;
  if constexpr (kSingle<T>) {
    const Vec<T> z = a * a;
    near =
        multiply_add(a * z, polynomial(z, 0.1666666716, 0.008333311416, 0.0001984263508, 2.783925538e-06), a);
  } else {
    const Vec<T> e = expm1_in_range(smaller_of(Vec<T>(1), a));
    near = 0.5 * (e + e / (e + 1));
  }
  return copysign(select(a < 1, near, far_out), x);
}

// From here on log1p(x) + ln 2 is asinh(x) and acosh(x), whose squares would overflow in the end.
constexpr double kFarOut = 0x1p60;

// 3 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> asinh(Vec<T> x) {
  const Vec<T> a = abs(x), square = a * a;
  const auto far_out = a > kFarOut;
  const Vec<T> y = log1p(select(far_out, a, a + square / (1 + sqrt(square + 1))));
  return copysign(select(far_out, y + 0.69314718055994530942, y), x);
}

// 3 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> acosh(Vec<T> x) {
  const Vec<T> above = x - 1;
  const auto far_out = x > kFarOut;
  const Vec<T> y = log1p(select(far_out, x, above + sqrt(above * (above + 2))));
  return select(x < 1, Vec<T>(__builtin_nan("")), select(far_out, y + 0.69314718055994530942, y));
}

// 3 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> atanh(Vec<T> x) {
  const Vec<T> a = abs(x);
  return copysign(0.5 * log1p((a + a) / (1 - a)), x);
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
