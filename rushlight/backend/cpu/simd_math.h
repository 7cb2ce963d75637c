// Transcendental functions of Vec<float> and Vec<double>, each with its largest error in ULP. Only for
// *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// c0 + c1 x + c2 x^2 ...
template <class T>
RUSHLIGHT_INLINE Vec<T> polynomial(Vec<T>, double c0) {
  return c0;
}
template <class T, class... More>
RUSHLIGHT_INLINE Vec<T> polynomial(Vec<T> x, double c0, More... more) {
  return multiply_add(x, polynomial(x, more...), Vec<T>(c0));
}

// The layout of IEEE numbers.
template <class T>
constexpr bool kSingle = sizeof(T) == 4;
template <class T>
constexpr int kMantissaBits = kSingle<T> ? 23 : 52;
template <class T>
constexpr typename Vec<T>::Integer kExponentBias = kSingle<T> ? 127 : 1023;

// 2^n for n in the range of normal exponents.
template <class T>
RUSHLIGHT_INLINE Vec<T> power_of_two(typename Vec<T>::Bits n) {
  return Vec<T>((n + kExponentBias<T>) << kMantissaBits<T>);
}

// x = n ln 2 + r with |r| <= ln 2 / 2, for |x| < 2^20.
template <class T>
struct ReducedByLn2 {
  typename Vec<T>::Bits n;
  Vec<T> r;
};
template <class T>
RUSHLIGHT_INLINE ReducedByLn2<T> reduce_by_ln2(Vec<T> x) {
  constexpr double kRound =
      kSingle<T> ? 0x1.8p23 : 0x1.8p52;  // numbers this large have no fraction: adding it rounds
  constexpr double kLn2High = kSingle<T> ? 0x1.62e4p-1 : 0x1.62e42feep-1;  // n times it is exact
  constexpr double kLn2Low = kSingle<T> ? 0x1.7f7d1cf79abcap-20 : 0x1.a39ef35793c76p-33;
  const Vec<T> shifted = multiply_add(x, Vec<T>(0x1.71547652b82fep0), Vec<T>(kRound));
  const Vec<T> n = shifted - kRound;
  const Vec<T> r = multiply_add(n, Vec<T>(-kLn2Low), multiply_add(n, Vec<T>(-kLn2High), x));
  return {shifted.bits() - Vec<T>(kRound).bits(), r};
}

// (exp(r) - 1 - r) / r^2 for |r| <= ln 2 / 2
template <class T>
RUSHLIGHT_INLINE Vec<T> exp_series(Vec<T> r) {
  if constexpr (kSingle<T>)
    return polynomial(r, 0.499999930449, 0.166665147367, 0.0416684579567, 0.0083694238245, 0.00138130890681);
  else
    return polynomial(r, 0.50000000000000000488, 0.16666666666666685131, 0.041666666666666043914,
                      0.0083333333333157242881, 0.0013888888889130909735, 0.00019841269899665436439,
                      0.000024801586908589671166, 2.7557231548578594011e-6, 2.7557589507495834864e-7,
                      2.5113202341226205675e-8, 2.082623112683168117e-9);
}

// For x <= 0 and a little beyond, as softmax needs it: 0 where the result would be below the normal numbers.
// 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> exp_of_nonpositive(Vec<T> x) {
  constexpr double kLowest = kSingle<T> ? -87.0 : -708.0;
  const auto [n, r] = reduce_by_ln2(larger(Vec<T>(kLowest), x));  // in this order a NaN stays
  const Vec<T> y = multiply_add(r * r, exp_series(r), r) + 1;
  return select(x < kLowest, Vec<T>(0), y * power_of_two<T>(n));
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
