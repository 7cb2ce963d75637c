#include "rushlight/data/image_dataset.h"

#include "rushlight/data/image_plan.h"
#include "rushlight/generated/functions.h"

namespace rushlight::data {

struct ImageDataset::Content {
  Tensor images, labels;
  std::vector<std::string> classes;
  Transform transform;
  std::optional<ImagePass> pass;
};

ImageDataset::ImageDataset(Content content) : content_(std::make_shared<const Content>(std::move(content))) {}

ImageDataset::ImageDataset(Tensor images, Tensor labels, std::vector<std::string> classes) {
  if (images.rank() != 4 || images.dtype() != DType::uint8)
    fail(ErrorKind::value, "[ImageDataset] images are uint8 (n, channels, height, width), not ", images);
  if (labels.rank() != 1 || labels.dtype() != DType::int64 || labels.size(0) != images.size(0))
    fail(ErrorKind::value, "[ImageDataset] ", images.size(0), " images need as many labels of int64, not ",
         labels);
  images = images.contiguous(), labels = labels.contiguous();
  const Transform transform = ToTensor();
  std::optional<ImagePass> pass = ImagePass::make(transform, images);
  *this = ImageDataset(
      Content{std::move(images), std::move(labels), std::move(classes), transform, std::move(pass)});
}

ImageDataset ImageDataset::with(Transform transform) const {
  std::optional<ImagePass> pass = ImagePass::make(transform, images());
  return ImageDataset(Content{images(), labels(), classes(), std::move(transform), std::move(pass)});
}

int64_t ImageDataset::size() const { return images().size(0); }
const Tensor& ImageDataset::images() const { return content_->images; }
const Tensor& ImageDataset::labels() const { return content_->labels; }
const std::vector<std::string>& ImageDataset::classes() const { return content_->classes; }
bool ImageDataset::in_one_pass() const { return content_->pass.has_value(); }

Example ImageDataset::get(int64_t i, EpochSeed seed) const {
  expect_index(i, size());
  Chance chance = seed.of_example(i);
  return {content_->transform(images().select(0, i), chance), labels().select(0, i)};
}

Example ImageDataset::get_batch(std::span<const int64_t> indices, EpochSeed seed) const {
  const auto& pass = content_->pass;
  if (!pass) return gather_batch(*this, indices, seed);
  const Tensor rows = from_values(indices, {static_cast<int64_t>(indices.size())});
  return {pass->run(images(), indices, seed), labels().index_select(0, rows)};
}

Example TransformedDataset::get(int64_t i, EpochSeed seed) const {
  Example example = base_.get(i, seed);
  // What the base drew from the same numbers must not repeat here.
  Chance chance = seed.of_part(-1).of_example(i);
  return {transform_(example.input, chance), example.target};
}

}  // namespace rushlight::data
