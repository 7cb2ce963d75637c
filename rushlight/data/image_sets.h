// MNIST, Fashion-MNIST and CIFAR-10 as datasets.
//
//   const auto train = data::mnist(data::Split::train).with(data::Compose(data::ToTensor(),
//   data::Normalize(0.1307, 0.3081)));
#pragma once

#include "rushlight/data/image_dataset.h"

namespace rushlight::data {

enum class Split : uint8_t { train, test };

struct SetOptions {
  std::string folder = "";  // that holds the files; "": where find_data() finds them
  Transform transform = ToTensor();
};

// 60,000 or 10,000 grey images of 28 x 28 in ten classes.
ImageDataset mnist(Split split, const SetOptions& options = {});
ImageDataset fashion_mnist(Split split, const SetOptions& options = {});
// 50,000 or 10,000 colour images of 32 x 32 in ten classes.
ImageDataset cifar10(Split split, const SetOptions& options = {});

// Images of one's own in the same form: train-images-idx3-ubyte, train-labels-idx1-ubyte and the two of t10k,
// packed (.gz) or plain. There are as many classes as the labels of the training say.
ImageDataset idx_images(const std::string& folder, Split split);
bool has_idx_images(const std::string& folder);

}  // namespace rushlight::data
