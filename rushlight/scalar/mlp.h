// Neurons, layers, a network, the loss and the optimizer: all of deep learning, on single numbers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "rushlight/scalar/random.h"
#include "rushlight/scalar/value.h"

namespace rushlight::scalar {

using Values = std::vector<Value>;

// relu(weights . x + bias), or without the relu.
class Neuron {
 public:
  Neuron(int inputs, bool nonlinear, RandomStream& random);

  Value operator()(std::span<const Value> x) const;
  void append_parameters(Values& all) const;

 private:
  Values weights_;
  Value bias_ = 0;
  bool nonlinear_;
};

class Layer {
 public:
  Layer(int inputs, int outputs, bool nonlinear, RandomStream& random);

  Values operator()(std::span<const Value> x) const;
  void append_parameters(Values& all) const;

 private:
  std::vector<Neuron> neurons_;
};

// MLP({2, 16, 16, 1}) takes two numbers and returns one. All layers but the last are nonlinear.
class MLP {
 public:
  explicit MLP(std::initializer_list<int> sizes, uint64_t seed = 1);

  Values operator()(std::span<const Value> x) const;
  Values operator()(std::initializer_list<Value> x) const { return (*this)(std::span(x.begin(), x.size())); }

  // Handles to the weights and biases that the network uses: who changes one, changes the network.
  const Values& parameters() const { return parameters_; }

 private:
  std::vector<Layer> layers_;
  Values parameters_;
};

// Stochastic gradient descent: each parameter takes a step down its own slope.
class SGD {
 public:
  explicit SGD(Values parameters, double learning_rate = 0.1)
      : learning_rate(learning_rate), parameters_(std::move(parameters)) {}

  void zero_grad() { scalar::zero_grad(parameters_); }
  void step();

  double learning_rate;

 private:
  Values parameters_;
};

// The mean of max(0, 1 - label * score): no loss for a score that is on its label's side by 1 or more.
Value hinge_loss(std::span<const Value> scores, std::span<const int> labels);

// strength * the sum of squares: keeps weights small, and so the decision smooth.
Value l2_penalty(std::span<const Value> parameters, double strength);

}  // namespace rushlight::scalar
