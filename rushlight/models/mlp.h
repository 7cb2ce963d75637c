// Mlp: linear layers with an activation between them.
#pragma once

#include "rushlight/nn/activation.h"
#include "rushlight/nn/linear.h"
#include "rushlight/nn/sequential.h"

namespace rushlight::models {

struct MlpOptions {
  std::vector<int64_t> sizes{784, 128, 10};
  std::string activation = "relu";  // or "tanh", "gelu"
};

// (batch, ...) -> (batch, sizes.back()); whatever an item is, it is read as one row of numbers.
class Mlp : public nn::Layer<Mlp> {
 public:
  explicit Mlp(const MlpOptions& options = {}) : layers(child("layers", made(options))) {}
  Tensor forward(const Tensor& x) const { return layers(x.flatten({.start_dim = 1})); }

  nn::Sequential layers;

 private:
  static nn::Sequential made(const MlpOptions& options) {
    if (options.sizes.size() < 2)
      fail(ErrorKind::value, "[Mlp] needs at least the number of inputs and of outputs");
    nn::Sequential layers;
    for (size_t i = 0; i + 1 < options.sizes.size(); ++i) {
      if (i > 0) add_activation(layers, options.activation);
      layers.push_back(nn::Linear(options.sizes[i], options.sizes[i + 1]));
    }
    return layers;
  }
  static void add_activation(nn::Sequential& layers, const std::string& name) {
    if (name == "relu")
      layers.push_back(nn::ReLU());
    else if (name == "tanh")
      layers.push_back(nn::Tanh());
    else if (name == "gelu")
      layers.push_back(nn::GELU());
    else
      fail(ErrorKind::value, "[Mlp] activation is \"relu\", \"tanh\" or \"gelu\", not \"", name, "\"");
  }
};

}  // namespace rushlight::models
