// What normalising the channels of images needs to know. Images are dense: items x channels x plane numbers,
// or items x plane x channels if they lie `by_pixel`.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// y = (x - mean) / sqrt(variance + eps) * weight + bias, the statistics those given, or else those of each
// channel over all items; weight and bias may be null. With `relu`, negative results are 0. With `pool` > 1,
// y is the largest in each window of pool x pool pixels of planes whose lines are `width` long, which lie by
// pixel. Writes the statistics and 1 / sqrt(variance + eps), one number for each channel.
template <class T>
struct ChannelNormArgs {
  int64_t items = 0, channels = 0, plane = 0;
  bool by_pixel = false, relu = false;
  int64_t pool = 1, width = 1;
  double eps = 1e-5;
  const T *x = nullptr, *weight = nullptr, *bias = nullptr;
  const T *given_mean = nullptr, *given_variance = nullptr;  // both or neither
  T *y = nullptr, *mean = nullptr, *variance = nullptr, *rstd = nullptr;
};

// Gradients that are null are not computed. Where the relu cut off is computed anew, as a look at y would be
// one more read.
template <class T>
struct ChannelNormBackwardArgs {
  int64_t items = 0, channels = 0, plane = 0;
  bool by_pixel = false, relu = false;
  bool given = false;  // the statistics: they do not depend on x
  int64_t pool = 1, width = 1;
  const T *x = nullptr, *weight = nullptr, *bias = nullptr, *mean = nullptr, *rstd = nullptr, *grad = nullptr;
  T *grad_x = nullptr, *grad_weight = nullptr, *grad_bias = nullptr;
};

}  // namespace rushlight::cpu
