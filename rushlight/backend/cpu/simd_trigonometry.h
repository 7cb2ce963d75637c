// sin, atan2 and their kin for Vec, each with its largest error in ULP. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd_parts.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// Pi / 2 in three parts. With fma the first product is exact where quarter turns are few.
template <class T>
constexpr double kQuarterTurn[] = {kSingle<T> ? 0x1.921fb6p0 : 0x1.921fb54442d18p0,
                                   kSingle<T> ? -0x1.777a5cp-25 : 0x1.1a62633145c07p-54,
                                   kSingle<T> ? -0x1.ee59dap-50 : -0x1.f1976b7ed8fbcp-110};
template <class T>
constexpr double kManyTurns = 0x1p18;

// x = n pi / 2 + r with |r| <= pi / 4, for |x| <= kManyTurns.
template <class T>
struct ReducedByQuarters {
  typename Vec<T>::Bits n;
  Vec<T> r;
};
template <class T>
RUSHLIGHT_INLINE ReducedByQuarters<T> reduce_by_quarters(Vec<T> x) {
  const Whole<T> n{multiply_add(x, Vec<T>(0.63661977236758134308), Vec<T>(kRounding<T>))};
  Vec<T> r = x;
  for (double part : kQuarterTurn<T>) r = multiply_add(n.number(), Vec<T>(-part), r);
  return {n.integer(), r};
}

template <class T>
struct SineAndCosine {
  Vec<T> sine, cosine;
};
// Of |r| <= pi / 4.
template <class T>
RUSHLIGHT_INLINE SineAndCosine<T> sine_and_cosine(Vec<T> r) {
  const Vec<T> z = r * r;
  Vec<T> s, c;
  if constexpr (kSingle<T>) {
    s = polynomial(z, -0.1666665524, 0.008332191035, -0.0001951862068);
    c = polynomial(z, 0.04166664556, -0.001388730132, 2.443066842e-05);
  } else {
    s = polynomial(z, -0.16666666666666666666, 0.0083333333333333314899, -0.00019841269841265060174,
                   2.7557319219335453429e-6, -2.5052106231157905487e-8, 1.6058531414589010757e-10,
                   -7.5866850700912671568e-13);
    c = polynomial(z, 0.041666666666666666666, -0.0013888888888888887864, 0.000024801587301584643775,
                   -2.7557319221400760015e-7, 2.0876755790363396129e-9, -1.1470460773969324627e-11,
                   4.7458652037874551057e-14);
  }
  return {multiply_add(r * z, s, r), multiply_add(z * z, c, multiply_add(z, Vec<T>(-0.5), Vec<T>(1)))};
}

// y, but libm's value where x is too far out to be reduced here.
template <class T, class F>
RUSHLIGHT_INLINE Vec<T> by_lane_far_out(Vec<T> x, Vec<T> y, F f) {
  const auto far_out = abs(x) > kManyTurns<T>;
  return any(far_out) ? select(far_out, by_lane(x, f), y) : y;
}

// The sine of x + `quarters` pi / 2 for x >= 0, with its sign turned where `sign` has one.
template <class T>
RUSHLIGHT_INLINE Vec<T> sine_after(Vec<T> x, int quarters, typename Vec<T>::Bits sign) {
  const auto [turns, r] = reduce_by_quarters(x);
  const auto [sine, cosine] = sine_and_cosine(r);
  const auto n = turns + quarters;
  const typename Vec<T>::Mask odd{(n & 1) != 0};
  return Vec<T>(select(odd, cosine, sine).bits() ^ sign ^ (n >> 1 << (8 * static_cast<int>(sizeof(T)) - 1)));
}

// 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> sin(Vec<T> x) {
  const auto exact = [](double lane) { return __builtin_sin(lane); };
  if constexpr (!kHasFma) return by_lane(x, exact);
  return by_lane_far_out(x, sine_after(abs(x), 0, x.bits() & Vec<T>(-0.0).bits()), exact);
}

// 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> cos(Vec<T> x) {
  const auto exact = [](double lane) { return __builtin_cos(lane); };
  if constexpr (!kHasFma) return by_lane(x, exact);
  return by_lane_far_out(x, sine_after(abs(x), 1, typename Vec<T>::Bits{}), exact);
}

// 4 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> tan(Vec<T> x) {
  const auto exact = [](double lane) { return __builtin_tan(lane); };
  if constexpr (!kHasFma) return by_lane(x, exact);
  const auto [n, r] = reduce_by_quarters(abs(x));
  const auto [sine, cosine] = sine_and_cosine(r);
  const typename Vec<T>::Mask odd{(n & 1) != 0};
  const Vec<T> y = select(odd, -cosine, sine) / select(odd, sine, cosine);
  return by_lane_far_out(x, Vec<T>(y.bits() ^ (x.bits() & Vec<T>(-0.0).bits())), exact);
}

// c - x with the constant c in two parts.
template <class T>
RUSHLIGHT_INLINE Vec<T> half_pi_minus(Vec<T> x) {
  return kQuarterTurn<T>[0] - (x - kQuarterTurn<T>[1]);
}
template <class T>
RUSHLIGHT_INLINE Vec<T> pi_minus(Vec<T> x) {
  return 2 * kQuarterTurn<T>[0] - (x - 2 * kQuarterTurn<T>[1]);
}

// asin(|x|) for |x| <= 1/2, beyond that twice the asin of sqrt((1 - |x|) / 2), which is acos(|x|).
RUSHLIGHT_INLINE Vec<float> arc_of_short_sine(Vec<float> x) {
  const Vec<float> a = abs(x);
  const auto beyond = a > 0.5;
  const Vec<float> z = select(beyond, 0.5 - 0.5 * a, a * a), s = select(beyond, sqrt(z), a);
  const Vec<float> p =
      polynomial(z, 0.1666675359, 0.07495252043, 0.04547603801, 0.02415212989, 0.04221170768);
  const Vec<float> arc = multiply_add(s * z, p, s);
  return select(beyond, arc + arc, arc);
}

// 3 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> asin(Vec<T> x) {
  if constexpr (kSingle<T>) {
    const Vec<T> arc = arc_of_short_sine(x);
    return copysign(select(abs(x) > 0.5, half_pi_minus(arc), arc), x);
  } else {
    return by_lane(x, [](double lane) { return __builtin_asin(lane); });
  }
}

// 2 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> acos(Vec<T> x) {
  if constexpr (kSingle<T>) {
    const Vec<T> arc = arc_of_short_sine(x);
    const Vec<T> far_out = select(x > 0, arc, pi_minus(arc));
    return select(abs(x) <= 0.5, half_pi_minus(copysign(arc, x)), far_out);
  } else {
    return by_lane(x, [](double lane) { return __builtin_acos(lane); });
  }
}

// atan(y / x) for x and y >= 0, not both 0 or infinite.
template <class T>
RUSHLIGHT_INLINE Vec<T> angle_of(Vec<T> y, Vec<T> x) {
  const auto steep = y > x;
  const Vec<T> t = select(steep, -x, y) / select(steep, y, x), z = t * t;
  Vec<T> p;
  if constexpr (kSingle<T>)
    p = polynomial(z, -0.3333329856, 0.1999853104, -0.1426405162, 0.109511748, -0.08400475234, 0.0579065457,
                   -0.03112700209, 0.01088736113, -0.001787547604);
  else
    p = polynomial(
        z, -0.33333333333333333250, 0.19999999999999919325, -0.14285714285701233348, 0.11111111110268297335,
        -0.090909090619352799497, 0.076923070788270292606, -0.066666579345737678411, 0.05882264416776448826,
        -0.052624922290256753144, 0.047580800836378206238, -0.043306538430670662529, 0.039386875407986321269,
        -0.035271331066871294103, 0.030330719265790506586, -0.024191345810140718636, 0.017183981722113348077,
        -0.010412153260359241547, 0.0051409128567469387159, -0.0019612554271685325993,
        0.00053768392973962447209, -0.000093711863450526254286, 7.7676243302899185543e-6);
  const Vec<T> angle = multiply_add(t * z, p, t);
  return select(steep, half_pi_minus(-angle), angle);
}

// 3 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> atan(Vec<T> x) {
  return copysign(angle_of(abs(x), Vec<T>(1)), x);
}

// atan2 (simd.h). 3 ULP.
template <class T>
RUSHLIGHT_INLINE Vec<T> angle_of_point(Vec<T> y, Vec<T> x) {
  const Vec<T> height = abs(y), width = abs(x);
  const Vec<T> diagonal = select(height == 0, height, Vec<T>(0.5 * kQuarterTurn<T>[0]));
  const Vec<T> angle = select(height == width, diagonal, angle_of(height, width));
  const typename Vec<T>::Mask leftward{x.bits() < 0};
  return copysign(select(leftward, pi_minus(angle), angle), y);
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
