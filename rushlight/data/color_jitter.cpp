#include <algorithm>
#include <cmath>

#include "rushlight/data/augment.h"
#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::data {

namespace {

Tensor in_range(const Tensor& image) { return clamp(image, {.min = 0, .max = 1}); }

// What a factor of 0 makes `from`, and one of 1 leaves as it is.
Tensor blended(const Tensor& image, const Tensor& from, double factor) {
  return in_range(image * factor + from * (1 - factor));
}

Tensor grey_of(const Tensor& image) {
  if (image.size(0) != 3) return image;
  const auto channel = [&](int64_t c) { return image.narrow(0, c, 1); };
  return channel(0) * 0.299 + channel(1) * 0.587 + channel(2) * 0.114;
}

// One pixel, its colour wheel turned by `turn` of a full one, brightest and darkest channel kept.
void turn_hue(float& red, float& green, float& blue, float turn) {
  const float most = std::max({red, green, blue}), least = std::min({red, green, blue}), range = most - least;
  if (range <= 0) return;
  const float sixth = most == red     ? (green - blue) / range
                      : most == green ? 2 + (blue - red) / range
                                      : 4 + (red - green) / range;
  const float hue = sixth + 6 * turn;
  // How far from its peak, which is `center` sixths round the wheel, each channel stands.
  const auto level = [&](float center) {
    const float away = std::abs(std::remainder(hue - center, 6.f));
    return most - range * std::clamp(away - 1, 0.f, 1.f);
  };
  red = level(0), green = level(2), blue = level(4);
}

Tensor hue_turned(const Tensor& image, double turn) {
  const Tensor result = image.to(DType::float32).contiguous().clone();
  const int64_t pixels = result.size(1) * result.size(2);
  float* plane = result.data<float>();
  for (int64_t i = 0; i < pixels; ++i)
    turn_hue(plane[i], plane[pixels + i], plane[2 * pixels + i], static_cast<float>(turn));
  return result.to(image.dtype());
}

double factor(double strength, Chance& chance) {
  return chance.uniform(std::max(0.0, 1 - strength), 1 + strength);
}

enum Step { kBrightness, kContrast, kSaturation, kHue };

Tensor jittered(const Tensor& image, Step step, const JitterOptions& options, Chance& chance) {
  const bool colored = image.size(0) == 3;
  if (step == kBrightness && options.brightness > 0)
    return in_range(image * factor(options.brightness, chance));
  if (step == kContrast && options.contrast > 0)
    return blended(image, grey_of(image).mean(), factor(options.contrast, chance));
  if (step == kSaturation && options.saturation > 0 && colored)
    return blended(image, grey_of(image), factor(options.saturation, chance));
  if (step == kHue && options.hue > 0 && colored)
    return hue_turned(image, chance.uniform(-options.hue, options.hue));
  return image;
}

}  // namespace

ColorJitter::ColorJitter(JitterOptions options) : options_(options) {
  const bool positive =
      options.brightness >= 0 && options.contrast >= 0 && options.saturation >= 0 && options.hue >= 0;
  if (!positive || options.hue > 0.5)
    fail(ErrorKind::value, "[ColorJitter] strengths are not negative, and that of hue is at most 0.5");
}

Tensor ColorJitter::operator()(const Tensor& image, Chance& chance) const {
  expect_image("ColorJitter", image);
  const bool bytes = image.dtype() == DType::uint8;
  if (!bytes && !image.is_floating_point())
    fail(ErrorKind::type, "[ColorJitter] an image is uint8 or floating point, not ", image);
  Step order[] = {kBrightness, kContrast, kSaturation, kHue};
  for (int64_t i = 3; i > 0; --i) std::swap(order[i], order[chance.below(i + 1)]);
  Tensor result = bytes ? image.to(DType::float32) / 255 : image;
  for (Step step : order) result = jittered(result, step, options_, chance);
  return bytes ? round(result * 255).to(DType::uint8) : result;
}

}  // namespace rushlight::data
