#include "rushlight/train/profiler.h"

#include <algorithm>
#include <cstdio>

#include "rushlight/base/clock.h"
#include "rushlight/base/memory.h"
#include "rushlight/base/memory_account.h"
#include "rushlight/train/run_log.h"

namespace rushlight::train {

namespace {

constexpr size_t kMostEvents = 1'000'000;  // some hundred megabytes

int number_of_this_thread() {
  static std::atomic<int> threads{0};
  thread_local const int number = ++threads;
  return number;
}

// Of every part of every op.
std::vector<OpCost> all_costs() {
  std::vector<OpCost> costs;
  for (int id = 0; id < kOpCount; ++id)
    for (int part = 0; part < kPartCount; ++part)
      costs.push_back(cost_of(static_cast<OpId>(id), static_cast<Part>(part)));
  return costs;
}

double seconds_of(const OpCost& cost) { return static_cast<double>(cost.nanoseconds) * 1e-9; }

// The least time for so much work over the time it took.
struct ShareOfLimit {
  double share;
  bool in_cache;  // memory could not have moved so much: what remains is the share of arithmetic
};

ShareOfLimit share_of_limit(const OpCost& cost, const MachineLimits& limits) {
  const double spent = std::max(seconds_of(cost), 1e-9), bytes = static_cast<double>(cost.bytes);
  const double arithmetic = limits.seconds(cost.flops, 0) / spent, moving = limits.seconds(0, bytes) / spent;
  const bool fits = limits.cache_bytes == 0 ||
                    bytes <= static_cast<double>(cost.calls) * static_cast<double>(limits.cache_bytes);
  const bool in_cache = moving > 1 && fits;
  return {in_cache ? arithmetic : std::max(arithmetic, moving), in_cache};
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
  char text[160];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string shapes_of(const KernelCall& call) {
  std::string text;
  for (size_t i = 0; i < call.in.size(); ++i)
    if (call.in[i].defined()) text += (text.empty() ? "" : ", ") + join_text(call.in[i]);
  return text;
}

// Times of Chrome's format are microseconds.
std::string microseconds(int64_t nanoseconds) {
  return formatted("%.3f", static_cast<double>(nanoseconds) * 1e-3);
}

}  // namespace

Profiler::Profiler(TimeLine time_line)
    : before_(all_costs()), began_ns_(monotonic_ns()), time_line_(time_line) {
  reset_peak_memory();
  if (time_line_ == TimeLine::kept) listen_to_kernels(this);
  count_costs(true);
}

void Profiler::stop() {
  if (ended_ns_ != 0) return;
  count_costs(false);
  listen_to_kernels(nullptr);
  ended_ns_ = monotonic_ns();
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  peak_bytes_ = memory_stats().peak_bytes;
  const std::vector<OpCost> after = all_costs();
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i].calls == before_[i].calls) continue;
    OpCost spent = after[i];
    spent -= before_[i];
    rows_.push_back(
        {computation_name(static_cast<OpId>(i / kPartCount), static_cast<Part>(i % kPartCount)), spent});
  }
  std::sort(rows_.begin(), rows_.end(),
            [](const ProfileRow& a, const ProfileRow& b) { return a.cost.nanoseconds > b.cost.nanoseconds; });
}

void Profiler::kernel_ran(const KernelCall& call, const OpCost& cost, int64_t began_ns) {
  const double nanoseconds = std::max<double>(1, static_cast<double>(cost.nanoseconds));
  std::string details = "\"inputs\": ";
  io::append_json_text(details, shapes_of(call));
  details += formatted(", \"GFLOP/s\": %.3g, \"GB/s\": %.3g", cost.flops / nanoseconds,
                       static_cast<double>(cost.bytes) / nanoseconds);
  add({computation_name(call.id, call.part), std::move(details), began_ns,
       static_cast<int64_t>(cost.nanoseconds), memory_account.live_bytes(), number_of_this_thread(), true});
}

void Profiler::add(Event event) {
  if (time_line_ == TimeLine::none) return;
  const std::lock_guard lock(mutex_);
  if (is_over_) return;
  if (events_.size() < kMostEvents)
    events_.push_back(std::move(event));
  else
    ++events_left_out_;
}

Profiler::Span::Span(Profiler& profiler, std::string name)
    : profiler_(profiler), name_(std::move(name)), began_ns_(monotonic_ns()) {}

Profiler::Span::~Span() {
  profiler_.add(
      {std::move(name_), "", began_ns_, monotonic_ns() - began_ns_, 0, number_of_this_thread(), false});
}

std::string Profiler::table(const MachineLimits& limits) const {
  std::string text = formatted("%-28s %7s %9s %7s %8s %7s %6s  %9s\n", "op", "calls", "ms", "share",
                               "GFLOP/s", "GB/s", "limit", "memory");
  double in_kernels = 0;
  bool in_cache = false, beyond = false;
  for (const auto& [name, cost] : rows_) {
    const double spent = seconds_of(cost);
    const ShareOfLimit limit = share_of_limit(cost, limits);
    in_kernels += spent;
    in_cache |= limit.in_cache, beyond |= limit.share > 1;
    text += formatted("%-28s %7llu %9.2f %5.1f %% %8.1f %7.1f %6s%c %9s\n", name.c_str(),
                      static_cast<unsigned long long>(cost.calls), spent * 1e3, 100 * spent / seconds(),
                      cost.flops * 1e-9 / spent, static_cast<double>(cost.bytes) * 1e-9 / spent,
                      limit.share > 1 ? ">100 %" : formatted("%.0f %%", 100 * limit.share).c_str(),
                      limit.in_cache ? '*' : ' ',
                      cost.allocated_bytes ? readable_bytes(cost.allocated_bytes).c_str() : "-");
  }
  const double between = std::max(0.0, seconds() - in_kernels);
  text += formatted("%-28s %7s %9.2f %5.1f %%\n", "between kernels", "", between * 1e3,
                    100 * between / seconds());
  text += formatted("%-28s %7s %9.2f          at most %s live\n", "in all", "", seconds() * 1e3,
                    readable_bytes(peak_bytes_).c_str());
  if (in_cache) text += "* faster than memory, so in a cache: the share is of the arithmetic alone\n";
  if (beyond)
    text +=
        ">100 %: fewer operations than the plain formula's (Winograd), or the machine was busy when its "
        "limits were measured\n";
  return text;
}

std::string Profiler::json(const MachineLimits& limits) const {
  std::string text = "{\"seconds\": " + json_number(seconds()) +
                     ", \"peak_bytes\": " + json_number(static_cast<int64_t>(peak_bytes_)) + ", \"ops\": [";
  for (const auto& [name, cost] : rows_) {
    const ShareOfLimit limit = share_of_limit(cost, limits);
    text += (text.back() == '[' ? "" : ", ") +
            json_line({{"op", name},
                       {"calls", static_cast<int64_t>(cost.calls)},
                       {"seconds", seconds_of(cost)},
                       {"flops", cost.flops},
                       {"bytes", static_cast<int64_t>(cost.bytes)},
                       {"allocated_bytes", static_cast<int64_t>(cost.allocated_bytes)},
                       {"share_of_limit", limit.share},
                       {"in_cache", io::Json(limit.in_cache)}});
  }
  return text + "]}";
}

std::string Profiler::chrome_trace() const {
  const std::lock_guard lock(mutex_);
  std::string text = "{\"displayTimeUnit\": \"ms\", \"otherData\": {\"events left out\": " +
                     std::to_string(events_left_out_) + "}, \"traceEvents\": [\n";
  const char* separator = "";
  for (const Event& event : events_) {
    text += separator + std::string("{\"name\": ");
    io::append_json_text(text, event.name);
    text += formatted(", \"cat\": \"%s\", \"ph\": \"X\", \"pid\": 1, \"tid\": %d",
                      event.is_kernel ? "kernel" : "span", event.thread) +
            ", \"ts\": " + microseconds(event.began_ns - began_ns_) +
            ", \"dur\": " + microseconds(event.nanoseconds) + ", \"args\": {" + event.details + "}}";
    if (event.is_kernel)
      text += ",\n{\"name\": \"live memory\", \"ph\": \"C\", \"pid\": 1, \"ts\": " +
              microseconds(event.began_ns + event.nanoseconds - began_ns_) +
              formatted(", \"args\": {\"MB\": %.3f}}", static_cast<double>(event.live_bytes) * 1e-6);
    separator = ",\n";
  }
  return text + "\n]}\n";
}

}  // namespace rushlight::train
