// What every op has cost: the one place where calls, time, arithmetic, memory and fallbacks are counted. Off,
// and then free but for one look at a number, until count_costs(true).
#pragma once

#include <atomic>
#include <string>

#include "rushlight/backend/kernel_args.h"

namespace rushlight {

namespace internal {

// How many reasons there are to look at kernels.
extern constinit std::atomic<int> kernel_watches;

bool run_watched(Kernel, const KernelCall&);
void count_fallback(const KernelCall&);
void count_allocation(const KernelCall&, size_t bytes);

}  // namespace internal

struct OpCost {
  uint64_t calls = 0, nanoseconds = 0;
  double flops = 0;    // an estimate from the shapes; one per element where an op knows nothing better
  uint64_t bytes = 0;  // of the tensors read and written; what broadcasting repeats is counted once
  uint64_t allocations = 0, allocated_bytes = 0;  // results that needed memory
  uint64_t fallbacks = 0;  // calls that ran on the reference kernel for want of another; always counted

  OpCost& operator+=(const OpCost& other);
  OpCost& operator-=(const OpCost& other);  // what an earlier reading held
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

// "gelu", "gelu.grad0", "layer_norm.backward"
std::string computation_name(OpId id, Part part);

// Told of each kernel that ran while costs were counted, on the thread that called it.
class KernelListener {
 public:
  virtual void kernel_ran(const KernelCall& call, const OpCost& cost, int64_t began_ns) = 0;

 protected:
  ~KernelListener() = default;
};
// Null: nobody. A kernel that another thread runs meanwhile may still tell the former one.
void listen_to_kernels(KernelListener* listener);

// While one lives, this thread's kernels do not run and are counted here: results have memory that nobody
// fills. So a program of tensors, whose shapes do not hang on elements, tells what it would cost, and
// memory_stats() what it would hold.
class DryRun {
 public:
  DryRun();
  ~DryRun();
  DryRun(const DryRun&) = delete;
  DryRun& operator=(const DryRun&) = delete;
  const OpCost& cost() const { return cost_; }

 private:
  friend bool internal::run_watched(Kernel, const KernelCall&);
  OpCost cost_;
  DryRun* outer_;
};

// Every kernel is run by this.
inline bool run_kernel(Kernel kernel, const KernelCall& call) {
  if (internal::kernel_watches.load(std::memory_order_relaxed)) [[unlikely]]
    return internal::run_watched(kernel, call);
  return kernel(call);
}

}  // namespace rushlight
