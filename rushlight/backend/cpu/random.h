// What filling with random numbers needs to know.
#pragma once

#include <cstdint>

#include "rushlight/base/philox.h"

namespace rushlight::cpu {

// y[i] is what base/philox.h says of element i.
template <class T>
struct RandomArgs {
  PhiloxKey key;
  int64_t count = 0;
  T* y = nullptr;
  int grid_bits = 24;  // uniform floats are cut to multiples of 2^-grid_bits
};

// y[i] = x[i] * scale where the uniform float of element i is not below p, else 0. y may be x.
template <class T>
struct DropoutArgs {
  PhiloxKey key;
  int64_t count = 0;
  float p = 0;
  T scale = 1;
  const T* x = nullptr;
  T* y = nullptr;
};

}  // namespace rushlight::cpu
