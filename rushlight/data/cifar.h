// CIFAR-10's binary files: records of a label and 3 x 32 x 32 bytes.
#pragma once

#include <string>

#include "rushlight/core/tensor.h"

namespace rushlight::data {

struct LabelledImages {
  Tensor images;  // uint8 (n, channels, height, width)
  Tensor labels;  // int64 (n)
};

// All records of these files. Each must have `records` of them, if that is not 0.
LabelledImages load_cifar10(const std::vector<std::string>& paths, int64_t records = 0);

}  // namespace rushlight::data
