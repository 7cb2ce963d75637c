#include "rushlight/engine/op_costs.h"

#include <algorithm>

#include "rushlight/base/clock.h"
#include "rushlight/engine/op_def.h"

namespace rushlight {

namespace internal {
constinit std::atomic<bool> costs_are_counted{false};
}

namespace {

struct Counters {
  std::atomic<uint64_t> calls, nanoseconds, bytes, allocations, fallbacks;
  std::atomic<double> flops;
};
Counters counters[kOpCount][kPartCount];

Counters& counters_of(const KernelCall& call) {
  return counters[static_cast<size_t>(call.id)][static_cast<size_t>(call.part)];
}

template <class T, class N>
void add(std::atomic<T>& counter, N amount) {
  counter.fetch_add(static_cast<T>(amount), std::memory_order_relaxed);
}

double bytes_of(const Tensor& tensor) {
  if (!tensor.defined()) return 0;
  auto bytes = static_cast<double>(size_of(tensor.dtype()));
  for (int d = 0; d < tensor.rank(); ++d)
    if (tensor.layout().stride(d) != 0) bytes *= static_cast<double>(tensor.size(d));
  return bytes;
}
// Ops that read no more of their first input than they return, however large it is.
bool picks(const KernelCall& call) {
  return call.id == OpId::index_select || call.id == OpId::index || call.id == OpId::gather;
}
double bytes_of(const KernelCall& call) {
  double bytes = 0;
  for (size_t i = 0; i < call.in.size(); ++i) {
    double input = bytes_of(call.in[i]);
    bytes += i == 0 && picks(call) ? std::min(input, bytes_of(call.out[0])) : input;
  }
  for (const Tensor& out : call.out) bytes += bytes_of(out);
  return bytes;
}

double flops_of(const KernelCall& call) {
  if (auto estimate = op_def(call.id).flops) return estimate(call);
  double elements = 0;
  for (const Tensor& out : call.out)
    if (out.defined()) elements += static_cast<double>(out.numel());
  return elements;
}

OpCost read(const Counters& c) {
  return {c.calls, c.nanoseconds, c.flops, c.bytes, c.allocations, c.fallbacks};
}

template <class Visit>
void visit_all(Visit visit) {
  for (auto& parts : counters)
    for (Counters& c : parts) visit(c);
}

}  // namespace

namespace internal {

void count_fallback(const KernelCall& call) { add(counters_of(call).fallbacks, 1); }

void count_allocation(const KernelCall& call) {
  if (costs_are_counted.load(std::memory_order_relaxed)) add(counters_of(call).allocations, 1);
}

bool run_counted(Kernel kernel, const KernelCall& call) {
  int64_t start = monotonic_ns();
  if (!kernel(call)) return false;
  Counters& c = counters_of(call);
  add(c.nanoseconds, monotonic_ns() - start);
  add(c.calls, 1);
  add(c.bytes, bytes_of(call));
  add(c.flops, flops_of(call));
  return true;
}

}  // namespace internal

void count_costs(bool on) { internal::costs_are_counted = on; }

void reset_costs() {
  visit_all([](Counters& c) {
    c.calls = c.nanoseconds = c.bytes = c.allocations = c.fallbacks = 0;
    c.flops = 0;
  });
}

OpCost cost_of(OpId id, Part part) {
  return read(counters[static_cast<size_t>(id)][static_cast<size_t>(part)]);
}

OpCost total_cost() {
  OpCost total;
  visit_all([&](const Counters& c) {
    OpCost cost = read(c);
    total.calls += cost.calls;
    total.nanoseconds += cost.nanoseconds;
    total.flops += cost.flops;
    total.bytes += cost.bytes;
    total.allocations += cost.allocations;
    total.fallbacks += cost.fallbacks;
  });
  return total;
}

uint64_t fallback_count() { return total_cost().fallbacks; }

}  // namespace rushlight
