// What the norms of channels share: numbers that stand for the channels of an image.
#pragma once

#include "rushlight/ops/op_rules.h"

namespace rushlight {

inline IntList all_but_channels(int rank) {
  IntList dims(0);
  for (int d = 2; d < rank; ++d) dims.push_back(d);
  return dims;
}

// One number per channel, aligned with dimension 1 of an image of this rank.
inline Tensor along_channels(const Tensor& per_channel, int rank) {
  Shape shape(static_cast<size_t>(rank), 1);
  shape[1] = per_channel.numel();
  return reshape(per_channel, span_of(shape));
}

inline Tensor scaled_by_channel(Tensor y, const Tensor& weight, const Tensor& bias) {
  int rank = y.rank();
  if (weight.defined()) y = y * along_channels(weight, rank);
  if (bias.defined()) y = y + along_channels(bias, rank);
  return y;
}

// Throws unless the tensor, if it is given, holds a number for each channel.
inline void expect_per_channel(const char* op, const char* name, const Tensor& tensor, int64_t channels) {
  if (tensor.defined() && (tensor.rank() != 1 || tensor.numel() != channels))
    fail(ErrorKind::runtime, "[", op, "] ", name, " must hold a number for each of the ", channels,
         " channels, shape (", channels, ",), but its shape is ", tensor.shape());
}

}  // namespace rushlight
