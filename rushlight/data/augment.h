// Transforms that compute: sizes, angles, colours, patches. And MixUp, which mixes the examples of a batch.
//
// They take uint8 images or floating-point ones in 0..1 and give back what they took.
#pragma once

#include <optional>

#include "rushlight/data/dataset.h"
#include "rushlight/data/transform.h"

namespace rushlight::data {

// Bilinear. A smaller image averages over what it covers.
class Resize {
 public:
  explicit Resize(int64_t size) : Resize(size, size) {}
  Resize(int64_t height, int64_t width);
  Tensor operator()(const Tensor& image) const;

 private:
  int64_t height_, width_;
};

// About the middle, counter-clockwise by an angle in [-degrees, degrees], bilinear; 0 comes in at the
// corners.
class RandomRotation {
 public:
  explicit RandomRotation(double degrees) : RandomRotation(-degrees, degrees) {}
  RandomRotation(double low, double high);
  Tensor operator()(const Tensor& image, Chance& chance) const;

 private:
  double low_, high_;
};

struct JitterOptions {
  double brightness = 0, contrast = 0, saturation = 0;  // factors in [max(0, 1 - it), 1 + it]
  double hue = 0;                                       // a turn in [-hue, hue], at most 0.5
};

// In random order. Saturation and hue are for images of three channels; others keep theirs.
class ColorJitter {
 public:
  explicit ColorJitter(JitterOptions options);
  Tensor operator()(const Tensor& image, Chance& chance) const;

 private:
  JitterOptions options_;
};

struct ErasingOptions {
  double probability = 0.5;
  double least_area = 0.02, most_area = 0.33;  // of the image
  double least_ratio = 0.3, most_ratio = 3.3;  // height by width
  std::optional<double> value = 0;             // nothing: normal noise, for floating-point images
};

// One rectangle is painted over.
class RandomErasing {
 public:
  explicit RandomErasing(ErasingOptions options = {});
  Tensor operator()(const Tensor& image, Chance& chance) const;

 private:
  ErasingOptions options_;
};

struct MixUpOptions {
  int64_t classes;
  double alpha = 0.2;  // the weight is drawn from Beta(alpha, alpha)
};

// Batches of weighted sums of two examples each. Targets are classes (int64) and become probabilities.
// Zhang et al., "mixup: Beyond empirical risk minimization", 2018.
class MixUp {
 public:
  MixUp(Dataset base, MixUpOptions options);
  int64_t size() const { return base_.size(); }
  Example get(int64_t i, EpochSeed seed) const;  // one alone is not mixed
  Example get_batch(std::span<const int64_t> indices, EpochSeed seed) const;

 private:
  Tensor probabilities(const Tensor& classes) const;

  Dataset base_;
  MixUpOptions options_;
};

}  // namespace rushlight::data
