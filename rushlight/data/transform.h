// Transform: what happens to an image on its way to the network.
//
//   const data::Transform train = data::Compose(data::RandomCrop(32, {.padding = 4}),
//   data::RandomHorizontalFlip(),
//                                               data::ToTensor(), data::Normalize({0.5, 0.5, 0.5}, {0.25,
//                                               0.25, 0.25}));
//
// An image is (channels, height, width). Whatever makes a tensor of one, `t(image)` or `t(image, chance)`, is
// a transform. It draws from `chance` alone, so what an example becomes does not depend on who computes it.
#pragma once

#include <concepts>
#include <memory>
#include <vector>

#include "rushlight/core/tensor.h"
#include "rushlight/data/chance.h"

namespace rushlight::data {

struct ImagePlan;  // image_plan.h

template <class T>
concept RandomTransform = requires(const T& t, const Tensor& image, Chance& chance) {
  { t(image, chance) } -> std::convertible_to<Tensor>;
};
template <class T>
concept ImageTransform = RandomTransform<T> || requires(const T& t, const Tensor& image) {
  { t(image) } -> std::convertible_to<Tensor>;
};

// Any transform, as a value.
class Transform {
 public:
  template <ImageTransform T>
    requires(!std::same_as<T, Transform>)
  Transform(T transform) : held_(std::make_shared<Held<T>>(std::move(transform))) {}

  Tensor operator()(const Tensor& image, Chance& chance) const { return held_->run(image, chance); }
  // Joins those that are done to whole batches in one pass, or returns false where it cannot.
  bool join(ImagePlan& plan) const { return held_->join(plan); }

 private:
  struct Source {
    virtual ~Source() = default;
    virtual Tensor run(const Tensor& image, Chance& chance) const = 0;
    virtual bool join(ImagePlan& plan) const = 0;
  };
  template <class T>
  struct Held final : Source {
    explicit Held(T t) : transform(std::move(t)) {}
    Tensor run(const Tensor& image, Chance& chance) const override {
      if constexpr (RandomTransform<T>)
        return transform(image, chance);
      else
        return transform(image);
    }
    bool join(ImagePlan& plan) const override {
      if constexpr (requires { transform.join(plan); })
        return transform.join(plan);
      else
        return false;
    }
    T transform;
  };
  std::shared_ptr<const Source> held_;
};

// One after the other.
class Compose {
 public:
  explicit Compose(std::vector<Transform> steps) : steps_(std::move(steps)) {}
  template <class... Steps>
    requires(std::convertible_to<Steps, Transform> && ...)
  explicit Compose(Steps... steps) : steps_{Transform(std::move(steps))...} {}

  Tensor operator()(Tensor image, Chance& chance) const;
  bool join(ImagePlan& plan) const;

 private:
  std::vector<Transform> steps_;
};

enum class PixelOrder : uint8_t { channels_first, channels_last };

// uint8 in 0..255 to float32 in 0..1, channels first.
class ToTensor {
 public:
  explicit ToTensor(PixelOrder order = PixelOrder::channels_first) : order_(order) {}
  Tensor operator()(const Tensor& image) const;
  bool join(ImagePlan& plan) const;

 private:
  PixelOrder order_;
};

// (image - mean) / std, channel by channel.
class Normalize {
 public:
  Normalize(const RealList& mean, const RealList& std);
  Tensor operator()(const Tensor& image) const;
  bool join(ImagePlan& plan) const;

 private:
  Tensor mean_, std_;  // (channels, 1, 1)
};

struct CropOptions {
  int64_t padding = 0;  // pixels of value 0 on every side, before the crop
};

// A window of that size, anywhere.
class RandomCrop {
 public:
  explicit RandomCrop(int64_t size, CropOptions options = {}) : RandomCrop(size, size, options) {}
  RandomCrop(int64_t height, int64_t width, CropOptions options = {});
  Tensor operator()(const Tensor& image, Chance& chance) const;
  bool join(ImagePlan& plan) const;

  struct Corner {
    int64_t top, left;  // in the padded image
  };
  Corner draw(int64_t height, int64_t width, Chance& chance) const;
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  int64_t padding() const { return padding_; }

 private:
  int64_t height_, width_, padding_;
};

class RandomHorizontalFlip {
 public:
  explicit RandomHorizontalFlip(double probability = 0.5);
  Tensor operator()(const Tensor& image, Chance& chance) const;
  bool join(ImagePlan& plan) const;
  bool draw(Chance& chance) const { return chance.happens(probability_); }

 private:
  double probability_;
};

class RandomVerticalFlip {
 public:
  explicit RandomVerticalFlip(double probability = 0.5);
  Tensor operator()(const Tensor& image, Chance& chance) const;
  bool join(ImagePlan& plan) const;
  bool draw(Chance& chance) const { return chance.happens(probability_); }

 private:
  double probability_;
};

// Throws unless `image` is (channels, height, width); `who` asks.
void expect_image(const char* who, const Tensor& image);
void expect_probability(const char* who, double probability);

}  // namespace rushlight::data
