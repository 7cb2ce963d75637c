// What every op has cost: the one place where calls, time, arithmetic, memory and fallbacks are counted. Off,
// and then free but for one look at a flag, until count_costs(true).
#pragma once

#include <atomic>

#include "rushlight/backend/kernel_args.h"

namespace rushlight {

struct OpCost {
  uint64_t calls = 0, nanoseconds = 0;
  double flops = 0;          // an estimate from the shapes; one per element where an op knows nothing better
  uint64_t bytes = 0;        // of the tensors read and written; what broadcasting repeats is counted once
  uint64_t allocations = 0;  // results that needed memory
  uint64_t fallbacks = 0;    // calls that ran on the reference kernel for want of another; always counted
};

// Begins or ends to count, in all threads. What was counted stays.
void count_costs(bool on);
void reset_costs();
// Of one of the op's computations since the last reset.
OpCost cost_of(OpId id, Part part = Part::forward);
// Of all parts of all ops.
OpCost total_cost();
// How often any op fell back. RUSHLIGHT_FALLBACK=error: never, such a call throws.
uint64_t fallback_count();

namespace internal {

extern constinit std::atomic<bool> costs_are_counted;

void count_fallback(const KernelCall&);
void count_allocation(const KernelCall&);
bool run_counted(Kernel, const KernelCall&);

}  // namespace internal

// Every kernel is run by this.
inline bool run_kernel(Kernel kernel, const KernelCall& call) {
  if (internal::costs_are_counted.load(std::memory_order_relaxed)) [[unlikely]]
    return internal::run_counted(kernel, call);
  return kernel(call);
}

}  // namespace rushlight
