// ImageDataset: uint8 images of one size in memory, with labels and a transform.
#pragma once

#include <string>

#include "rushlight/data/dataset.h"
#include "rushlight/data/transform.h"

namespace rushlight::data {

// Images (n, channels, height, width) of uint8 and labels (n) of int64. Copies share both.
//
// At first each image becomes float32 in 0..1. `train.with(transform)` is the same data, transformed
// otherwise. Crops, flips, ToTensor and Normalize are done to a batch in one pass (image_plan.h).
class ImageDataset {
 public:
  ImageDataset(Tensor images, Tensor labels, std::vector<std::string> classes = {});
  ImageDataset with(Transform transform) const;

  int64_t size() const;
  Example get(int64_t i, EpochSeed seed = {}) const;
  Example get_batch(std::span<const int64_t> indices, EpochSeed seed = {}) const;

  const Tensor& images() const;
  const Tensor& labels() const;
  const std::vector<std::string>& classes() const;  // the name of each label; empty where unknown
  bool in_one_pass() const;

 private:
  struct Content;
  explicit ImageDataset(Content content);
  std::shared_ptr<const Content> content_;
};

// Any dataset of images, transformed one by one.
class TransformedDataset {
 public:
  TransformedDataset(Dataset base, Transform transform)
      : base_(std::move(base)), transform_(std::move(transform)) {}
  int64_t size() const { return base_.size(); }
  Example get(int64_t i, EpochSeed seed) const;

 private:
  Dataset base_;
  Transform transform_;
};

}  // namespace rushlight::data
