// fmod for Vec. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd_parts.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// a - trunc(a / b) b, with a's sign: exact, as C has it. The rounded quotient of a lane may be one too large;
// then the rest has the other sign, and is exact too. Quotients that a number cannot hold, and what is no
// number, go lane by lane.
template <class T>
RUSHLIGHT_INLINE Vec<T> rest_of(Vec<T> a, Vec<T> b) {
  const auto exact = [](double x, double y) { return __builtin_fmod(x, y); };
  if constexpr (!kHasFma) return by_lane(a, b, exact);
  constexpr double kLargest = kSingle<T> ? 0x1p24 : 0x1p53;
  const Vec<T> quotient = a / b, rest = multiply_add(-trunc(quotient), b, a);
  const auto too_far = ((rest < 0) & (a > 0)) | ((rest > 0) & (a < 0));
  const Vec<T> y = copysign(select(too_far, abs(b) - abs(rest), rest), a);
  const auto rare = !((abs(quotient) < kLargest) & (abs(b) < __builtin_inf()));
  return any(rare) ? select(rare, by_lane(a, b, exact), y) : y;
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
