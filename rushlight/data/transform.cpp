#include "rushlight/data/transform.h"

#include "rushlight/data/image_plan.h"
#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::data {

void expect_image(const char* who, const Tensor& image) {
  if (image.rank() != 3)
    fail(ErrorKind::value, "[", who, "] an image is (channels, height, width), not ", image);
}

void expect_probability(const char* who, double probability) {
  if (!(probability >= 0 && probability <= 1))
    fail(ErrorKind::value, "[", who, "] a probability is in [0, 1], not ", probability);
}

// -- Compose

Tensor Compose::operator()(Tensor image, Chance& chance) const {
  for (const Transform& step : steps_) image = step(image, chance);
  return image;
}

bool Compose::join(ImagePlan& plan) const {
  for (const Transform& step : steps_)
    if (!step.join(plan)) return false;
  return true;
}

// -- values of pixels

Tensor ToTensor::operator()(const Tensor& image) const {
  expect_image("ToTensor", image);
  if (image.dtype() != DType::uint8)
    fail(ErrorKind::type, "[ToTensor] pixels are uint8, in 0..255, not ", image);
  const Tensor scaled = image.to(DType::float32) / 255;
  return order_ == PixelOrder::channels_last ? scaled.permute({2, 0, 1}).contiguous() : scaled;
}

bool ToTensor::join(ImagePlan& plan) const {
  if (!plan.values.empty() || order_ != PixelOrder::channels_first) return false;
  plan.values.push_back(*this);
  return true;
}

Normalize::Normalize(const RealList& mean, const RealList& std) {
  if (mean.size() != std.size() || mean.empty())
    fail(ErrorKind::value, "[Normalize] a mean and a standard deviation for each channel, not ", mean.size(),
         " and ", std.size());
  for (double value : std)
    if (!(value > 0)) fail(ErrorKind::value, "[Normalize] a standard deviation is above 0, not ", value);
  const std::vector<float> means(mean.begin(), mean.end()), deviations(std.begin(), std.end());
  const IntList shape{static_cast<int64_t>(mean.size()), 1, 1};
  mean_ = from_values<float>(means, shape);
  std_ = from_values<float>(deviations, shape);
}

Tensor Normalize::operator()(const Tensor& image) const {
  expect_image("Normalize", image);
  if (!image.is_floating_point())
    fail(ErrorKind::type, "[Normalize] floating-point pixels are needed, not ", image,
         "; put ToTensor before it");
  if (mean_.size(0) != 1 && mean_.size(0) != image.size(0))
    fail(ErrorKind::value, "[Normalize] there are means for ", mean_.size(0), " channels, not for ", image);
  return (image - mean_) / std_;
}

bool Normalize::join(ImagePlan& plan) const {
  if (plan.values.empty()) return false;  // not yet floating point: let the op complain
  plan.values.push_back(*this);
  return true;
}

// -- places of pixels

RandomCrop::RandomCrop(int64_t height, int64_t width, CropOptions options)
    : height_(height), width_(width), padding_(options.padding) {
  if (height < 1 || width < 1 || padding_ < 0)
    fail(ErrorKind::value, "[RandomCrop] a window of ", height, " x ", width, " with a padding of ", padding_,
         ": sizes are at least 1, padding at least 0");
}

RandomCrop::Corner RandomCrop::draw(int64_t height, int64_t width, Chance& chance) const {
  const int64_t rows = height + 2 * padding_ - height_, columns = width + 2 * padding_ - width_;
  if (rows < 0 || columns < 0)
    fail(ErrorKind::value, "[RandomCrop] a window of ", height_, " x ", width_, " does not fit an image of ",
         height, " x ", width, " with a padding of ", padding_);
  const int64_t top = chance.below(rows + 1);
  return {top, chance.below(columns + 1)};
}

Tensor RandomCrop::operator()(const Tensor& image, Chance& chance) const {
  expect_image("RandomCrop", image);
  const Corner corner = draw(image.size(1), image.size(2), chance);
  const Tensor padded = padding_ == 0 ? image : pad(image, {padding_, padding_, padding_, padding_});
  return padded.narrow(1, corner.top, height_).narrow(2, corner.left, width_);
}

bool RandomCrop::join(ImagePlan& plan) const { return plan.add_place(*this); }

RandomHorizontalFlip::RandomHorizontalFlip(double probability) : probability_(probability) {
  expect_probability("RandomHorizontalFlip", probability);
}

Tensor RandomHorizontalFlip::operator()(const Tensor& image, Chance& chance) const {
  expect_image("RandomHorizontalFlip", image);
  return draw(chance) ? flip(image, {2}) : image;
}

bool RandomHorizontalFlip::join(ImagePlan& plan) const { return plan.add_place(*this); }

RandomVerticalFlip::RandomVerticalFlip(double probability) : probability_(probability) {
  expect_probability("RandomVerticalFlip", probability);
}

Tensor RandomVerticalFlip::operator()(const Tensor& image, Chance& chance) const {
  expect_image("RandomVerticalFlip", image);
  return draw(chance) ? flip(image, {1}) : image;
}

bool RandomVerticalFlip::join(ImagePlan& plan) const { return plan.add_place(*this); }

}  // namespace rushlight::data
