// How a matrix product climbs from three loops to the speed of the machine, step by step; each step is one
// idea.
//
//   bench_climb [--n N] [--json FILE]
//
// Prints milliseconds and GF/s of C = A B for n x n floats, and how much faster each step is than the one
// before. docs/performance.md tells the story.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/base/clock.h"
#include "rushlight/base/thread_pool.h"

namespace {

using Matrix = std::vector<float>;  // row-major, n x n
constexpr int64_t kBlock = 8;

// 1. As the textbook has it. Every step of the inner loop jumps a row of B, and waits for the sum before it.
void naive(int64_t n, const float* a, const float* b, float* c) {
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < n; ++k) sum += a[i * n + k] * b[k * n + j];
      c[i * n + j] = sum;
    }
}

// A block of 8 x 8 sums over all of k. Each number that is read serves eight sums, which do not wait for each
// other. Row p of B's block starts at b + p * b_row.
void multiply_block(int64_t n, const float* a, const float* b, int64_t b_row, float* c) {
  float sums[kBlock][kBlock] = {};
  for (int64_t k = 0; k < n; ++k)
    for (int64_t i = 0; i < kBlock; ++i)
      for (int64_t j = 0; j < kBlock; ++j) sums[i][j] += a[i * n + k] * b[k * b_row + j];
  for (int64_t i = 0; i < kBlock; ++i) std::copy_n(sums[i], kBlock, c + i * n);
}

// 2. C in blocks of 8 x 8.
void blocked(int64_t n, const float* a, const float* b, float* c) {
  for (int64_t i = 0; i < n; i += kBlock)
    for (int64_t j = 0; j < n; j += kBlock) multiply_block(n, a + i * n, b + j, n, c + i * n + j);
}

// 3. Eight columns of B are copied side by side first, and stay in L1 while all rows of A pass by.
void packed(int64_t n, const float* a, const float* b, float* c) {
  std::vector<float> panel(static_cast<size_t>(n * kBlock));
  for (int64_t j = 0; j < n; j += kBlock) {
    for (int64_t k = 0; k < n; ++k) std::copy_n(b + k * n + j, kBlock, panel.data() + k * kBlock);
    for (int64_t i = 0; i < n; i += kBlock) multiply_block(n, a + i * n, panel.data(), kBlock, c + i * n + j);
  }
}

// 4 and 5. The library's: vectors and fused multiply-adds, tiles that fill the registers, blocks for every
// cache.
void by_library(int64_t n, const float* a, const float* b, float* c) {
  rushlight::cpu::kernels().f32.gemm(
      {.m = n, .n = n, .k = n, .a = a, .a_row = n, .b = b, .b_row = n, .c = c, .c_row = n});
}

struct Step {
  const char* name;
  void (*run)(int64_t, const float*, const float*, float*);
  int threads;
};

double best_ms(const Step& step, int64_t n, const Matrix& a, const Matrix& b, Matrix& c) {
  rushlight::set_num_threads(step.threads);
  double best = INFINITY;
  int64_t begin = rushlight::monotonic_ns();
  for (int round = 0; round < 50 && (round < 3 || rushlight::monotonic_ns() - begin < 500'000'000); ++round) {
    int64_t start = rushlight::monotonic_ns();
    step.run(n, a.data(), b.data(), c.data());
    best = std::min(best, static_cast<double>(rushlight::monotonic_ns() - start) / 1e6);
  }
  return best;
}

Matrix numbers(int64_t n, uint32_t state) {
  Matrix matrix(static_cast<size_t>(n * n));
  for (float& x : matrix)
    x = static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0f - 0.5f;
  return matrix;
}

// Every step must have computed the same.
void check(const Step& step, const Matrix& made, const Matrix& first) {
  for (size_t i = 0; i < made.size(); ++i)
    if (!(std::abs(made[i] - first[i]) < 1e-3f)) {
      std::fprintf(stderr, "bench_climb: '%s' gives %g where '1 naive' gave %g\n", step.name, made[i],
                   first[i]);
      std::exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
  int64_t n = 1024;
  const char* json = nullptr;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--n") n = std::max<int64_t>(1, std::atoll(argv[i + 1]) / kBlock) * kBlock;
    if (std::string(argv[i]) == "--json") json = argv[i + 1];
  }
  int threads = rushlight::num_threads();
  const Step steps[] = {{"1 naive", naive, 1},
                        {"2 blocked 8 x 8", blocked, 1},
                        {"3 packed", packed, 1},
                        {"4 SIMD", by_library, 1},
                        {"5 threads", by_library, threads}};
  Matrix a = numbers(n, 1), b = numbers(n, 2), c(a.size()), first;
  double flops = 2 * std::pow(static_cast<double>(n), 3), before = 0;
  std::string rows;
  std::printf("C = A B, %lld x %lld floats; the last on %d threads\n", static_cast<long long>(n),
              static_cast<long long>(n), threads);
  for (const Step& step : steps) {
    double ms = best_ms(step, n, a, b, c);
    if (first.empty()) first = c;
    check(step, c, first);
    std::printf("%-18s %10.2f ms %8.1f GF/s", step.name, ms, flops / ms / 1e6);
    if (before > 0) std::printf("   %5.1f x the step before", before / ms);
    std::printf("\n");
    before = ms;
    char row[160];
    std::snprintf(row, sizeof row, "%s{\"step\": \"%s\", \"ms\": %.4f, \"gflops\": %.2f}",
                  rows.empty() ? "" : ", ", step.name, ms, flops / ms / 1e6);
    rows += row;
  }
  if (json)
    if (FILE* file = std::fopen(json, "w")) {
      std::fprintf(file, "[%s]\n", rows.c_str());
      std::fclose(file);
    }
  return 0;
}
