// Where a tensor is not zero, for ops whose result's shape depends on it.
#pragma once

#include <vector>

#include "rushlight/core/tensor.h"

namespace rushlight {

// Row-major positions of the elements that are not zero. A recording trace refuses: `op` is who asks.
Tensor flat_nonzero(const char* op, const Tensor& input);
// The same as one index tensor for each dimension.
std::vector<Tensor> nonzero_indices(const char* op, const Tensor& input);

}  // namespace rushlight
