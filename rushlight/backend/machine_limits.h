// What the machine itself can do right now: what no kernel can beat whose data come from memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rushlight {

struct MachineLimits {
  double flops = 0;          // a second: multiply-adds of float32 vectors that stay in registers
  double bytes_read = 0;     // a second, from memory
  double bytes_changed = 0;  // a second, read and written back
  size_t cache_bytes = 0;    // what stays in the last cache may move faster than these; 0: unknown

  // The least time that so much work takes, in seconds. Memory goes both ways at once: changing moves more
  // bytes than reading.
  double seconds(double work, double bytes) const;
};

// Takes some tenths of a second, on all threads. Without SIMD kernels in the build there is no rate of
// arithmetic (0).
class LimitsProbe {
 public:
  LimitsProbe();
  ~LimitsProbe();
  LimitsProbe(const LimitsProbe&) = delete;
  LimitsProbe& operator=(const LimitsProbe&) = delete;
  MachineLimits measure();

 private:
  void* memory_;  // more than caches hold
  int threads_;
};

namespace internal {
// The cpu backend's: so many rounds of what the registers of one thread can do at most; how many operations
// they were.
double multiply_adds(int64_t rounds, float* kept);
}  // namespace internal

}  // namespace rushlight
