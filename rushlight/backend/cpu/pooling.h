// What pooling of planes needs to know.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// One dimension of a window that slides over planes.
struct PoolAxis {
  int64_t image = 1, positions = 1;  // extents
  int64_t size = 1, stride = 1, padding = 0, dilation = 1;
};

// y's number for each position, the largest under its window: the first of equals, the last NaN. places says
// where in its plane it stands. Every window covers at least one element.
template <class T>
struct MaxPoolArgs {
  int64_t planes = 0;
  PoolAxis rows, columns;
  const T* x = nullptr;
  T* y = nullptr;
  int64_t* places = nullptr;
};

}  // namespace rushlight::cpu
