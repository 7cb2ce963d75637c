// pow and hypot for Vec. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd_exponential.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

using HalfOfFloats = float __attribute__((vector_size(kVectorBytes / 2)));

// f of both halves of each operand, in doubles.
template <class F>
RUSHLIGHT_INLINE Vec<float> in_doubles(Vec<float> a, Vec<float> b, F f) {
  HalfOfFloats x[2], y[2];
  __builtin_memcpy(x, &a.lanes, sizeof x);
  __builtin_memcpy(y, &b.lanes, sizeof y);
  using Doubles = Vec<double>::Register;
  for (int i = 0; i < 2; ++i) {
    const Vec<double> z = f(Vec<double>(__builtin_convertvector(x[i], Doubles)),
                            Vec<double>(__builtin_convertvector(y[i], Doubles)));
    x[i] = __builtin_convertvector(z.lanes, HalfOfFloats);
  }
  Vec<float> result;
  __builtin_memcpy(&result.lanes, x, sizeof x);
  return result;
}

// pow (simd.h), with the limits that C gives it. 1 ULP.
RUSHLIGHT_INLINE Vec<float> power_of(Vec<float> a, Vec<float> b) {
  using V = Vec<float>;
  const V size = abs(a);
  const V unsigned_power =
      in_doubles(size, b, [](Vec<double> x, Vec<double> y) { return exp2(y * log2(x)); });
  const V y = select((b == 0) | (size == 1), V(1), unsigned_power);
  const V half = 0.5 * b;
  const auto whole = trunc(b) == b, odd = whole & (trunc(half) != half);
  const auto no_number = (a < 0) & (size < __builtin_inf()) & !whole;
  return select(no_number, V(__builtin_nan("")), select(odd, copysign(y, a), y));
}
RUSHLIGHT_INLINE Vec<double> power_of(Vec<double> a, Vec<double> b) {
  return by_lane(a, b, [](double x, double y) { return __builtin_pow(x, y); });
}

// sqrt(a^2 + b^2), infinite if either is. 1 ULP.
RUSHLIGHT_INLINE Vec<float> length_of(Vec<float> a, Vec<float> b) {
  const auto infinite = (abs(a) == __builtin_inf()) | (abs(b) == __builtin_inf());
  const Vec<float> length =
      in_doubles(a, b, [](Vec<double> x, Vec<double> y) { return sqrt(x * x + y * y); });
  return select(infinite, Vec<float>(__builtin_inf()), length);
}
RUSHLIGHT_INLINE Vec<double> length_of(Vec<double> a, Vec<double> b) {
  return by_lane(a, b, [](double x, double y) { return __builtin_hypot(x, y); });
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
