// Runs of elementwise work for the loops of MAP ops: any steps, lengths and element types, in parallel
// chunks.
#pragma once

#include "rushlight/backend/cpu/cast.h"
#include "rushlight/backend/map_loop.h"
#include "rushlight/backend/strided_loop.h"

namespace rushlight::cpu {

// Steps of the result, then of the operands, in elements.
using MapDim = StridedLoop<kMapOperands + 1>::Dim;

// How one operand lies in memory.
struct MapPort {
  CastRun cast = nullptr;  // into the loop's number type, or out of it
  bool same = true;        // memory holds the loop's own type: cast is a copy
  int bytes = 4;           // of an element in memory
  int loop_bytes = 4;      // ... and in the loop
};

struct MapRun {
  MapLoop loop = nullptr;
  int lanes = 1;  // the loop takes multiples of them, side by side or repeated; with 1 it takes any steps
  int operands = 0;
  MapPort out = {}, in[kMapOperands] = {};
  std::span<const MapDim> outer = {};  // how often the run is repeated, the innermost dimension first
};

// `first` describes the first row; steps are in elements. The result may be the same memory as an operand of
// the same steps and type, and may overlap none otherwise.
void run_map(const MapRun& run, const MapArgs& first);

}  // namespace rushlight::cpu
