// How the loops of MAP ops are called: one per op, number type and part.
#pragma once

#include <cstdint>

namespace rushlight {

inline constexpr int kMapOperands = 5;  // at most: the gradient, three operands, the result

struct MapArgs {
  void* out;
  const void* in[kMapOperands];
  int64_t out_step;            // in elements
  int64_t step[kMapOperands];  // 0 repeats one element
  int64_t count;
  const double* params;  // the op's attributes
};
using MapLoop = void (*)(const MapArgs&);

}  // namespace rushlight
