// What copies and fills need to know.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// out[i] = in[i] over `dims` dimensions, each with its own strides, counted in elements of 1, 2, 4, 8 or 16
// bytes. The two may not overlap. A stride of `in` may be 0 (broadcast) or negative.
struct CopyArgs {
  int dims = 0;
  const int64_t *sizes = nullptr, *out_strides = nullptr, *in_strides = nullptr;
  void* out = nullptr;
  const void* in = nullptr;
  int element_bytes = 4;
};

struct FillArgs {
  void* out = nullptr;
  int64_t count = 0;
  const void* value = nullptr;  // one element
  int element_bytes = 4;
};

}  // namespace rushlight::cpu
