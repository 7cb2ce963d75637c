// Tensors by name, in order: what the state of a model is, and what a file of weights holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rushlight/core/tensor.h"

namespace rushlight {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};
using NamedTensors = std::vector<NamedTensor>;

// The tensor of this name; null where there is none.
inline const Tensor* find_tensor(const NamedTensors& tensors, std::string_view name) {
  for (const NamedTensor& named : tensors)
    if (named.name == name) return &named.tensor;
  return nullptr;
}

}  // namespace rushlight
