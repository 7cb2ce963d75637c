// What a product with a packed weight needs to know.
#pragma once

#include <cstdint>

#include "rushlight/core/dtype.h"

namespace rushlight::cpu {

// y = x W^T (+ bias) in float32. W is packed in panels of kPanelOutputs outputs: (panels, features, 16)
// numbers, without gaps, of float32, bfloat16, float16 or int8. An int8 weight has scales, (panels, groups,
// 16). Bits depend on the shapes, not on the thread count.
constexpr int64_t kPanelOutputs = 16;

struct PackedLinearArgs {
  int64_t rows = 0, features = 0, outputs = 0;
  const float* x = nullptr;  // rows x features
  DType dtype = DType::float32;
  const void* weight = nullptr;
  int64_t groups = 1;
  const float* scale = nullptr;
  const float* bias = nullptr;  // `outputs` numbers
  float* y = nullptr;           // rows x outputs
};

}  // namespace rushlight::cpu
