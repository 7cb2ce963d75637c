// The workloads of bench/workloads/, served round by round, so that a rival can take its turn in between.
//
//   bench_workloads NAME eager|replay [--threads N] [--backend NAME] [--losses N]
//
// Prints "ready" when warm; then, for each line on standard input, runs one round (the median of five steps)
// and prints its milliseconds. --losses: prints the losses of the first steps instead.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/workloads/cnn.h"
#include "bench/workloads/tinyvit.h"
#include "rushlight/base/clock.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/jit/trace.h"

using namespace rushlight;
using workloads::Step;

namespace {

// A training step by itself, or recorded and replayed.
template <class Training>
Step make(bool replayed) {
  auto training = std::make_shared<Training>();
  if (!replayed)
    return [=] { return training->step(training->images, training->labels).template item<double>(); };
  auto traced = trace([=](const Tensor& x, const Tensor& y) { return training->step(x, y); });
  auto step = std::make_shared<decltype(traced)>(std::move(traced));
  return [=] { return (*step)(training->images, training->labels).template item<double>(); };
}

struct Workload {
  const char* name;
  Step (*make)(bool replayed);
};
constexpr Workload kWorkloads[] = {{"tinyvit", make<workloads::TinyVitTraining>},
                                   {"cnn", make<workloads::CnnTraining>}};

Step find_step(const std::string& name, bool replayed) {
  for (const Workload& workload : kWorkloads)
    if (workload.name == name) return workload.make(replayed);
  std::fprintf(stderr, "there is no workload '%s'; there are:", name.c_str());
  for (const Workload& workload : kWorkloads) std::fprintf(stderr, " %s", workload.name);
  std::fprintf(stderr, "\n");
  std::exit(2);
}

double round_ms(const Step& step) {
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) {
    uint64_t start = monotonic_ns();
    step();
    times.push_back(static_cast<double>(monotonic_ns() - start) / 1e6);
  }
  std::sort(times.begin(), times.end());
  return times[2];
}

void serve(const Step& step) {
  for (int i = 0; i < 6; ++i) step();
  std::puts("ready");
  char line[16];
  while (std::fflush(stdout), std::fgets(line, sizeof line, stdin)) std::printf("%.4f\n", round_ms(step));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "see the head of bench/workloads.cpp\n"), 2;
  int losses = 0;
  for (int i = 3; i + 1 < argc; i += 2) {
    std::string flag = argv[i];
    if (flag == "--threads")
      set_num_threads(std::atoi(argv[i + 1]));
    else if (flag == "--backend")
      set_backend(argv[i + 1]);
    else if (flag == "--losses")
      losses = std::atoi(argv[i + 1]);
    else
      return std::fprintf(stderr, "unknown option %s; see the head of bench/workloads.cpp\n", argv[i]), 2;
  }
  Step step = find_step(argv[1], std::string(argv[2]) == "replay");
  for (int i = 0; i < losses; ++i) std::printf("%.6f ", step());
  if (losses)
    std::puts("");
  else
    serve(step);
  return 0;
}
