// The workloads of bench/workloads/, served round by round, so that a rival can take its turn in between.
//
//   bench_workloads NAME eager|replay [--threads N] [--backend NAME] [--losses N] [--costs] [--direct]
//                   [--naive]
//
// --direct: convolutions without Winograd's shortcut. --naive: the reference's products as three plain loops.
// --losses: prints the losses of the first steps instead. --costs: prints what each op of a step costs
// instead; in the last line the floating-point operations and the bytes of the whole.
#include <cstdlib>
#include <memory>
#include <string>

#include "bench/serving.h"
#include "bench/workloads/cnn.h"
#include "bench/workloads/gpt2_decode.h"
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
constexpr Workload kWorkloads[] = {{"point", make<workloads::PointTraining>},
                                   {"digits", make<workloads::DigitTraining>},
                                   {"tinyvit", make<workloads::TinyVitTraining>},
                                   {"cnn", make<workloads::CnnTraining>},
                                   {"gpt_small", make<workloads::SmallGptTraining>},
                                   {"gpt_large", make<workloads::LargeGptTraining>},
                                   {"gpt2_float32", make<workloads::Gpt2Decode<DType::float32>>},
                                   {"gpt2_bf16", make<workloads::Gpt2Decode<DType::bfloat16>>},
                                   {"gpt2_int8", make<workloads::Gpt2Decode<DType::int8>>}};

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

struct CostRow {
  std::string name;
  OpCost cost;
};
std::vector<CostRow> costs_by_time() {
  static constexpr const char* kParts[] = {"", " gradient 0", " gradient 1", " gradient 2", " backward"};
  std::vector<CostRow> rows;
  for (int id = 0; id < op_count(); ++id)
    for (int part = 0; part < kPartCount; ++part) {
      OpCost cost = cost_of(static_cast<OpId>(id), static_cast<Part>(part));
      if (cost.calls) rows.push_back({std::string(name_of(static_cast<OpId>(id))) + kParts[part], cost});
    }
  std::sort(rows.begin(), rows.end(),
            [](const CostRow& a, const CostRow& b) { return a.cost.nanoseconds > b.cost.nanoseconds; });
  return rows;
}

void print_costs(const Step& step) {
  constexpr int kSteps = 10;
  step();
  count_costs(true);
  for (int i = 0; i < kSteps; ++i) step();
  std::printf("%-40s %8s %10s %8s %8s\n", "op", "calls", "ms", "GF/s", "GB/s");
  auto print = [](const std::string& name, const OpCost& cost) {
    auto time = static_cast<double>(cost.nanoseconds);
    std::printf("%-40s %8llu %10.4f %8.1f %8.1f\n", name.c_str(),
                static_cast<unsigned long long>(cost.calls / kSteps), time / kSteps / 1e6, cost.flops / time,
                static_cast<double>(cost.bytes) / time);
  };
  for (const CostRow& row : costs_by_time()) print(row.name, row.cost);
  OpCost total = total_cost();
  print("all", total);
  std::printf("%.0f %llu\n", total.flops / kSteps, static_cast<unsigned long long>(total.bytes) / kSteps);
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
    if (flag == "--costs") {
      costs = true;
      continue;
    }
    if (flag == "--direct" || flag == "--naive") {
      flag == "--direct" ? allow_winograd(false) : set_blocked_products(false);
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
