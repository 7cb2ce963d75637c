// exp, log and their kin for Vec, each with its largest error in ULP. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd_parts.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {
// x = n ln 2 + r with |r| <= ln 2 / 2, for |x| < 2^20.
template <class T>
struct ReducedByLn2 {
  Whole<T> n;
  Vec<T> r;
};
template <class T>
RUSHLIGHT_INLINE ReducedByLn2<T> reduce_by_ln2(Vec<T> x) {
  const Whole<T> n{multiply_add(x, Vec<T>(0x1.71547652b82fep0), Vec<T>(kRounding<T>))};
  const Vec<T> whole = n.number();
  return {n, multiply_add(whole, Vec<T>(-kLn2Low<T>), multiply_add(whole, Vec<T>(-kLn2High<T>), x))};
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
  const auto [n, r] = reduce_by_ln2(larger_of(Vec<T>(kLowest), x));  // in this order a NaN stays
  const Vec<T> y = multiply_add(r * r, exp_series(r), r) + 1;
  return select(x < kLowest, Vec<T>(0), times_normal_power(y, n));
}

// e^x 2^Twos over the whole range, denormal results included.
template <int Twos, class T>
RUSHLIGHT_INLINE Vec<T> exp_times(Vec<T> x) {
  constexpr double kLow = kSingle<T> ? -105 : -747, kHigh = kSingle<T> ? 91 : 712;
  const Vec<T> in_range = smaller_of(Vec<T>(kHigh), larger_of(Vec<T>(kLow), x));  // in this order a NaN stays
  const auto [n, r] = reduce_by_ln2(in_range);
  return times_power_of_two(multiply_add(r * r, exp_series(r), r) + 1,
                            Whole<T>{Twos == 0 ? n.shifted : n.shifted + Twos});
}

// e^x. 1.1 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> exp(Vec<T> x) {
  return exp_times<0>(x);
}
// e^x / 2, which is finite where cosh(x) is. 1.1 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> half_exp(Vec<T> x) {
  return exp_times<-1>(x);
}

// 2^r for |r| <= 1 / 2
template <class T>
RUSHLIGHT_INLINE Vec<T> exp2_series(Vec<T> r) {
  if constexpr (kSingle<T>) {
    return polynomial(r, 1, 0.6931471825, 0.2402264774, 0.05550359562, 0.009618499316, 0.001339097042,
                      0.0001532927854);
  } else {
    const Vec<T> x = r * 0.6931471805599453;
    return multiply_add(x * x, exp_series(x), x) + 1;
  }
}

// 2^x for x <= 0 and a little beyond, as attention needs it: 0 where the result would be below the normal
// numbers. 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> exp2_of_nonpositive(Vec<T> x) {
  constexpr double kLowest = kSingle<T> ? -126 : -1022;
  const Vec<T> in_range = larger_of(Vec<T>(kLowest), x);  // in this order a NaN stays
  const Whole<T> n{in_range + kRounding<T>};
  return select(x < kLowest, Vec<T>(0), times_normal_power(exp2_series(in_range - n.number()), n));
}

// 2^x. 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> exp2(Vec<T> x) {
  constexpr double kLow = kSingle<T> ? -151 : -1076, kHigh = kSingle<T> ? 129 : 1025;
  const Vec<T> in_range = smaller_of(Vec<T>(kHigh), larger_of(Vec<T>(kLow), x));
  const Whole<T> n{in_range + kRounding<T>};
  return times_power_of_two(exp2_series(in_range - n.number()), n);
}

// e^x - 1 where e^x neither overflows nor matters below -17 (float) or -37 (double).
template <class T>
RUSHLIGHT_INLINE Vec<T> expm1_in_range(Vec<T> x) {
  const auto [n, r] = reduce_by_ln2(x);
  const Vec<T> y = multiply_add(r * r, exp_series(r), r), half_power = power_of_two<T>(n.integer() - 1);
  const Vec<T> half = multiply_add(half_power, y, half_power - 0.5);
  return half + half;
}

// e^x - 1. 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> expm1(Vec<T> x) {
  constexpr double kLow = kSingle<T> ? -20 : -40, kHigh = kSingle<T> ? 89 : 710;
  return select(x == 0, x, expm1_in_range(smaller_of(Vec<T>(kHigh), larger_of(Vec<T>(kLow), x))));
}

// x = 2^exponent * (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for finite x > 0.
template <class T>
struct SplitNumber {
  Vec<T> exponent, f;
};
// The exponent of such an x that is not denormal.
template <class T>
RUSHLIGHT_INLINE typename Vec<T>::Bits exponent_of(Vec<T> x) {
  return (x.bits() - Vec<T>(0.70710678118654752).bits()) >> kMantissaBits<T>;
}
template <class T>
RUSHLIGHT_INLINE SplitNumber<T> split_number(Vec<T> x) {
  constexpr double kSmallest = kSingle<T> ? 0x1p-126 : 0x1p-1022, kLift = kSingle<T> ? 0x1p25 : 0x1p54;
  const auto denormal = x < kSmallest;
  const Vec<T> normal = select(denormal, x * kLift, x);
  const auto n = exponent_of(normal);
  const Vec<T> lifted = select(denormal, Vec<T>(kSingle<T> ? 25 : 54), Vec<T>(0));
  return {whole_number<T>(n).number() - lifted, Vec<T>(normal.bits() - (n << kMantissaBits<T>)) - 1};
}

// log(x) = exponent ln 2 + f + low
template <class T>
struct LogParts {
  Vec<T> exponent, f, low;
};
template <class T>
RUSHLIGHT_INLINE LogParts<T> log_parts(SplitNumber<T> x) {
  const auto [e, f] = x;
  if constexpr (kSingle<T>) {
    const Vec<T> p = polynomial(f, 0.33333312471, -0.25000009158, 0.20002124892, -0.1666801891, 0.14219467633,
                                -0.12405198575, 0.11888333081, -0.11677764818, 0.067487323064);
    return {e, f, f * f * multiply_add(f, p, Vec<T>(-0.5))};
  } else {
    const Vec<T> s = f / (f + 2), z = s * s;
    const Vec<T> p = polynomial(z, 0.66666666666667344496, 0.39999999999414484076, 0.28571428742423870672,
                                0.22222198569938583186, 0.18183564477154605092, 0.15314047029735897666,
                                0.14795982255572553145);
    return {e, f, s * multiply_add(z, p, -f)};
  }
}
template <class T>
RUSHLIGHT_INLINE Vec<T> natural_log(SplitNumber<T> x) {
  const auto [e, f, low] = log_parts(x);
  return multiply_add(e, Vec<T>(kLn2High<T>), f + multiply_add(e, Vec<T>(kLn2Low<T>), low));
}

// y, but what a logarithm is at 0, below, at infinity and for NaN.
template <class T>
RUSHLIGHT_INLINE Vec<T> with_limits_of_log(Vec<T> x, Vec<T> y) {
  constexpr double kInfinity = __builtin_inf();
  const Vec<T> at_most_0 = select(x < 0, Vec<T>(__builtin_nan("")), Vec<T>(-kInfinity));
  return select(x <= 0, at_most_0, select(x < kInfinity, y, x));
}

// The natural logarithm. 1 ULP for float, 2 for double.
template <class T>
RUSHLIGHT_INLINE Vec<T> log(Vec<T> x) {
  return with_limits_of_log(x, natural_log(split_number(x)));
}

// 2 ULP, and exact at powers of two.
template <class T>
RUSHLIGHT_INLINE Vec<T> log2(Vec<T> x) {
  constexpr double kHigh = kSingle<T> ? 0x1.715476p0 : 0x1.71547652b82fep0;
  constexpr double kLow = kSingle<T> ? 0x1.4ae0c0p-26 : 0x1.777d0ffda0d24p-56;
  const auto [e, f, low] = log_parts(split_number(x));
  const Vec<T> rest = multiply_add(f, Vec<T>(kLow), low * kHigh);
  return with_limits_of_log(x, e + multiply_add(f, Vec<T>(kHigh), rest));
}

// 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> log10(Vec<T> x) {
  constexpr double kHigh = kSingle<T> ? 0x1.bcb7b2p-2 : 0x1.bcb7b1526e50ep-2;
  constexpr double kLow = kSingle<T> ? -0x1.5b235ep-27 : 0x1.95355baaafad3p-57;
  constexpr double kOf2High = kSingle<T> ? 0x1.3440p-2 : 0x1.34413509f4p-2;  // log10(2), as kLn2High
  constexpr double kOf2Low = kSingle<T> ? 0x1.3509f79fef312p-18 : 0x1.cff7988f8959bp-41;
  const auto [e, f, low] = log_parts(split_number(x));
  const Vec<T> rest = multiply_add(e, Vec<T>(kOf2Low), multiply_add(f, Vec<T>(kLow), low * kHigh));
  return with_limits_of_log(x, multiply_add(e, Vec<T>(kOf2High), multiply_add(f, Vec<T>(kHigh), rest)));
}

// log(1 + x): 1 + x only tells the exponent; x itself is divided by that power of two, and nothing is lost.
// 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> log1p(Vec<T> x) {
  const Vec<T> u = x + 1;
  const auto n = exponent_of(u), lowest = typename Vec<T>::Bits{} - kExponentBias<T>;
  const Vec<T> shrunk_1 = power_of_two<T>(-n > lowest ? -n : lowest);  // or 0, where 1 is too little to tell
  const Vec<T> f = times_power_of_two(x, whole_number<T>(-n)) + (shrunk_1 - 1);
  const Vec<T> y = natural_log(SplitNumber<T>{whole_number<T>(n).number(), f});
  return copysign(with_limits_of_log(u, y), x);
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
