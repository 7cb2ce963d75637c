// erf, erfc and what gelu is made of for Vec, each with its largest error in ULP. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd_exponential.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {
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

// 2 ULP for float: e^l - 1, where l = log(erfc(|x|)) comes from a polynomial, keeps the digits near 0 and
// divides by nothing.
template <class T>
RUSHLIGHT_INLINE Vec<T> erf(Vec<T> x) {
  if constexpr (kSingle<T>) {
    const Vec<T> a = smaller_of(Vec<T>(4), abs(x));
    const Vec<T> p =
        polynomial(a, -0.1283791661, -0.6366195679, -0.1027763039, 0.01914782077, 0.0001695149695,
                   -0.001675697742, 0.000637382851, -0.0001188695533, 9.389273146e-06);
    return copysign(expm1_in_range(multiply_add(a, p, -a)), x);
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

// What gelu is made of, for a standard normal Z: P(Z > t) = density * ratio with density = e^(-t^2 / 2).
// The ratio decreases so slowly that its value at 5.5, where P is 2e-8, serves for all beyond.
struct NormalTail {
  Vec<float> t, density, ratio;
};
RUSHLIGHT_INLINE NormalTail normal_tail(Vec<float> x) {
  using V = Vec<float>;
  const V t = smaller_of(V(15), abs(x));  // beyond, the density is 0
  const V square = t * t, exponent(-0.72134752044448170368);
  const Whole<float> n{multiply_add(square, exponent, V(kRounding<float>))};
  const V density = times_power_of_two(exp2_series(multiply_add(square, exponent, -n.number())), n);
  const V ratio =
      polynomial(smaller_of(V(5.5), t), 0.5, -0.3989415169, 0.2499853671, -0.1328827292, 0.06216819212,
                 -0.02592834644, 0.009539220482, -0.002998597687, 0.0007697939873, -0.0001534188195,
                 2.244074312e-05, -2.240332378e-06, 1.353238162e-07, -3.711728924e-09);
  return {t, density, ratio};
}

// These two take the place of math/activation.h's. Absolute error 1.5e-7, and relative error 1e-3 of a tail
// above 2e-8.
RUSHLIGHT_INLINE Vec<float> normal_probability(Vec<float> x) {
  const auto [t, density, ratio] = normal_tail(x);
  const Vec<float> tail = density * ratio;
  return select(x < 0, tail, 1 - tail);
}
RUSHLIGHT_INLINE Vec<float> gelu_slope(Vec<float> x) {
  const auto [t, density, ratio] = normal_tail(x);
  const Vec<float> tail = density * multiply_add(t, Vec<float>(-0.398942280401432677940), ratio);
  return select(x < 0, tail, 1 - tail);
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
