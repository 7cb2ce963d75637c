// What a reduction needs to know.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

enum class Reduction : uint8_t { sum, product, largest, smallest };

// y[o, i] = scale * fold of x[o, r, i] over r; x is outer x reduced x inner, row-major, y outer x inner.
// largest and smallest let a NaN win and need reduced > 0. `accumulate` adds onto y (sum only).
template <class T>
struct ReductionArgs {
  Reduction kind = Reduction::sum;
  int64_t outer = 1, reduced = 0, inner = 1;
  const T* x = nullptr;
  T* y = nullptr;
  double scale = 1;
  bool accumulate = false;
};

}  // namespace rushlight::cpu
