// The vocabulary of math/number.h for Vec<float> and Vec<double>, each with its largest error in ULP. Only
// for *.isa.cpp files. What has no vector version runs lane by lane in double: correct to 1 ULP, and some ten
// times slower.
#pragma once

#include "rushlight/backend/cpu/simd.h"
#include "rushlight/math/special_functions.h"

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

// Numbers this large have no fraction, so adding it rounds to the nearest integer, half to even.
template <class T>
constexpr double kRounding = kSingle<T> ? 0x1.8p23 : 0x1.8p52;
template <class T>
constexpr double kLn2High =
    kSingle<T> ? 0x1.62e4p-1 : 0x1.62e42feep-1;  // its product with an exponent is exact
template <class T>
constexpr double kLn2Low = kSingle<T> ? 0x1.7f7d1cf79abcap-20 : 0x1.a39ef35793c76p-33;

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
  const Vec<T> shifted = multiply_add(x, Vec<T>(0x1.71547652b82fep0), Vec<T>(kRounding<T>));
  const Vec<T> n = shifted - kRounding<T>;
  const Vec<T> r = multiply_add(n, Vec<T>(-kLn2Low<T>), multiply_add(n, Vec<T>(-kLn2High<T>), x));
  return {shifted.bits() - Vec<T>(kRounding<T>).bits(), r};
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
  return select(x < kLowest, Vec<T>(0), y * power_of_two<T>(n));
}

// e^x over the whole range, denormal results included. 1 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> exp(Vec<T> x) {
  constexpr double kLow = kSingle<T> ? -104 : -746, kHigh = kSingle<T> ? 89 : 710;
  const Vec<T> in_range = smaller_of(Vec<T>(kHigh), larger_of(Vec<T>(kLow), x));  // in this order a NaN stays
  const auto [n, r] = reduce_by_ln2(in_range);
  const Vec<T> y = multiply_add(r * r, exp_series(r), r) + 1;
  const auto half = n >> 1;  // 2^n itself may be out of range
  return y * power_of_two<T>(half) * power_of_two<T>(n - half);
}

// 2^x. 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> exp2(Vec<T> x) {
  constexpr double kLow = kSingle<T> ? -151 : -1076, kHigh = kSingle<T> ? 129 : 1025;
  const Vec<T> in_range = smaller_of(Vec<T>(kHigh), larger_of(Vec<T>(kLow), x));
  const Vec<T> shifted = in_range + kRounding<T>;
  const Vec<T> r = (in_range - (shifted - kRounding<T>)) * 0.6931471805599453;
  const auto n = shifted.bits() - Vec<T>(kRounding<T>).bits(), half = n >> 1;
  const Vec<T> y = multiply_add(r * r, exp_series(r), r) + 1;
  return y * power_of_two<T>(half) * power_of_two<T>(n - half);
}

// e^x - 1. 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> expm1(Vec<T> x) {
  constexpr double kLow = kSingle<T> ? -20 : -40, kHigh = kSingle<T> ? 89 : 710;
  const auto [n, r] = reduce_by_ln2(smaller_of(Vec<T>(kHigh), larger_of(Vec<T>(kLow), x)));
  const Vec<T> y = multiply_add(r * r, exp_series(r), r), half_power = power_of_two<T>(n - 1);
  const Vec<T> half = multiply_add(half_power, y, half_power - 0.5);
  return select(x == 0, x, half + half);
}

// x = 2^exponent * (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for finite x > 0.
template <class T>
struct SplitNumber {
  Vec<T> exponent, f;
};
template <class T>
RUSHLIGHT_INLINE SplitNumber<T> split_number(Vec<T> x) {
  constexpr double kSmallest = kSingle<T> ? 0x1p-126 : 0x1p-1022, kLift = kSingle<T> ? 0x1p25 : 0x1p54;
  const auto denormal = x < kSmallest;
  const auto bits = select(denormal, x * kLift, x).bits();
  const auto n = (bits - Vec<T>(0.70710678118654752).bits()) >> kMantissaBits<T>;
  const Vec<T> exponent =
      Vec<T>(n + Vec<T>(kRounding<T>).bits()) - kRounding<T>;  // to floating point, by hand
  const Vec<T> lifted = select(denormal, Vec<T>(kSingle<T> ? 25 : 54), Vec<T>(0));
  return {exponent - lifted, Vec<T>(bits - (n << kMantissaBits<T>)) - 1};
}

// The natural logarithm. 1 ULP for float, 2 for double.
template <class T>
RUSHLIGHT_INLINE Vec<T> log(Vec<T> x) {
  constexpr double kInfinity = __builtin_inf();
  const auto [e, f] = split_number(x);
  Vec<T> low;  // log(1 + f) = f + low
  if constexpr (kSingle<T>) {
    const Vec<T> p = polynomial(f, 0.33333312471, -0.25000009158, 0.20002124892, -0.1666801891, 0.14219467633,
                                -0.12405198575, 0.11888333081, -0.11677764818, 0.067487323064);
    low = f * f * multiply_add(f, p, Vec<T>(-0.5));
  } else {
    const Vec<T> s = f / (f + 2), z = s * s;
    const Vec<T> p = polynomial(z, 0.66666666666667344496, 0.39999999999414484076, 0.28571428742423870672,
                                0.22222198569938583186, 0.18183564477154605092, 0.15314047029735897666,
                                0.14795982255572553145);
    low = s * multiply_add(z, p, -f);
  }
  const Vec<T> y = multiply_add(e, Vec<T>(kLn2High<T>), f + multiply_add(e, Vec<T>(kLn2Low<T>), low));
  const Vec<T> special = select(x == 0, Vec<T>(-kInfinity), select(x < 0, Vec<T>(__builtin_nan("")), x));
  return select((x > 0) & (x < kInfinity), y, special);
}

// log(1 + x). 3 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> log1p(Vec<T> x) {
  const Vec<T> u = x + 1, rounded = u - 1;  // log(u) is off by as much as `rounded` is from x
  const auto plain = (rounded == 0) | (u == __builtin_inf());
  return select(plain, select(rounded == 0, x, u), log(u) * (x / select(plain, Vec<T>(1), rounded)));
}

// 4 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> tanh(Vec<T> x) {
  const Vec<T> e = expm1(abs(x) * -2);
  return copysign(-e / (e + 2), x);
}

// f of each lane, computed in double.
template <class T, class F>
RUSHLIGHT_INLINE Vec<T> by_lane(Vec<T> x, F f) {
  Vec<T> y;
  for (int i = 0; i < Vec<T>::kLanes; ++i) y.lanes[i] = static_cast<T>(f(static_cast<double>(x.lanes[i])));
  return y;
}
template <class T, class F>
RUSHLIGHT_INLINE Vec<T> by_lane(Vec<T> a, Vec<T> b, F f) {
  Vec<T> y;
  for (int i = 0; i < Vec<T>::kLanes; ++i)
    y.lanes[i] = static_cast<T>(f(static_cast<double>(a.lanes[i]), static_cast<double>(b.lanes[i])));
  return y;
}

// erfc of float x >= 0, from a fit to erfc(a) e^(a^2) (1 + 2a) over (a - 2) / (a + 2). 6 ULP.
RUSHLIGHT_INLINE Vec<float> erfc_of_nonnegative(Vec<float> x) {
  using V = Vec<float>;
  const V a = smaller_of(V(10.1), x);
  const V t = (a - 2) / (a + 2);
  const V q =
      polynomial(t, 1.2769783936, -0.092763980839, -0.16603142616, 0.16405535148, -0.054204309361,
                 -0.0080599066881, 0.0086317351889, 0.0013135964676, -0.0012299885948, -0.00040064278432);
  // a^2 = high^2 + lost, the first without rounding: half of the bits times themselves.
  const V high(typename V::Bits(a.bits() & ~0xfff));
  const V lost = (a - high) * (a + high);
  return exp(-(high * high)) * polynomial(-lost, 1, 1, 1 / 2.0, 1 / 6.0, 1 / 24.0) * q / (a + a + 1);
}

// 3 ULP for float.
template <class T>
RUSHLIGHT_INLINE Vec<T> erf(Vec<T> x) {
  if constexpr (kSingle<T>) {
    const Vec<T> a = abs(x);
    const Vec<T> small = x * polynomial(x * x, 1.1283791659, -0.37612627133, 0.11283600143, -0.026854443181,
                                        0.0051895326084, -0.00080208169362, 7.8890381986e-5);
    return select(a < 1, small, copysign(1 - erfc_of_nonnegative(a), x));
  } else {
    return by_lane(x, [](double lane) { return __builtin_erf(lane); });
  }
}

// 6 ULP for float.
template <class T>
RUSHLIGHT_INLINE Vec<T> erfc(Vec<T> x) {
  if constexpr (kSingle<T>) {
    const Vec<T> y = erfc_of_nonnegative(abs(x));
    return select(x < 0, 2 - y, y);
  } else {
    return by_lane(x, [](double lane) { return __builtin_erfc(lane); });
  }
}

#define RUSHLIGHT_BY_LANE(name, function)                          \
  template <class T>                                               \
  RUSHLIGHT_INLINE Vec<T> name(Vec<T> x) {                         \
    return by_lane(x, [](double lane) { return function(lane); }); \
  }
RUSHLIGHT_BY_LANE(log2, __builtin_log2)
RUSHLIGHT_BY_LANE(log10, __builtin_log10)
RUSHLIGHT_BY_LANE(sin, __builtin_sin)
RUSHLIGHT_BY_LANE(cos, __builtin_cos)
RUSHLIGHT_BY_LANE(tan, __builtin_tan)
RUSHLIGHT_BY_LANE(asin, __builtin_asin)
RUSHLIGHT_BY_LANE(acos, __builtin_acos)
RUSHLIGHT_BY_LANE(atan, __builtin_atan)
RUSHLIGHT_BY_LANE(sinh, __builtin_sinh)
RUSHLIGHT_BY_LANE(cosh, __builtin_cosh)
RUSHLIGHT_BY_LANE(asinh, __builtin_asinh)
RUSHLIGHT_BY_LANE(acosh, __builtin_acosh)
RUSHLIGHT_BY_LANE(atanh, __builtin_atanh)
RUSHLIGHT_BY_LANE(erfinv, math::special::erfinv)
RUSHLIGHT_BY_LANE(lgamma, math::special::lgamma)
RUSHLIGHT_BY_LANE(digamma, math::special::digamma)
#undef RUSHLIGHT_BY_LANE

template <class T>
RUSHLIGHT_INLINE Vec<T> polygamma(double n, Vec<T> x) {
  return by_lane(x, [n](double lane) { return math::special::polygamma(n, lane); });
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
