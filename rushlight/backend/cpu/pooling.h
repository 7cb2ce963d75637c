// What pooling needs to know. Images have up to three dimensions (a line is a plane of one row, a plane a
// volume of one slice) and are dense: items x channels x volume numbers, or items x volume x channels if they
// lie `by_pixel`.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// One dimension of a window that slides over volumes; at first one that an image does not have.
struct PoolAxis {
  int64_t image = 1, positions = 1;  // extents
  int64_t size = 1, stride = 1, padding = 0, dilation = 1;
};

// y's number for each position, the largest under its window: the first of equals, the last NaN. places says
// where in its volume it stands. Every window covers at least one element; a volume has less than 2^31.
template <class T>
struct MaxPoolArgs {
  int64_t items = 0, channels = 0;
  bool by_pixel = false;
  PoolAxis slices, rows, columns;
  const T* x = nullptr;
  T* y = nullptr;
  int64_t* places = nullptr;
};

// grad_x, zeros but for what each element of grad adds at its place of the volume.
template <class T>
struct MaxPoolGradientArgs {
  int64_t items = 0, channels = 0;
  bool by_pixel = false;
  int64_t positions = 0, volume = 0;  // numbers of a channel in grad and in grad_x
  const T* grad = nullptr;
  const int64_t* places = nullptr;
  T* grad_x = nullptr;
};

}  // namespace rushlight::cpu
