// What the workloads share: their optimizer over plain lists of tensors, and numbers without a pattern.
#pragma once

#include <vector>

#include "rushlight/rushlight.h"

namespace rushlight::workloads {

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
    sgd_step(params, take_grads(params), lr);
  }
  std::vector<Tensor> params;
  Slot lr = 1e-2;
};

struct MomentumSgd {
  explicit MomentumSgd(std::vector<Tensor> parameters) : params(std::move(parameters)) {}
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

// What is left of a training step once its loss is known.
template <class Optimizer>
Tensor train(const Tensor& loss, Optimizer& optimizer) {
  loss.backward();
  optimizer.step();
  return loss;
}

}  // namespace rushlight::workloads
