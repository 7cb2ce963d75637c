// A CNN on CIFAR-10-sized images: six 3x3 convolutions of 32-32-64-64-128-128 channels, each with batch norm
// and relu, a max pool after every second, a linear layer. A plain struct over public ops, with its training
// step.
#pragma once

#include "bench/workloads/training.h"

namespace rushlight::workloads {

struct Cnn {
  static constexpr int64_t kImage = 32, kClasses = 10, kChannels[] = {3, 32, 32, 64, 64, 128, 128};
  static constexpr int kLayers = 6;

  struct Layer {
    Tensor weight, scale, shift, mean, variance;
  };
  std::vector<Layer> layers;
  Tensor head_weight, head_bias = full(kClasses, 0.0).requires_grad_();

  Cnn() {
    for (int i = 0; i < kLayers; ++i) {
      int64_t in = kChannels[i], out = kChannels[i + 1];
      layers.push_back({weight({out, in, 3, 3}), full(out, 1.0).requires_grad_(),
                        full(out, 0.0).requires_grad_(), full(out, 0.0), full(out, 1.0)});
    }
    int64_t side = kImage / 8;
    head_weight = weight({kClasses, kChannels[kLayers] * side * side});
  }

  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all{head_weight, head_bias};
    for (const Layer& layer : layers) all.insert(all.end(), {layer.weight, layer.scale, layer.shift});
    return all;
  }

  // (batch, 3, 32, 32) pixels -> (batch, 10) logits
  Tensor forward(Tensor x) const {
    for (int i = 0; i < kLayers; ++i) {
      const Layer& layer = layers[static_cast<size_t>(i)];
      x = conv2d(x, layer.weight, {.padding = 1});
      x = batch_norm(x, layer.mean, layer.variance,
                     {.weight = layer.scale,
                      .bias = layer.shift,
                      .training = true,
                      .relu = true,
                      .max_pool = i % 2 ? 2 : 1});
    }
    return linear(x.flatten({.start_dim = 1}), head_weight, {.bias = head_bias});
  }
};

// Batch 128, SGD with momentum.
struct CnnTraining {
  static constexpr int64_t kBatch = 128;
  Cnn model;
  MomentumSgd sgd{model.parameters()};
  Tensor inputs =
      clone(scattered({kBatch, 3, Cnn::kImage, Cnn::kImage}, 1), {.memory_format = "channels_last"});
  Tensor targets = arange(kBatch).remainder(Cnn::kClasses);

  Tensor step(const Tensor& x, const Tensor& y) { return train(cross_entropy(model.forward(x), y), sgd); }
};

}  // namespace rushlight::workloads
