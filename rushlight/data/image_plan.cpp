#include "rushlight/data/image_plan.h"

#include <algorithm>

#include "rushlight/base/thread_pool.h"
#include "rushlight/data/dataset.h"
#include "rushlight/generated/functions.h"

namespace rushlight::data {

namespace {

constexpr int64_t kValues = 256;
constexpr int64_t kNumbersOfChunk = 1 << 13;  // some 6 us

// Where the pixels of a line come from: pixel i from first + step * i, where that is inside; else it is
// padding.
struct Line {
  int64_t first, step;  // step is 1 or -1
  int64_t at(int64_t i) const { return first + step * i; }
  void crop(int64_t start) { first += step * start; }
  void flip(int64_t length) { first += step * (length - 1), step = -step; }
};

struct Frame {
  int64_t height, width;
  Line rows{0, 1}, columns{0, 1};

  void follow(const RandomCrop& crop, Chance& chance) {
    const RandomCrop::Corner corner = crop.draw(height, width, chance);
    rows.crop(corner.top - crop.padding());
    columns.crop(corner.left - crop.padding());
    height = crop.height(), width = crop.width();
  }
  void follow(const RandomHorizontalFlip& flip, Chance& chance) {
    if (flip.draw(chance)) columns.flip(width);
  }
  void follow(const RandomVerticalFlip& flip, Chance& chance) {
    if (flip.draw(chance)) rows.flip(height);
  }
};

Frame frame_of(const ImagePlan& plan, int64_t height, int64_t width, Chance& chance) {
  Frame frame{height, width};
  for (const ImagePlan::Place& place : plan.places)
    std::visit([&](const auto& step) { frame.follow(step, chance); }, place);
  return frame;
}

// The pixels of an output line, [begin, end), that come from inside a line of `length`.
struct Inside {
  int64_t begin, end;
};
Inside inside(const Line& line, int64_t length, int64_t out_length) {
  const int64_t last = length - 1;
  const int64_t begin = line.step > 0 ? -line.first : line.first - last;
  const int64_t end = (line.step > 0 ? last - line.first : line.first) + 1;
  return {std::clamp<int64_t>(begin, 0, out_length), std::clamp<int64_t>(end, 0, out_length)};
}

void look_up(const uint8_t* pixels, int64_t step, int64_t count, const float* table, float* out) {
  if (step > 0)
    for (int64_t i = 0; i < count; ++i) out[i] = table[pixels[i]];
  else
    for (int64_t i = 0; i < count; ++i) out[i] = table[pixels[-i]];
}

void write_plane(const uint8_t* pixels, const Frame& frame, int64_t in_height, int64_t in_width,
                 const float* table, float* out) {
  const Inside rows = inside(frame.rows, in_height, frame.height);
  const Inside columns = inside(frame.columns, in_width, frame.width);
  for (int64_t y = 0; y < frame.height; ++y, out += frame.width) {
    if (y < rows.begin || y >= rows.end || columns.begin >= columns.end) {
      std::fill_n(out, frame.width, table[0]);
      continue;
    }
    const uint8_t* line = pixels + frame.rows.at(y) * in_width;
    std::fill_n(out, columns.begin, table[0]);
    look_up(line + frame.columns.at(columns.begin), frame.columns.step, columns.end - columns.begin, table,
            out + columns.begin);
    std::fill(out + columns.end, out + frame.width, table[0]);
  }
}

// What each value becomes in each channel: the transforms done to an image of all values.
std::vector<float> tables_of(const ImagePlan& plan, int64_t channels) {
  Tensor image = empty({channels, 1, kValues}, DType::uint8);
  uint8_t* pixels = image.data<uint8_t>();
  for (int64_t i = 0; i < channels * kValues; ++i) pixels[i] = static_cast<uint8_t>(i % kValues);
  Chance none({0, 0});
  for (const Transform& transform : plan.values) image = transform(image, none);
  return image.to_vector<float>();
}

}  // namespace

bool ImagePlan::add_place(const Place& place) {
  const auto is_crop = [](const Place& p) { return std::holds_alternative<RandomCrop>(p); };
  if (!values.empty() || (is_crop(place) && std::any_of(places.begin(), places.end(), is_crop))) return false;
  places.push_back(place);
  return true;
}

std::optional<ImagePass> ImagePass::make(const Transform& transform, const Tensor& images) {
  ImagePlan plan;
  if (images.rank() != 4 || images.dtype() != DType::uint8 || !images.is_contiguous()) return std::nullopt;
  if (!transform.join(plan) || plan.values.empty()) return std::nullopt;
  return ImagePass(std::move(plan), images);
}

ImagePass::ImagePass(ImagePlan plan, const Tensor& images)
    : plan_(std::move(plan)),
      channels_(images.size(1)),
      in_height_(images.size(2)),
      in_width_(images.size(3)) {
  Chance any({0, 0});
  const Frame frame = frame_of(plan_, in_height_, in_width_, any);
  out_height_ = frame.height, out_width_ = frame.width;
  tables_ = tables_of(plan_, channels_);
}

void ImagePass::write_image(const uint8_t* pixels, Chance chance, float* out) const {
  const Frame frame = frame_of(plan_, in_height_, in_width_, chance);
  for (int64_t c = 0; c < channels_; ++c)
    write_plane(pixels + c * in_height_ * in_width_, frame, in_height_, in_width_,
                tables_.data() + c * kValues, out + c * out_height_ * out_width_);
}

Tensor ImagePass::run(const Tensor& images, std::span<const int64_t> indices, EpochSeed seed) const {
  const int64_t in_size = channels_ * in_height_ * in_width_, out_size = channels_ * out_height_ * out_width_;
  const auto count = static_cast<int64_t>(indices.size());
  for (int64_t i : indices) expect_index(i, images.size(0));
  Tensor batch = empty({count, channels_, out_height_, out_width_}, DType::float32);
  const uint8_t* pixels = images.data<uint8_t>();
  float* out = batch.data<float>();
  const int64_t together = std::max<int64_t>(kNumbersOfChunk / std::max<int64_t>(out_size, 1), 1);
  parallel_for((count + together - 1) / together, [&](int64_t chunk) {
    for (int64_t k = chunk * together; k < std::min(count, (chunk + 1) * together); ++k) {
      const int64_t i = indices[static_cast<size_t>(k)];
      write_image(pixels + i * in_size, seed.of_example(i), out + k * out_size);
    }
  });
  return batch;
}

}  // namespace rushlight::data
