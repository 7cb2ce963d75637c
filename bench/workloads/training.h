// What the workloads share: their optimizer over plain lists of tensors, and numbers without a pattern.
#pragma once

#include <functional>
#include <vector>

#include "rushlight/rushlight.h"

namespace rushlight::workloads {

// Runs one training step and returns its loss.
using Step = std::function<double()>;

struct Adam {
  explicit Adam(std::vector<Tensor> parameters) : params(std::move(parameters)) {
    for (const Tensor& p : params) {
      means.push_back(full(p.shape(), 0.0));
      variances.push_back(full(p.shape(), 0.0));
    }
  }
  void step() {
    NoGrad guard;
    std::vector<Tensor> grads;
    for (const Tensor& p : params) grads.push_back(p.grad());
    adamw_step(params, grads, means, variances, steps, lr);
    for (const Tensor& p : params) p.set_grad({});
  }
  std::vector<Tensor> params, means, variances;
  Tensor steps = full({}, 0.0);
  Slot lr = 1e-3;
};

struct Sgd {
  explicit Sgd(std::vector<Tensor> parameters) : params(std::move(parameters)) {
    for (const Tensor& p : params) velocities.push_back(full(p.shape(), 0.0));
  }
  void step() {
    NoGrad guard;
    std::vector<Tensor> grads;
    for (const Tensor& p : params) grads.push_back(p.grad());
    sgd_step(params, grads, velocities, steps, lr, momentum);
    for (const Tensor& p : params) p.set_grad({});
  }
  std::vector<Tensor> params, velocities;
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

}  // namespace rushlight::workloads
