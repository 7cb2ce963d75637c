// Cnn: 3x3 convolutions in pairs, each with batch norm and ReLU, and a max pool after every pair.
#pragma once

#include "rushlight/nn/convolution.h"
#include "rushlight/nn/linear.h"
#include "rushlight/nn/sequential.h"

namespace rushlight::models {

struct CnnOptions {
  int64_t image = 32, channels = 3;
  std::vector<int64_t> widths{32, 64, 128};  // of each pair
  int64_t classes = 10;
  double dropout = 0;  // before the last layer
};

// (batch, channels, image, image) -> (batch, classes)
class Cnn : public nn::Layer<Cnn> {
 public:
  explicit Cnn(const CnnOptions& options = {});
  Tensor forward(const Tensor& images) const;

  nn::Sequential features;
  nn::Sequential classifier;
};

}  // namespace rushlight::models
