#include "rushlight/models/cnn.h"

#include "rushlight/generated/functions.h"
#include "rushlight/nn/activation.h"
#include "rushlight/nn/dropout.h"
#include "rushlight/nn/normalization.h"
#include "rushlight/nn/pooling.h"

namespace rushlight::models {

namespace {

nn::Sequential features_of(const CnnOptions& options) {
  nn::Sequential features;
  int64_t channels = options.channels;
  for (int64_t width : options.widths) {
    for (int i = 0; i < 2; ++i) {
      features.push_back(nn::Conv2d(channels, width, 3, {.padding = 1, .bias = false}));  // the norm has one
      features.push_back(nn::BatchNorm2d(width));
      features.push_back(nn::ReLU());
      channels = width;
    }
    features.push_back(nn::MaxPool2d(2));
  }
  return features;
}

nn::Sequential classifier_of(const CnnOptions& options) {
  int64_t side = options.image;
  for (size_t i = 0; i < options.widths.size(); ++i) side /= 2;
  if (side < 1 || options.widths.empty())
    fail(ErrorKind::value, "[Cnn] an image of ", options.image, " pixels can not be halved ",
         options.widths.size(), " times");
  return nn::Sequential(nn::Flatten(), nn::Dropout(options.dropout),
                        nn::Linear(options.widths.back() * side * side, options.classes));
}

}  // namespace

Cnn::Cnn(const CnnOptions& options)
    : features(child("features", features_of(options))),
      classifier(child("classifier", classifier_of(options))) {}

// Channels last is how the convolutions work inside; the image is turned once instead of in every layer.
Tensor Cnn::forward(const Tensor& images) const {
  if (images.rank() == 4 && images.layout().is_channels_last()) return classifier(features(images));
  return classifier(features(rushlight::clone(images, {.memory_format = "channels_last"})));
}

}  // namespace rushlight::models
