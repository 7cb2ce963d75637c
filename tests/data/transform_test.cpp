// What transforms make of images, one by one and in one pass over a batch, judged by plain loops.
#include "rushlight/data/transform.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "rushlight/data/image_dataset.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;
using namespace rushlight::data;

namespace {

const RealList kMean{0.4914, 0.4822, 0.4465}, kStd{0.2470, 0.2435, 0.2616};
constexpr int64_t kImages = 40, kHeight = 6, kWidth = 7;

Tensor some_images(int64_t channels = 3) {
  return randint(256, {kImages, channels, kHeight, kWidth},
                 {.dtype = DType::uint8, .generator = Generator(1)});
}

ImageDataset dataset_of(const Tensor& images) {
  return ImageDataset(images, arange(kImages, {.dtype = DType::int64}).remainder(10));
}

std::vector<int64_t> indices(int64_t count = kImages) {
  std::vector<int64_t> all;
  for (int64_t i = 0; i < count; ++i) all.push_back((i * 7) % kImages);
  return all;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.numel() == b.numel() && a.dtype() == b.dtype() &&
         std::memcmp(a.contiguous().raw_data(), b.contiguous().raw_data(), a.nbytes()) == 0;
}

// Whether `out` is that window of an image in a frame of zeros, turned over where asked, then normalised.
struct Window {
  int64_t top, left;  // in the image: negative in the padding
  bool across, down;
};
bool shows(const Tensor& out, const Tensor& image, const Window& window) {
  const int64_t height = out.size(1), width = out.size(2);
  const std::span<const float> numbers = out.span<float>();
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        const int64_t row = window.top + (window.down ? height - 1 - y : y);
        const int64_t column = window.left + (window.across ? width - 1 - x : x);
        const bool inside = row >= 0 && row < kHeight && column >= 0 && column < kWidth;
        const float pixel = inside ? image.data<uint8_t>()[(c * kHeight + row) * kWidth + column] : 0;
        const auto at = static_cast<size_t>(c);
        const float wanted = (pixel / 255.f - static_cast<float>(kMean[at])) / static_cast<float>(kStd[at]);
        if (numbers[static_cast<size_t>((c * height + y) * width + x)] != wanted) return false;
      }
  return true;
}

}  // namespace

TEST_CASE("pixels become numbers") {
  Chance chance({0, 0});
  const Tensor image = from_values<uint8_t>(std::vector<uint8_t>{0, 51, 102, 153, 204, 255}, {3, 1, 2});
  const Tensor numbers = ToTensor()(image);
  CHECK(numbers.to_vector<float>() ==
        std::vector<float>{0, 51 / 255.f, 102 / 255.f, 153 / 255.f, 204 / 255.f, 1});
  const Tensor last = ToTensor(PixelOrder::channels_last)(image.reshape({1, 2, 3}));
  CHECK(last.size(0) == 3);
  CHECK(last.to_vector<float>() ==
        std::vector<float>{0, 153 / 255.f, 51 / 255.f, 204 / 255.f, 102 / 255.f, 1});
  const Tensor normal = Normalize({0, 0.5, 1}, {1, 0.5, 2})(numbers);
  CHECK(normal.to_vector<float>()[2] == (102 / 255.f - 0.5f) / 0.5f);
  CHECK(normal.to_vector<float>()[5] == 0);
  CHECK(fails_with(ErrorKind::type, {"uint8"}, [&] { (void)ToTensor()(numbers); }));
  CHECK(fails_with(ErrorKind::type, {"ToTensor"}, [&] { (void)Normalize(0.5, 0.5)(image); }));
  CHECK(fails_with(ErrorKind::value, {"2 channels"}, [&] { (void)Normalize({0, 0}, {1, 1})(numbers); }));
  CHECK(fails_with(ErrorKind::value, {"above 0", "-1"}, [&] { Normalize(0.5, -1); }));
  CHECK(fails_with(ErrorKind::value, {"1 and 2"}, [&] { Normalize(0.5, {1, 1}); }));
  CHECK(fails_with(ErrorKind::value, {"(channels, height, width)"},
                   [&] { (void)RandomCrop(1)(full({2, 2}, 1.0), chance); }));
}

TEST_CASE("crops and flips are the windows that they should be, one by one and in one pass") {
  const Tensor images = some_images();
  const Transform transform = Compose(RandomCrop(5, 6, {.padding = 2}), RandomHorizontalFlip(),
                                      RandomVerticalFlip(0.25), ToTensor(), Normalize(kMean, kStd));
  const ImageDataset fast = dataset_of(images).with(transform);
  REQUIRE(fast.in_one_pass());
  std::map<int64_t, int> tops, lefts;
  int across = 0, down = 0, seen = 0;
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    const EpochSeed seed{7, epoch};
    const Example batch = fast.get_batch(indices(), seed);
    REQUIRE(batch.input.size(2) == 5);
    for (int64_t n = 0; n < kImages; ++n) {
      const int64_t i = indices()[static_cast<size_t>(n)];
      const Tensor out = batch.input.select(0, n);
      CHECK(batch.target.to_vector<int64_t>()[static_cast<size_t>(n)] == i % 10);
      CHECK(same_bits(out, fast.get(i, seed).input));  // the ops, one by one
      for (int64_t top = -2; top <= kHeight + 2 - 5; ++top)
        for (int64_t left = -2; left <= kWidth + 2 - 6; ++left)
          for (int turns = 0; turns < 4; ++turns)
            if (shows(out, images.select(0, i), {top, left, turns % 2 == 1, turns > 1})) {
              ++tops[top], ++lefts[left], ++seen;
              across += turns % 2, down += turns > 1;
            }
    }
  }
  CHECK(seen == 20 * kImages);
  CHECK((tops.size() == 6 && lefts.size() == 6));
  for (const auto& counts : {tops, lefts})
    for (const auto& [at, count] : counts) CHECK(std::abs(count - seen / 6) < 60);
  CHECK(std::abs(across - seen / 2) < 70);
  CHECK(std::abs(down - seen / 4) < 70);
}

TEST_CASE("what one pass cannot do is done one by one") {
  const Tensor images = some_images();
  const ImageDataset plain = dataset_of(images);
  CHECK(plain.in_one_pass());
  CHECK(same_bits(plain.get_batch(indices(3)).input,
                  images.index_select(0, from_values<int64_t>(indices(3), {3})).to(DType::float32) / 255));
  const auto in_one_pass = [&](const Transform& transform) {
    const ImageDataset dataset = plain.with(transform);
    const EpochSeed seed{3, 1};
    std::vector<Tensor> each;
    for (int64_t i : indices()) each.push_back(dataset.get(i, seed).input);
    CHECK(same_bits(dataset.get_batch(indices(), seed).input, stack(each)));
    return dataset.in_one_pass();
  };
  const ToTensor to_tensor;
  CHECK(in_one_pass(Compose(RandomHorizontalFlip(), RandomCrop(3), to_tensor)));
  CHECK(in_one_pass(Compose(RandomCrop(12, {.padding = 5}), to_tensor)));
  CHECK(in_one_pass(
      Compose(RandomCrop(40, {.padding = 18}), to_tensor)));  // large: several threads make a batch
  CHECK(in_one_pass(Compose(Compose(RandomVerticalFlip(1), RandomCrop(4)), RandomHorizontalFlip(1), to_tensor,
                            Normalize(0.5, 0.5), Normalize(kMean, kStd))));
  CHECK_FALSE(in_one_pass(Compose(RandomCrop(4), RandomCrop(3), to_tensor)));
  CHECK_FALSE(in_one_pass(Compose(to_tensor, Normalize(kMean, kStd), RandomCrop(12, {.padding = 5}))));
  CHECK_FALSE(in_one_pass(Compose(RandomCrop(4))));
  CHECK_FALSE(in_one_pass(Compose(to_tensor, [](const Tensor& image) { return image * 2; })));
  CHECK_FALSE(in_one_pass([](const Tensor& image, Chance& chance) { return image + chance.below(100); }));
  CHECK(fails_with(ErrorKind::value, {"9 x 9", "6 x 7"},
                   [&] { (void)plain.with(Compose(RandomCrop(9), to_tensor)); }));
  CHECK(fails_with(ErrorKind::index, {"40"}, [&] { (void)plain.get_batch(std::vector<int64_t>{40}); }));

  // The same, on any dataset.
  const Dataset slow = TransformedDataset(TensorDataset(images), Compose(RandomHorizontalFlip(), to_tensor));
  CHECK(slow.get_batch(indices(4)).input.size(3) == kWidth);
}

TEST_CASE("a dataset of images says what it needs") {
  const Tensor images = some_images(), labels = arange(kImages, {.dtype = DType::int64});
  CHECK(fails_with(ErrorKind::value, {"uint8"}, [&] { ImageDataset(images.to(DType::float32), labels); }));
  CHECK(fails_with(ErrorKind::value, {"40 images", "(39,)"},
                   [&] { ImageDataset(images, labels.narrow(0, 0, 39)); }));
  CHECK(fails_with(ErrorKind::value, {"int64"}, [&] { ImageDataset(images, labels.to(DType::uint8)); }));
  CHECK(fails_with(ErrorKind::value, {"1.5"}, [&] { RandomHorizontalFlip(1.5); }));
  CHECK(fails_with(ErrorKind::value, {"-1"}, [&] { RandomCrop(3, {.padding = -1}); }));
}
