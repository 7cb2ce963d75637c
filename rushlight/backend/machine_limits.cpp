#include "rushlight/backend/machine_limits.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "rushlight/base/clock.h"
#include "rushlight/base/memory.h"
#include "rushlight/base/os.h"
#include "rushlight/base/thread_pool.h"

namespace rushlight {

namespace {

std::atomic<float> kept;  // so that nothing is optimised away

void keep(float number) { kept.store(number, std::memory_order_relaxed); }

double flops_a_second([[maybe_unused]] int threads) {
#ifdef RUSHLIGHT_CPU
  constexpr int64_t kRounds = 400'000;
  double best = 0;
  for (int round = 0; round < 4; ++round) {  // in the first, threads come to be
    double flops = 0;
    const int64_t begin = monotonic_ns();
    parallel_for(threads, [&](int64_t t) {
      float sum;
      const double work = internal::multiply_adds(kRounds, &sum);
      keep(sum);
      if (t == 0) flops = work * threads;
    });
    best = std::max(best, flops * 1e9 / static_cast<double>(monotonic_ns() - begin));
  }
  return best;
#else
  return 0;
#endif
}

using Line = float __attribute__((vector_size(64)));

// Of a thread: more than caches hold, and not too much where there are many threads.
int64_t lines_of(int threads) {
  return std::clamp<int64_t>((int64_t{1} << 30) / threads, 8 << 20, 96 << 20) / 64;
}

void read_lines(const Line* from, int64_t lines, int64_t streams) {
  Line sums[8] = {};
  const int64_t each = lines / streams;
  for (int64_t i = 0; i < each; ++i)
    for (int64_t s = 0; s < streams; ++s) sums[s] += from[s * each + i];
  float total = 0;
  for (const Line& sum : sums) total += sum[0];
  keep(total);
}

// Where they lie: a copy would also read what it overwrites.
void change_lines(Line* memory, int64_t lines, int64_t streams) {
  const int64_t each = lines / streams;
  for (int64_t i = 0; i < each; ++i)
    for (int64_t s = 0; s < streams; ++s) memory[s * each + i] = -memory[s * each + i];
}

// The best of 1, 2, 4 and 8 streams a thread. A line crosses so many `times`.
template <class Run>
double bytes_a_second(Line* memory, int threads, int times, Run run) {
  const int64_t lines = lines_of(threads);
  double best = 0;
  for (int64_t streams : {1, 2, 4, 8}) {
    const int64_t begin = monotonic_ns();
    parallel_for(threads, [&](int64_t t) { run(memory + t * lines, lines, streams); });
    const double bytes = 64e9 * static_cast<double>(lines * times) * threads;
    best = std::max(best, bytes / static_cast<double>(monotonic_ns() - begin));
  }
  return best;
}

size_t bytes_for(int threads) { return static_cast<size_t>(threads * lines_of(threads) * 64); }

}  // namespace

double MachineLimits::seconds(double work, double bytes) const {
  const double moving = std::max(bytes_read, bytes_changed);
  return std::max(flops > 0 ? work / flops : 0, moving > 0 ? bytes / moving : 0);
}

LimitsProbe::LimitsProbe() : memory_(nullptr), threads_(num_threads()) {
  memory_ = allocate_memory(bytes_for(threads_));
  std::memset(memory_, 0, bytes_for(threads_));
}
LimitsProbe::~LimitsProbe() { free_memory(memory_, bytes_for(threads_)); }

MachineLimits LimitsProbe::measure() {
  Line* lines = static_cast<Line*>(memory_);
  return {flops_a_second(threads_), bytes_a_second(lines, threads_, 1, read_lines),
          bytes_a_second(lines, threads_, 2, change_lines), cache_bytes()};
}

}  // namespace rushlight
