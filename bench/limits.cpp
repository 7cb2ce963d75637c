// What the machine itself can do right now: fused multiply-adds of vectors that stay in registers, and bytes
// from and to memory. Served in turn with the contestants, because a machine is not equally fast all day.
//
//   bench_limits [--threads N]
//
// Says "ready"; then, for each line on standard input: GFLOP/s, GB/s read, GB/s read and written.
#include <immintrin.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "rushlight/base/clock.h"
#include "rushlight/base/cpu_features.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

// -- arithmetic: sums enough to hide that each waits for its last

constexpr int kSums = 14;
constexpr int64_t kSteps = 400'000;

__attribute__((target("avx512f"))) float multiply_512() {
  __m512 sums[kSums];
  std::fill_n(sums, kSums, _mm512_set1_ps(1.0f));
  const __m512 factor = _mm512_set1_ps(0.999f);
  for (int64_t i = 0; i < kSteps; ++i)
#pragma GCC unroll 14
    for (size_t s = 0; s < kSums; ++s) sums[s] = _mm512_fmadd_ps(sums[s], factor, factor);
  __m512 total = sums[0];
  for (size_t s = 1; s < kSums; ++s) total = _mm512_add_ps(total, sums[s]);
  return _mm512_cvtss_f32(total);
}

__attribute__((target("avx2,fma"))) float multiply_256() {
  __m256 sums[kSums];
  std::fill_n(sums, kSums, _mm256_set1_ps(1.0f));
  const __m256 factor = _mm256_set1_ps(0.999f);
  for (int64_t i = 0; i < kSteps; ++i)
#pragma GCC unroll 14
    for (size_t s = 0; s < kSums; ++s) sums[s] = _mm256_fmadd_ps(sums[s], factor, factor);
  __m256 total = sums[0];
  for (size_t s = 1; s < kSums; ++s) total = _mm256_add_ps(total, sums[s]);
  return _mm256_cvtss_f32(total);
}

float multiply_128() {
  __m128 sums[kSums];
  std::fill_n(sums, kSums, _mm_set1_ps(1.0f));
  const __m128 factor = _mm_set1_ps(0.999f);
  for (int64_t i = 0; i < kSteps; ++i)
#pragma GCC unroll 14
    for (size_t s = 0; s < kSums; ++s) sums[s] = _mm_add_ps(_mm_mul_ps(sums[s], factor), factor);
  __m128 total = sums[0];
  for (size_t s = 1; s < kSums; ++s) total = _mm_add_ps(total, sums[s]);
  return _mm_cvtss_f32(total);
}

volatile float kept;  // so that nothing is optimised away

double gigaflops() {
  struct Way {
    float (*run)();
    int lanes;
  };
  const Way way = __builtin_cpu_supports("avx512f") ? Way{multiply_512, 16}
                  : __builtin_cpu_supports("fma")   ? Way{multiply_256, 8}
                                                    : Way{multiply_128, 4};
  const int threads = num_threads();
  int64_t start = monotonic_ns();
  parallel_for(threads, [&](int64_t) { kept = way.run(); });
  double flops = 2.0 * way.lanes * kSums * static_cast<double>(kSteps) * threads;
  return flops / static_cast<double>(monotonic_ns() - start);
}

// -- memory: the best of 1, 2, 4 and 8 streams a thread

using Line = float __attribute__((vector_size(64)));
constexpr int64_t kLines = (int64_t{96} << 20) / 64;  // of a thread; more than caches hold

float read(const Line* from, int64_t lines, int64_t streams) {
  Line sums[8] = {};
  const int64_t each = lines / streams;
  for (int64_t i = 0; i < each; ++i)
    for (int64_t s = 0; s < streams; ++s) sums[s] += from[s * each + i];
  float total = 0;
  for (const Line& sum : sums) total += sum[0];
  return total;
}

// Half of the lines to the other half.
void copy(Line* memory, int64_t lines, int64_t streams) {
  const int64_t each = lines / 2 / streams;
  for (int64_t i = 0; i < each; ++i)
    for (int64_t s = 0; s < streams; ++s) memory[lines / 2 + s * each + i] = memory[s * each + i];
}

// run(the thread's lines, how many streams)
template <class Run>
double gigabytes(Line* memory, Run run) {
  const int threads = num_threads();
  double best = 0;
  for (int64_t streams : {1, 2, 4, 8}) {
    int64_t start = monotonic_ns();
    parallel_for(threads, [&](int64_t t) { run(memory + t * kLines, streams); });
    double bytes = 64.0 * static_cast<double>(kLines) * threads;
    best = std::max(best, bytes / static_cast<double>(monotonic_ns() - start));
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--threads") == 0) set_num_threads(std::atoi(argv[2]));
  Tensor memory = full({num_threads() * kLines * 16}, 1.0);
  Line* lines = reinterpret_cast<Line*>(memory.data<float>());
  std::puts("ready");
  char line[16];
  while (std::fflush(stdout), std::fgets(line, sizeof line, stdin)) {
    double reading =
        gigabytes(lines, [](Line* from, int64_t streams) { kept = read(from, kLines, streams); });
    double copying = gigabytes(lines, [](Line* memory, int64_t streams) { copy(memory, kLines, streams); });
    std::printf("%.2f %.2f %.2f\n", gigaflops(), reading, copying);
  }
}
