// What the engine itself costs: calls, recording, backward, memory of a tape. On 1-element tensors of the
// reference backend.
//
//   bench_skeleton [--json FILE]
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "rushlight/base/clock.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

struct Row {
  std::string what;
  double measured, target;
  const char* unit;
};
std::vector<Row> rows;

// The best of nine rounds, per item: interruptions only ever add.
template <class F>
double best_ns(int64_t items, F&& round) {
  double best = 1e300;
  for (int i = 0; i < 9; ++i) {
    uint64_t start = monotonic_ns();
    round();
    best = std::min(best, static_cast<double>(monotonic_ns() - start) / static_cast<double>(items));
  }
  return best;
}

void report(const char* what, double measured, double target, const char* unit) {
  rows.push_back({what, measured, target, unit});
  std::printf("%-52s %9.1f %-10s target %6.0f   %s\n", what, measured, unit, target,
              measured <= target ? "met" : "MISSED");
}

Tensor one(double value, bool needs_grad = false) { return full(1, value).requires_grad_(needs_grad); }

void time_calls() {
  constexpr int64_t kCalls = 100'000;
  Tensor a = one(1), b = one(2), w = one(3, true);
  report("1-element add, no grad",
         best_ns(kCalls,
                 [&] {
                   for (int64_t i = 0; i < kCalls; ++i) (void)(a + b);
                 }),
         60, "ns");
  uint64_t before = memory_stats().system_calls;
  report("1-element add, recording",
         best_ns(kCalls,
                 [&] {
                   for (int64_t i = 0; i < kCalls; ++i) (void)(w + b);
                 }),
         100, "ns");
  report("system allocations after warm-up", static_cast<double>(memory_stats().system_calls - before), 0,
         "");
}

Tensor chain(const Tensor& w, const Tensor& operand, int64_t length) {
  Tensor x = w;
  for (int64_t i = 0; i < length; ++i) x = x * operand;
  return x;
}

// `operand` a constant: nodes with one input that wants a gradient; `w` itself: with two.
void time_backward(const char* what, const Tensor& w, const Tensor& operand, double target) {
  constexpr int64_t kNodes = 1000;
  double best = 1e300;
  for (int round = 0; round < 200; ++round) {
    Tensor y = chain(w, operand, kNodes);
    uint64_t start = monotonic_ns();
    y.backward();
    best = std::min(best, static_cast<double>(monotonic_ns() - start) / kNodes);
    w.set_grad({});
  }
  report(what, best, target, "ns/node");
}

void weigh_tape() {
  constexpr int64_t kNodes = 1'000'000;
  Tensor w = one(1, true), b = one(1);
  uint64_t before = memory_stats().live_bytes;
  Tensor y = chain(w, b, kNodes);
  report("1,000,000-op mul chain", static_cast<double>(memory_stats().live_bytes - before) / kNodes, 380,
         "bytes/node");
  y.backward();
  y = Tensor();
}

}  // namespace

int main(int argc, char** argv) {
  set_backend("reference");
  time_calls();
  Tensor w = one(1, true), b = one(1);
  time_backward("backward of 1,000 muls, one input", w, b, 80);
  time_backward("backward of 1,000 muls, two inputs", w, w, 180);
  weigh_tape();
  if (argc == 3 && std::strcmp(argv[1], "--json") == 0) {
    std::FILE* file = std::fopen(argv[2], "w");
    if (!file) return std::perror(argv[2]), 1;
    std::fprintf(file, "[");
    for (size_t i = 0; i < rows.size(); ++i)
      std::fprintf(
          file,
          "%s\n  {\"workload\": \"%s\", \"measured\": %.3f, \"target\": %.1f, \"unit\": \"%s\", \"met\": %s}",
          i ? "," : "", rows[i].what.c_str(), rows[i].measured, rows[i].target, rows[i].unit,
          rows[i].measured <= rows[i].target ? "true" : "false");
    std::fprintf(file, "\n]\n");
    std::fclose(file);
  }
}
