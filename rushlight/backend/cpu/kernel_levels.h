// Which instruction sets' kernels a program holds: all that the library was built with, unless it says
// otherwise.
#pragma once

#include "rushlight/base/cpu_features.h"

namespace rushlight::cpu {

struct Kernels;

// The table for one instruction set, which the CPU may lack; null where none was built.
const Kernels* kernels_of(Isa isa);

}  // namespace rushlight::cpu

// In one source file of a program that links the static library: kernels of this instruction set alone, v2,
// v3 or v4, which makes the program some megabytes smaller. Linkers take what is defined in the program and
// leave the library's table of all levels, and so the other levels, where they are.
#define RUSHLIGHT_LINK_ONLY(level)                                                              \
  namespace rushlight::cpu {                                                                    \
  namespace level {                                                                             \
  extern const Kernels kKernels;                                                                \
  }                                                                                             \
  const Kernels* kernels_of(Isa isa) { return isa == Isa::level ? &level::kKernels : nullptr; } \
  }                                                                                             \
  static_assert(true)
