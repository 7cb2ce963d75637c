// The most multiply-adds that registers can do: the measure of every other kernel.
#include <cstdint>

#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// Sums enough to hide that each waits for its last, few enough for 16 registers.
double multiply_adds(int64_t rounds, float* kept) {
  constexpr int kSums = 14;
  Vec<float> sums[kSums];
  for (Vec<float>& sum : sums) sum = 1;
  const Vec<float> factor = 0.999;
  for (int64_t i = 0; i < rounds; ++i)
#pragma GCC unroll 14
    for (int s = 0; s < kSums; ++s) sums[s] = multiply_add(sums[s], factor, factor);
  for (int s = 1; s < kSums; ++s) sums[0] += sums[s];
  *kept = sums[0][0];  // so that nothing is optimised away
  return 2.0 * Vec<float>::kLanes * kSums * static_cast<double>(rounds);
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
