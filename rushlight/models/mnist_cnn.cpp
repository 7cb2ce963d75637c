#include "rushlight/models/mnist_cnn.h"

#include "rushlight/generated/functions.h"

namespace rushlight::models {

Tensor MnistCnn::forward(const Tensor& images) const {
  Tensor x = relu(conv3(relu(conv2(relu(conv1(images))))));
  x = norm1(x).flatten({.start_dim = 1});
  x = dropout(relu(fc1(x)));
  return log_softmax(norm2(fc2(x)), 1);
}

}  // namespace rushlight::models
