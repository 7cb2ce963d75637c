// What it takes to make images whose elements are weighted sums of another's.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// Along one axis: position i is the sum of weight * element over the taps [first[i], first[i + 1]), divided
// by divisor[i].
template <class T>
struct TapLists {
  int64_t positions = 0;
  const int64_t *first = nullptr, *at = nullptr;
  const T *weight = nullptr, *divisor = nullptr;
  bool divides = false;  // not all divisors are 1
  // Positions [begin, end) have `taps` taps each. Where stride is not 0, tap k of these stands at
  // base + (i - begin) * stride + k and all weights are 1.
  int64_t begin = 0, end = 0, taps = 0, base = 0, stride = 0;
};

template <class T>
struct WeighArgs {
  int64_t planes = 0, from_rows = 0, from_columns = 0;
  TapLists<T> rows, columns;
  const T* x = nullptr;
  T* y = nullptr;  // rows.positions x columns.positions for each plane
};

}  // namespace rushlight::cpu
