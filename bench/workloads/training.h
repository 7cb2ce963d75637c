// What the workloads share: their optimizer over plain lists of tensors, and numbers without a pattern.
#pragma once

#include <functional>
#include <vector>

#include "rushlight/rushlight.h"

namespace rushlight::workloads {

// Runs one training step and returns its loss.
using Step = std::function<double()>;

inline std::vector<Tensor> zeros_like_each(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> zeros;
  for (const Tensor& tensor : tensors) zeros.push_back(full(tensor.shape(), 0.0));
  return zeros;
}
// Takes the gradients away: the next step begins without.
inline std::vector<Tensor> take_grads(const std::vector<Tensor>& params) {
  std::vector<Tensor> grads;
  for (const Tensor& p : params) {
    grads.push_back(p.grad());
    p.set_grad({});
  }
  return grads;
}

struct Adam {
  explicit Adam(std::vector<Tensor> parameters) : params(std::move(parameters)) {}
  void step() {
    NoGrad guard;
    adamw_step(params, take_grads(params), means, variances, steps, lr);
  }
  std::vector<Tensor> params, means = zeros_like_each(params), variances = zeros_like_each(params);
  Tensor steps = full({}, 0.0);
  Slot lr = 1e-3;
};

struct Sgd {
  explicit Sgd(std::vector<Tensor> parameters) : params(std::move(parameters)) {}
  void step() {
    NoGrad guard;
    sgd_step(params, take_grads(params), velocities, steps, lr, momentum);
  }
  std::vector<Tensor> params, velocities = zeros_like_each(params);
  Tensor steps = full({}, 0.0);
  Slot lr = 1e-2, momentum = 0.9;
};

// Numbers in [0, 1) that look random, the same in every language that can multiply.
inline Tensor scattered(const IntList& shape, uint32_t state) {
  Tensor numbers = empty(shape, DType::float32);
  for (float& v : numbers.span<float>())
    v = static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0f;
  return numbers;
}
// Small ones for a layer to start from.
inline Tensor weight(const IntList& shape) {
  Tensor numbers = scattered(shape, static_cast<uint32_t>(shape[0] * 31 + shape[1]));
  return ((numbers - 0.5) * 0.2).requires_grad_();
}

// One step of a classifier; returns its loss.
template <class Model, class Optimizer>
Tensor train(const Model& model, Optimizer& optimizer, const Tensor& images, const Tensor& labels) {
  Tensor loss = cross_entropy(model.forward(images), labels);
  loss.backward();
  optimizer.step();
  return loss;
}

}  // namespace rushlight::workloads
