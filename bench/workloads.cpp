// The workloads of bench/workloads/, served round by round, so that a rival can take its turn in between.
//
//   bench_workloads NAME eager|replay [--threads N] [--backend NAME] [--losses N] [--costs] [--direct]
//
// --direct: convolutions without Winograd's shortcut.
// --losses: prints the losses of the first steps instead. --costs: prints the floating-point operations and
// the bytes of one step instead, as the engine counts them.
#include <cstdlib>
#include <memory>
#include <string>

#include "bench/serving.h"
#include "bench/workloads/cnn.h"
#include "bench/workloads/mlp.h"
#include "bench/workloads/nanogpt.h"
#include "bench/workloads/tinyvit.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/jit/trace.h"

using namespace rushlight;

namespace {

using Step = std::function<double()>;

// A training step by itself, or recorded and replayed.
template <class Training>
Step make(bool replayed) {
  auto training = std::make_shared<Training>();
  if (!replayed)
    return [=] { return training->step(training->inputs, training->targets).template item<double>(); };
  auto traced = trace([=](const Tensor& x, const Tensor& y) { return training->step(x, y); });
  auto step = std::make_shared<decltype(traced)>(std::move(traced));
  return [=] { return (*step)(training->inputs, training->targets).template item<double>(); };
}

struct Workload {
  const char* name;
  Step (*make)(bool replayed);
};
constexpr Workload kWorkloads[] = {
    {"point", make<workloads::PointTraining>},        {"digits", make<workloads::DigitTraining>},
    {"tinyvit", make<workloads::TinyVitTraining>},    {"cnn", make<workloads::CnnTraining>},
    {"gpt_small", make<workloads::SmallGptTraining>}, {"gpt_large", make<workloads::LargeGptTraining>}};

Step find_step(const std::string& name, bool replayed) {
  for (const Workload& workload : kWorkloads)
    if (workload.name == name) return workload.make(replayed);
  std::fprintf(stderr, "there is no workload '%s'; there are:", name.c_str());
  for (const Workload& workload : kWorkloads) std::fprintf(stderr, " %s", workload.name);
  std::fprintf(stderr, "\n");
  std::exit(2);
}

void print_losses(const Step& step, int count) {
  for (int i = 0; i < count; ++i) std::printf("%.6f ", step());
  std::puts("");
}

void print_costs(const Step& step) {
  step();
  count_costs(true);
  step();
  OpCost cost = total_cost();
  std::printf("%.0f %llu\n", cost.flops, static_cast<unsigned long long>(cost.bytes));
}

int usage() { return std::fprintf(stderr, "see the head of bench/workloads.cpp\n"), 2; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return usage();
  int losses = 0;
  bool costs = false;
  for (int i = 3; i < argc; ++i) {
    std::string flag = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (flag == "--costs" || flag == "--direct") {
      flag == "--costs" ? void(costs = true) : allow_winograd(false);
      continue;
    }
    if (!value) return usage();
    if (flag == "--threads")
      set_num_threads(std::atoi(value));
    else if (flag == "--backend")
      set_backend(value);
    else if (flag == "--losses")
      losses = std::atoi(value);
    else
      return usage();
    ++i;
  }
  Step step = find_step(argv[1], std::string(argv[2]) == "replay");
  if (losses)
    print_losses(step, losses);
  else if (costs)
    print_costs(step);
  else
    bench::serve(step);
  return 0;
}
