// The cost of a step, foretold: against what the step then does.
#include "rushlight/train/step_cost.h"

#include <doctest/doctest.h>

#include <cmath>

#include "rushlight/engine/op_costs.h"
#include "rushlight/models/network.h"
#include "rushlight/nn/summary.h"
#include "rushlight/optim/optim.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

constexpr double kSmallObjects = 64 * 1024;  // peaks see them slab by slab

data::Example random_batch(const models::NetworkInput& in, int64_t count) {
  return {randn(batch_shape(in, count)), zeros({count}, {.dtype = DType::int64})};
}

struct Measured {
  uint64_t peak_bytes;
  double flops;
};
// Of the second step, as the first pays for what the optimizer remembers.
Measured measure(train::Task&& task, optim::Optimizer& optimizer, const data::Example& batch) {
  for (int i = 0; i < 2; ++i) {
    reset_costs();
    reset_peak_memory();
    count_costs(true);
    train::train_step(task, optimizer, batch);
    count_costs(false);
  }
  const Measured measured{memory_stats().peak_bytes, total_cost().flops};
  reset_costs();
  return measured;
}

}  // namespace

TEST_CASE("the cost of a step is foretold within a tenth") {
  for (const char* architecture : {"mlp:2-16-2:tanh", "mlp", "tinyvit", "cnn"}) {
    CAPTURE(architecture);
    const int64_t count = 32;
    train::StepCost foretold;
    {
      const models::Network network = models::Network::make(architecture);
      optim::AdamW optimizer(network.module().parameters(), {.lr = 1e-3});
      foretold =
          train::cost_of_step(train::classifier(network), optimizer, random_batch(network.input(), count));
    }
    const models::Network network = models::Network::make(architecture);
    optim::AdamW optimizer(network.module().parameters(), {.lr = 1e-3});
    const Measured found =
        measure(train::classifier(network), optimizer, random_batch(network.input(), count));
    const auto parameters = static_cast<uint64_t>(network.module().count_parameters());
    CHECK(foretold.gradient_bytes == 4 * parameters);
    CHECK(foretold.parameter_bytes >= 4 * parameters);
    CHECK(foretold.optimizer_bytes >= 8 * parameters);
    CHECK(foretold.parameter_bytes + foretold.gradient_bytes + foretold.optimizer_bytes +
              foretold.activation_bytes <=
          foretold.live_bytes + static_cast<uint64_t>(kSmallObjects));
    CHECK(foretold.flops == doctest::Approx(found.flops).epsilon(0.01));
    const double error = static_cast<double>(foretold.live_bytes) - static_cast<double>(found.peak_bytes);
    CHECK(std::abs(error) <= std::max(0.1 * static_cast<double>(found.peak_bytes), kSmallObjects));
  }
}

TEST_CASE("each layer's shape, parameters and work, without a number computed") {
  const models::Network network = models::Network::make("mlp:6-4-2");
  DryRun dry;
  std::vector<nn::LayerLine> lines;
  {
    nn::LayerWatch watch(network.module(), dry);
    (void)network(zeros({3, 6}));
    (void)network(zeros({3, 6}));
    lines = watch.lines();
  }
  (void)network(zeros({3, 6}));  // unseen
  REQUIRE(lines.size() == 5);    // Mlp, layers, Linear, ReLU, Linear
  CHECK(lines[0].kind == "Mlp");
  CHECK(lines[0].parameters == 6 * 4 + 4 + 4 * 2 + 2);
  CHECK(lines[2].path == "layers.0");
  CHECK(lines[2].depth == 2);
  CHECK(lines[2].output == IntList{3, 4});
  CHECK(lines[2].parameters == 6 * 4 + 4);
  CHECK(lines[2].flops >= 2 * 2.0 * 3 * 6 * 4);
  CHECK(lines[2].flops <= 2 * (2.0 * 3 * 6 * 4 + 3 * 4));  // with the bias
  CHECK(lines[3].parameters == 0);
  CHECK(lines[0].flops == doctest::Approx(lines[2].flops + lines[3].flops + lines[4].flops));
}
