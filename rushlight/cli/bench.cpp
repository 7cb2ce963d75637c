// rushlight bench: how fast this machine trains the built-in models and asks them, on random images.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "rushlight/backend/machine_limits.h"
#include "rushlight/base/clock.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/training.h"
#include "rushlight/engine/context.h"
#include "rushlight/engine/op_costs.h"
#include "rushlight/generated/functions.h"
#include "rushlight/train/run_log.h"
#include "rushlight/train/step_cost.h"

namespace rushlight::cli {

namespace {

// The median of rounds that together take about so long, after one that nobody counts.
template <class Work>
double median_seconds(double about, Work work) {
  work();
  std::vector<double> rounds;
  double spent = 0;
  while (rounds.size() < 5 || (spent < about && rounds.size() < 1000)) {
    const int64_t begin = monotonic_ns();
    work();
    rounds.push_back(static_cast<double>(monotonic_ns() - begin) * 1e-9);
    spent += rounds.back();
  }
  std::nth_element(rounds.begin(), rounds.begin() + static_cast<std::ptrdiff_t>(rounds.size() / 2),
                   rounds.end());
  return rounds[rounds.size() / 2];
}

template <class Work>
double flops_of(Work work) {
  DryRun dry;
  work();
  return dry.cost().flops;
}

struct Row {
  const char* what;
  double seconds;
  int64_t examples;
  double least_seconds;  // for as much work, by what the machine can do
};

template <class Work>
Row measured(const char* what, int64_t examples, const MachineLimits& limits, Work work) {
  const double seconds = median_seconds(1, work);
  return {what, seconds, examples, limits.flops > 0 ? flops_of(work) / limits.flops : 0};
}

std::vector<Row> measure(const Recipe& recipe, const MachineLimits& limits) {
  const models::Network network = models::Network::make(recipe.architecture);
  optim::SGD optimizer(network.module().parameters(), {.lr = 1e-3, .momentum = 0.9});
  const Tensor images = randn(batch_shape(network.input(), recipe.batch)),
               one = randn(batch_shape(network.input(), 1));
  const Tensor labels = zeros({recipe.batch}, {.dtype = DType::int64});
  std::vector<Row> all;
  auto task = train::classifier(network);
  all.push_back(
      measured("train", recipe.batch, limits, [&] { train::train_step(task, optimizer, {images, labels}); }));
  network.module().eval();
  NoGrad guard;
  all.push_back(measured("predict a batch", recipe.batch, limits, [&] { (void)network(images); }));
  all.push_back(measured("predict one", 1, limits, [&] { (void)network(one); }));
  return all;
}

}  // namespace

void bench(const BenchCommand& command) {
  std::vector<std::string_view> names(command.recipes.begin(), command.recipes.end());
  if (names.empty()) names = {"moons", "mlp", "tinyvit", "cnn"};
  for (std::string_view name : names) (void)recipe(name);
  const MachineLimits limits = LimitsProbe().measure();
  std::fprintf(stderr, "%d threads, %s; multiply-adds %.0f GFLOP/s, memory %.0f GB/s\n\n", num_threads(),
               std::string(host_backend().name).c_str(), limits.flops * 1e-9,
               std::max(limits.bytes_read, limits.bytes_changed) * 1e-9);
  if (!command.json)
    std::printf("%-12s %-16s %10s %12s %9s\n", "recipe", "what", "ms", "examples/s", "of limit");
  for (std::string_view name : names)
    for (const Row& c : measure(recipe(name), limits)) {
      const double rate = static_cast<double>(c.examples) / c.seconds, share = c.least_seconds / c.seconds;
      if (command.json)
        std::puts(train::json_line({{"recipe", std::string(name)},
                                    {"what", std::string(c.what)},
                                    {"seconds", c.seconds},
                                    {"examples_per_second", rate},
                                    {"share_of_limit", share}})
                      .c_str());
      else
        std::printf("%-12s %-16s %10.3f %12.0f %7.0f %%\n", std::string(name).c_str(), c.what,
                    c.seconds * 1e3, rate, 100 * share);
    }
}

}  // namespace rushlight::cli
