// MnistCnn: three convolutions and two linear layers, as the Burn project published them with weights for
// MNIST. By it one sees that weights of other people load.
#pragma once

#include "rushlight/nn/convolution.h"
#include "rushlight/nn/dropout.h"
#include "rushlight/nn/linear.h"
#include "rushlight/nn/normalization.h"

namespace rushlight::models {

// (batch, 1, 28, 28) -> (batch, 10) log-probabilities
class MnistCnn : public nn::Layer<MnistCnn> {
 public:
  Tensor forward(const Tensor& images) const;

  nn::Conv2d conv1 = child("conv1", nn::Conv2d(1, 8, 3));
  nn::Conv2d conv2 = child("conv2", nn::Conv2d(8, 16, 3));
  nn::Conv2d conv3 = child("conv3", nn::Conv2d(16, 24, 3));
  nn::BatchNorm2d norm1 = child("norm1", nn::BatchNorm2d(24));
  nn::Linear fc1 = child("fc1", nn::Linear(24 * 22 * 22, 32));
  nn::Dropout dropout = child("dropout", nn::Dropout(0.3));
  nn::Linear fc2 = child("fc2", nn::Linear(32, 10));
  nn::BatchNorm1d norm2 = child("norm2", nn::BatchNorm1d(10));
};

}  // namespace rushlight::models
