// Multilayer perceptrons, from the smallest that learns anything to one for handwritten digits.
#pragma once

#include "bench/workloads/training.h"

namespace rushlight::workloads {

struct Mlp {
  std::vector<Tensor> weights, biases;

  explicit Mlp(const IntList& sizes) {
    for (size_t i = 0; i + 1 < sizes.size(); ++i) {
      weights.push_back(weight({sizes[i + 1], sizes[i]}));
      biases.push_back(full(sizes[i + 1], 0.0).requires_grad_());
    }
  }
  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all = weights;
    all.insert(all.end(), biases.begin(), biases.end());
    return all;
  }
  Tensor forward(Tensor x) const {
    for (size_t i = 0; i < weights.size(); ++i) {
      if (i > 0) x = relu(x);
      x = linear(x, weights[i], {.bias = biases[i]});
    }
    return x;
  }
};

// 2-16-16-1, one point at a time: what is measured is the engine, not the arithmetic.
struct PointTraining {
  Mlp model{{2, 16, 16, 1}};
  Sgd sgd{model.parameters()};
  Tensor inputs = scattered({1, 2}, 1), targets = full({1, 1}, 1.0);

  Tensor step(const Tensor& x, const Tensor& y) { return train(mse_loss(model.forward(x), y), sgd); }
};

// 784-128-10, batch 64.
struct DigitTraining {
  static constexpr int64_t kBatch = 64;
  Mlp model{{784, 128, 10}};
  Sgd sgd{model.parameters()};
  Tensor inputs = scattered({kBatch, 784}, 1), targets = arange(kBatch).remainder(10);

  Tensor step(const Tensor& x, const Tensor& y) { return train(cross_entropy(model.forward(x), y), sgd); }
};

}  // namespace rushlight::workloads
