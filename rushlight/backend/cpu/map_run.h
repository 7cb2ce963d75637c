// Runs of elementwise work for the loops of the SIMD kernels: any steps and lengths, bool masks, parallel
// chunks.
#pragma once

#include "rushlight/backend/map_loop.h"

namespace rushlight::cpu {

struct MapRun {
  MapLoop loop = nullptr;
  bool wide = false;  // the loop computes in double, else in float
  int operands = 0;
  unsigned bool_operands = 0;  // bit k: in[k] is bool in memory
  bool bool_result = false;
  int64_t rows = 1;  // how often the run is repeated, with these steps from one to the next
  int64_t out_row = 0, in_row[kMapOperands] = {};
};

// `first` describes the first row: count elements of the loop's number type or of bool, with any steps. The
// result may be the same memory as an operand of the same steps, and may overlap none otherwise.
void run_map(const MapRun& run, const MapArgs& first);

}  // namespace rushlight::cpu
