// What views share: where their elements lie.
#pragma once

#include <cstdint>

namespace rushlight {

// offset + count * stride, for views. Where a tensor has no elements its strides may be too large for that:
// then it need not move.
inline int64_t moved(int64_t offset, int64_t count, int64_t stride) {
  int64_t steps, sum;
  return __builtin_mul_overflow(count, stride, &steps) || __builtin_add_overflow(offset, steps, &sum) ? offset
                                                                                                      : sum;
}

}  // namespace rushlight
