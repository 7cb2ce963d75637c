// Loops of elementwise ops over truth values and whole numbers, and of comparisons: those ops and types that
// long tensors meet.
#pragma once

#include "rushlight/backend/map_facts.h"

namespace rushlight::cpu {

// Takes a multiple of kWholeLanes elements; steps are 1, or 0 if in[] points to kWholeLanes equal elements.
// Else as plain_map_loop() has it. Null where there is none.
inline constexpr int kWholeLanes = 64;
MapLoop whole_map_loop(OpId id, DType type);

}  // namespace rushlight::cpu
