// Random numbers one after the other, for initial weights and made-up data.
#pragma once

#include <cmath>
#include <cstdint>

#include "rushlight/base/philox.h"

namespace rushlight::scalar {

class RandomStream {
 public:
  explicit RandomStream(uint64_t seed) : key_{.seed = seed} {}

  double uniform(double low = 0, double high = 1) {
    const auto [first, second] = random_word_pair(key_, next_++);
    return low + (high - low) * rushlight::uniform<double>(first, second);
  }

 private:
  PhiloxKey key_;
  uint64_t next_ = 0;
};

}  // namespace rushlight::scalar
