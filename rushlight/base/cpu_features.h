// What this machine's CPU can do, and how many of them this process may use.
#pragma once

#include <cstdint>

namespace rushlight {

// The instruction sets for which kernels may be compiled, each a superset of the one before (x86-64 psABI
// levels).
enum class Isa : uint8_t { v2, v3, v4 };

// The widest set that this CPU, and the operating system's saved registers, support.
Isa widest_isa();

// widest_isa(), or the lower one that the environment variable RUSHLIGHT_ISA (v2, v3, v4) names.
// Throws if the variable is malformed or asks for more than the machine has.
Isa chosen_isa();

const char* isa_name(Isa isa);

// CPUs that the scheduler grants this process: the smaller of its affinity mask and its cgroups' quota, at
// least 1.
int usable_cpus();

}  // namespace rushlight
