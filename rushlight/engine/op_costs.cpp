#include "rushlight/engine/op_costs.h"

#include <algorithm>

#include "rushlight/base/clock.h"
#include "rushlight/engine/op_def.h"

namespace rushlight {

namespace internal {
constinit std::atomic<int> kernel_watches{0};
}

namespace {

std::atomic<bool> costs_are_counted{false};
std::atomic<KernelListener*> listener{nullptr};
thread_local DryRun* dry_run = nullptr;

struct Counters {
  std::atomic<uint64_t> calls, nanoseconds, bytes, allocations, allocated_bytes, fallbacks;
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

// visit(the field of each)
template <class Visit, class... Costs>
void for_each_count(Visit visit, Costs&... costs) {
  visit(costs.calls...);
  visit(costs.nanoseconds...);
  visit(costs.flops...);
  visit(costs.bytes...);
  visit(costs.allocations...);
  visit(costs.allocated_bytes...);
  visit(costs.fallbacks...);
}

OpCost read(const Counters& c) {
  return {c.calls, c.nanoseconds, c.flops, c.bytes, c.allocations, c.allocated_bytes, c.fallbacks};
}

template <class Visit>
void visit_all(Visit visit) {
  for (auto& parts : counters)
    for (Counters& c : parts) visit(c);
}

OpCost cost_of(const KernelCall& call) {
  return {.calls = 1, .flops = flops_of(call), .bytes = static_cast<uint64_t>(bytes_of(call))};
}

}  // namespace

namespace internal {

void count_fallback(const KernelCall& call) { add(counters_of(call).fallbacks, 1); }

void count_allocation(const KernelCall& call, size_t bytes) {
  if (!costs_are_counted.load(std::memory_order_relaxed) || dry_run) return;
  add(counters_of(call).allocations, 1);
  add(counters_of(call).allocated_bytes, bytes);
}

bool run_watched(Kernel kernel, const KernelCall& call) {
  if (dry_run) {
    dry_run->cost_ += cost_of(call);
    return true;
  }
  const int64_t began = monotonic_ns();
  if (!kernel(call)) return false;
  const int64_t ended = monotonic_ns();
  if (!costs_are_counted.load(std::memory_order_relaxed)) return true;
  OpCost cost = cost_of(call);
  cost.nanoseconds = static_cast<uint64_t>(ended - began);
  Counters& c = counters_of(call);
  add(c.nanoseconds, cost.nanoseconds);
  add(c.calls, cost.calls);
  add(c.bytes, cost.bytes);
  add(c.flops, cost.flops);
  if (KernelListener* told = listener.load(std::memory_order_acquire)) told->kernel_ran(call, cost, began);
  return true;
}

}  // namespace internal

OpCost& OpCost::operator+=(const OpCost& other) {
  for_each_count([](auto& mine, const auto& theirs) { mine += theirs; }, *this, other);
  return *this;
}
OpCost& OpCost::operator-=(const OpCost& other) {
  for_each_count([](auto& mine, const auto& theirs) { mine -= theirs; }, *this, other);
  return *this;
}

void count_costs(bool on) {
  if (costs_are_counted.exchange(on) != on) internal::kernel_watches += on ? 1 : -1;
}

void listen_to_kernels(KernelListener* told) { listener.store(told, std::memory_order_release); }

DryRun::DryRun() : outer_(dry_run) {
  dry_run = this;
  ++internal::kernel_watches;
}
DryRun::~DryRun() {
  dry_run = outer_;
  --internal::kernel_watches;
}

std::string computation_name(OpId id, Part part) {
  std::string name(name_of(id));
  if (part == Part::backward) return name + ".backward";
  if (part != Part::forward)
    return name + ".grad" + std::to_string(static_cast<int>(part) - static_cast<int>(Part::grad0));
  return name;
}

void reset_costs() {
  visit_all([](Counters& c) {
    c.calls = c.nanoseconds = c.bytes = c.allocations = c.allocated_bytes = c.fallbacks = 0;
    c.flops = 0;
  });
}

OpCost cost_of(OpId id, Part part) {
  return read(counters[static_cast<size_t>(id)][static_cast<size_t>(part)]);
}

OpCost total_cost() {
  OpCost total;
  visit_all([&](const Counters& c) { total += read(c); });
  return total;
}

uint64_t fallback_count() { return total_cost().fallbacks; }

}  // namespace rushlight
