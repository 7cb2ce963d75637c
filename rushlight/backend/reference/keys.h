// Elements as keys: unsigned numbers in the same order, so that what only compares elements is written for
// one type.
#pragma once

#include <vector>

#include "rushlight/core/tensor.h"

namespace rushlight::reference {

// The keys of the elements at `places`, a layout over the tensor's storage. Equal elements have equal keys
// (-0 is 0), and NaN's is above all others.
std::vector<uint64_t> keys_of(const Tensor& tensor, const Layout& places);

// Whether a key is that of a NaN; one of an integer never is.
inline bool is_nan_key(uint64_t key, DType dtype) { return is_floating(dtype) && key == ~uint64_t{0}; }

}  // namespace rushlight::reference
