// Casts between any two element types.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// to[i * to_step] = from[i * from_step] for i < n; steps in elements. The runs may not overlap.
using CastRun = void (*)(void* to, int64_t to_step, const void* from, int64_t from_step, int64_t n);

}  // namespace rushlight::cpu
