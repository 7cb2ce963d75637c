// The vocabulary of math/number.h for Vec<float> and Vec<double>, each with its largest error in ULP. Only
// for *.isa.cpp files. What has no vector version runs lane by lane in double: correct to 1 ULP, and some ten
// times slower.
#pragma once

#include "rushlight/backend/cpu/simd_error_function.h"
#include "rushlight/backend/cpu/simd_exponential.h"
#include "rushlight/backend/cpu/simd_hyperbolic.h"
#include "rushlight/backend/cpu/simd_power.h"
#include "rushlight/backend/cpu/simd_remainder.h"
#include "rushlight/backend/cpu/simd_trigonometry.h"
#include "rushlight/math/special_functions.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

#define RUSHLIGHT_BY_LANE(name, function)                          \
  template <class T>                                               \
  RUSHLIGHT_INLINE Vec<T> name(Vec<T> x) {                         \
    return by_lane(x, [](double lane) { return function(lane); }); \
  }
RUSHLIGHT_BY_LANE(erfinv, math::special::erfinv)
RUSHLIGHT_BY_LANE(lgamma, math::special::lgamma)
RUSHLIGHT_BY_LANE(digamma, math::special::digamma)
#undef RUSHLIGHT_BY_LANE

template <class T>
RUSHLIGHT_INLINE Vec<T> polygamma(double n, Vec<T> x) {
  return by_lane(x, [n](double lane) { return math::special::polygamma(n, lane); });
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
