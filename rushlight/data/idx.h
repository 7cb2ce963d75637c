// IDX files, the format of MNIST: a dtype, a shape and the elements, big-endian; plain or packed with gzip.
#pragma once

#include <string>

#include "rushlight/core/tensor.h"

namespace rushlight::data {

// The tensor that the file holds: uint8, int8, int16, int32, float32 or float64. Throws, with the offset,
// where the file is not exactly that.
Tensor load_idx(const std::string& path);

}  // namespace rushlight::data
