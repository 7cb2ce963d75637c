#include "rushlight/data/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::data {

namespace {

// f works on float32 in 0..1; what comes back has the image's dtype.
template <class F>
Tensor in_unit(const char* who, const Tensor& image, F f) {
  expect_image(who, image);
  if (image.is_floating_point()) return f(image);
  if (image.dtype() != DType::uint8)
    fail(ErrorKind::type, "[", who, "] an image is uint8 or floating point, not ", image);
  const Tensor result = f(image.to(DType::float32) / 255);
  return round(clamp(result * 255, {.min = 0, .max = 255})).to(DType::uint8);
}

// -- rotation

struct Rotation {
  double cosine, sine;
};

// The pixel between four others at (y, x); outside is 0.
float sample(const float* plane, int64_t height, int64_t width, double y, double x) {
  const double top = std::floor(y), left = std::floor(x);
  double sum = 0;
  for (int corner = 0; corner < 4; ++corner) {
    const double row = top + (corner > 1 ? 1 : 0), column = left + corner % 2;
    if (row < 0 || row >= static_cast<double>(height) || column < 0 || column >= static_cast<double>(width))
      continue;
    const double weight = (1 - std::abs(y - row)) * (1 - std::abs(x - column));
    sum += weight * plane[static_cast<int64_t>(row) * width + static_cast<int64_t>(column)];
  }
  return static_cast<float>(sum);
}

Tensor rotated(const Tensor& image, Rotation by) {
  const Tensor source = image.to(DType::float32).contiguous();
  const int64_t channels = source.size(0), height = source.size(1), width = source.size(2);
  const double middle_y = static_cast<double>(height - 1) / 2, middle_x = static_cast<double>(width - 1) / 2;
  Tensor result = empty({channels, height, width}, DType::float32);
  float* out = result.data<float>();
  for (int64_t c = 0; c < channels; ++c) {
    const float* plane = source.data<float>() + c * height * width;
    for (int64_t i = 0; i < height; ++i)
      for (int64_t j = 0; j < width; ++j) {
        const double y = static_cast<double>(i) - middle_y, x = static_cast<double>(j) - middle_x;
        *out++ = sample(plane, height, width, middle_y + by.sine * x + by.cosine * y,
                        middle_x + by.cosine * x - by.sine * y);
      }
  }
  return result.to(image.dtype());
}

// -- erasing

struct Rectangle {
  int64_t top, left, height, width;
};

// Nothing where ten draws do not fit.
std::optional<Rectangle> draw_rectangle(const ErasingOptions& options, int64_t height, int64_t width,
                                        Chance& chance) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area =
        chance.uniform(options.least_area, options.most_area) * static_cast<double>(height * width);
    const double ratio =
        std::exp(chance.uniform(std::log(options.least_ratio), std::log(options.most_ratio)));
    const auto rows = static_cast<int64_t>(std::round(std::sqrt(area * ratio)));
    const auto columns = static_cast<int64_t>(std::round(std::sqrt(area / ratio)));
    if (rows >= height || columns >= width) continue;
    const int64_t top = chance.below(height - rows + 1);
    return Rectangle{top, chance.below(width - columns + 1), rows, columns};
  }
  return std::nullopt;
}

}  // namespace

Resize::Resize(int64_t height, int64_t width) : height_(height), width_(width) {
  if (height < 1 || width < 1) fail(ErrorKind::value, "[Resize] no image is ", height, " x ", width);
}

Tensor Resize::operator()(const Tensor& image) const {
  return in_unit("Resize", image, [this](const Tensor& x) {
    return interpolate(x.unsqueeze(0), {.size = {height_, width_}, .mode = "bilinear", .antialias = true})
        .select(0, 0);
  });
}

RandomRotation::RandomRotation(double low, double high) : low_(low), high_(high) {
  if (!(low <= high)) fail(ErrorKind::value, "[RandomRotation] no angle is between ", low, " and ", high);
}

Tensor RandomRotation::operator()(const Tensor& image, Chance& chance) const {
  const double angle = chance.uniform(low_, high_) * std::numbers::pi / 180;
  return in_unit("RandomRotation", image,
                 [&](const Tensor& x) { return rotated(x, {std::cos(angle), std::sin(angle)}); });
}

RandomErasing::RandomErasing(ErasingOptions options) : options_(options) {
  expect_probability("RandomErasing", options.probability);
  const bool areas =
      0 <= options.least_area && options.least_area <= options.most_area && options.most_area <= 1;
  const bool ratios = 0 < options.least_ratio && options.least_ratio <= options.most_ratio;
  if (!areas || !ratios)
    fail(ErrorKind::value, "[RandomErasing] areas go from the least to the most, in [0, 1], not ",
         options.least_area, " to ", options.most_area, "; ratios likewise, above 0, not ",
         options.least_ratio, " to ", options.most_ratio);
}

Tensor RandomErasing::operator()(const Tensor& image, Chance& chance) const {
  expect_image("RandomErasing", image);
  if (!chance.happens(options_.probability)) return image;
  const auto patch = draw_rectangle(options_, image.size(1), image.size(2), chance);
  if (!patch) return image;
  const Tensor result = image.clone();
  const Tensor window = result.narrow(1, patch->top, patch->height).narrow(2, patch->left, patch->width);
  if (options_.value)
    window.fill_(*options_.value);
  else
    window.copy_(randn(window.shape(), {.dtype = image.dtype(), .generator = chance.generator()}));
  return result;
}

// -- MixUp

MixUp::MixUp(Dataset base, MixUpOptions options) : base_(std::move(base)), options_(options) {
  if (options.classes < 1 || !(options.alpha > 0))
    fail(ErrorKind::value, "[MixUp] at least one class and an alpha above 0 are needed, not ",
         options.classes, " and ", options.alpha);
}

Tensor MixUp::probabilities(const Tensor& classes) const {
  if (!classes.defined() || classes.dtype() != DType::int64)
    fail(ErrorKind::type, "[MixUp] targets are classes, of int64");
  return one_hot(classes, {.num_classes = options_.classes}).to(DType::float32);
}

Example MixUp::get(int64_t i, EpochSeed seed) const {
  const Example example = base_.get(i, seed);
  return {example.input, probabilities(example.target)};
}

Example MixUp::get_batch(std::span<const int64_t> indices, EpochSeed seed) const {
  const Example batch = base_.get_batch(indices, seed);
  const Tensor target = probabilities(batch.target);
  Chance chance = seed.of_part(-2).of_example(indices.empty() ? 0 : indices[0]);
  const double weight = chance.beta(options_.alpha, options_.alpha);
  // A batch is in random order already: its first partners its last.
  return {batch.input * weight + flip(batch.input, {0}) * (1 - weight),
          target * weight + flip(target, {0}) * (1 - weight)};
}

}  // namespace rushlight::data
