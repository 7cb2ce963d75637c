// ImagePlan: crops, flips and values of pixels of whole batches in one pass, from uint8 straight into the
// batch.
//
// Transforms that say where pixels go are followed as coordinates; those that say what pixels become are done
// once to all 256 values. So a pixel of a batch is read once, looked up and written once, with the bits that
// the transforms make one by one.
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "rushlight/data/transform.h"

namespace rushlight::data {

struct ImagePlan {
  using Place = std::variant<RandomCrop, RandomHorizontalFlip, RandomVerticalFlip>;
  std::vector<Place> places;
  std::vector<Transform> values;  // they see one pixel at a time

  // False where a crop came before, or values were changed already.
  bool add_place(const Place& place);
};

// A plan for uint8 images of one shape. Immutable: threads may share it.
class ImagePass {
 public:
  // None where `transform` does what one pass cannot do.
  static std::optional<ImagePass> make(const Transform& transform, const Tensor& images);
  // The images (n, channels, height, width) at `indices`, as a batch of float32.
  Tensor run(const Tensor& images, std::span<const int64_t> indices, EpochSeed seed) const;

 private:
  ImagePass(ImagePlan plan, const Tensor& images);
  void write_image(const uint8_t* pixels, Chance chance, float* out) const;

  ImagePlan plan_;
  int64_t channels_, in_height_, in_width_, out_height_, out_width_;
  std::vector<float> tables_;  // of each channel, what each of the 256 values becomes
};

}  // namespace rushlight::data
