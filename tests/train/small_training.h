// A training of a moment, for tests: a hundred points, on which side of a parabola they lie.
#pragma once

#include <vector>

#include "rushlight/data/data.h"
#include "rushlight/rushlight.h"
#include "rushlight/train/checkpoint.h"

namespace small_training {

using namespace rushlight;

inline constexpr int64_t kExamples = 100;

inline data::Dataset examples(uint64_t seed) {
  const Tensor x = randn({kExamples, 2}, {.generator = Generator(seed)});
  const Tensor labels = (x.select(1, 1) > square(x.select(1, 0)) - 0.5).to(DType::int64);
  return data::TensorDataset(x, labels);
}

// A model with dropout, so that the random numbers matter too.
struct Net : nn::Layer<Net> {
  nn::Linear hidden = child("hidden", nn::Linear(2, 16));
  nn::Dropout dropout = child("dropout", nn::Dropout(0.2));
  nn::Linear output = child("output", nn::Linear(16, 2));
  Tensor forward(const Tensor& x) const { return output(dropout(tanh(hidden(x)))); }
};

struct Setup {
  Net net = (manual_seed(5), Net());  // all begin alike
  optim::AdamW optimizer{net.parameters(), {.lr = 0.01}};
  optim::CosineAnnealingLR schedule{optimizer, 60};
  data::DataLoader loader{examples(1), {.batch_size = 8, .shuffle = true, .seed = 3}};
  data::DataLoader validation{examples(2), {.batch_size = 50}};

  train::Snapshot snapshot() { return {&net, &optimizer, &schedule, &loader, nullptr}; }
  train::FitOptions options(int64_t epochs) {
    return {.epochs = epochs, .schedule = &schedule, .validation = &validation, .progress = false};
  }
};

struct StopAt : train::Callback {
  explicit StopAt(int64_t s) : step(s) {}
  void after_step(train::FitState& state) override { state.stop |= state.step == step; }
  int64_t step;
};

inline std::vector<float> weights_of(const nn::Module& module) {
  std::vector<float> all;
  for (const Tensor& p : module.parameters())
    for (float v : p.detach().to_vector<float>()) all.push_back(v);
  return all;
}

}  // namespace small_training
