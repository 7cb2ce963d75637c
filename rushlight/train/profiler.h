// Profiler: where the time of a program goes, op by op.
//
//   train::Profiler profiler(train::TimeLine::kept);
//   for (int i = 0; i < 20; ++i) step();
//   profiler.stop();
//   std::puts(profiler.table(LimitsProbe().measure()).c_str());
//   write_file_atomically("trace.json", {profiler.chrome_trace()});  // for ui.perfetto.dev
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "rushlight/backend/machine_limits.h"
#include "rushlight/engine/op_costs.h"

namespace rushlight::train {

struct ProfileRow {
  std::string name;  // "matmul", "matmul.grad0"
  OpCost cost;
};

// Whether each kernel and span is kept with its time, for chrome_trace(). That takes time itself.
enum class TimeLine : bool { none, kept };

// From when it is made until stop(), it counts what kernels do, on all threads. One at a time.
class Profiler final : KernelListener {
 public:
  explicit Profiler(TimeLine time_line = TimeLine::none);
  ~Profiler() { stop(); }
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;
  void stop();

  // A named stretch of time, such as "forward", above the kernels that run in it.
  class Span {
   public:
    Span(Profiler& profiler, std::string name);
    ~Span();
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    Profiler& profiler_;
    std::string name_;
    int64_t began_ns_;
  };

  // Once stopped: what took the longest first.
  const std::vector<ProfileRow>& rows() const { return rows_; }
  double seconds() const { return static_cast<double>(ended_ns_ - began_ns_) * 1e-9; }  // in all
  uint64_t peak_bytes() const { return peak_bytes_; }  // the most that was live at once

  // Calls, time, rates, how near that is to what the machine can do, and memory asked for. Of what moved
  // faster than memory can and fits in a cache, only the arithmetic has a limit that is known.
  std::string table(const MachineLimits& limits) const;
  // The same as JSON: {"seconds": ..., "ops": [{"op": "matmul", "calls": ..., ...}]}
  std::string json(const MachineLimits& limits) const;
  // Every kernel and every span on a line of time, and live memory: what chrome://tracing and Perfetto read.
  // Once stopped.
  std::string chrome_trace() const;

 private:
  struct Event {
    std::string name, details;
    int64_t began_ns, nanoseconds;
    uint64_t live_bytes;
    int thread;
    bool is_kernel;
  };

  void kernel_ran(const KernelCall& call, const OpCost& cost, int64_t began_ns) override;
  void add(Event event);

  std::vector<OpCost> before_;  // of all computations, when this began
  std::vector<ProfileRow> rows_;
  int64_t began_ns_, ended_ns_ = 0;
  uint64_t peak_bytes_ = 0;
  const TimeLine time_line_;
  mutable std::mutex mutex_;  // of what follows, for kernels of several threads
  bool is_over_ = false;      // a kernel that ends later is left out
  std::vector<Event> events_;
  uint64_t events_left_out_ = 0;
};

}  // namespace rushlight::train
