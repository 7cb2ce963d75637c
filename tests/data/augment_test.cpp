// Sizes, angles, colours, patches and mixtures.
#include "rushlight/data/augment.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;
using namespace rushlight::data;

namespace {

Tensor some_image(int64_t height, int64_t width) {
  return rand({3, height, width}, {.generator = Generator(2)});
}
Chance chance_of(int64_t i) { return EpochSeed{4, 0}.of_example(i); }
bool close(const Tensor& a, const Tensor& b, double tolerance = 1e-5) {
  return std::ranges::equal(a.shape(), b.shape()) && (a - b).abs().max().item<double>() <= tolerance;
}

}  // namespace

TEST_CASE("Resize averages over what a smaller image covers, and keeps the dtype") {
  const Tensor flat = full({3, 4, 6}, 0.25);
  CHECK(close(Resize(2, 9)(flat), full({3, 2, 9}, 0.25)));
  const Tensor bytes = (full({1, 8, 8}, 100.0)).to(DType::uint8);
  const Tensor small = Resize(3)(bytes);
  CHECK(small.dtype() == DType::uint8);
  CHECK(small.to_vector<int>() == std::vector<int>(9, 100));
  // Halved with a triangle of four pixels: weights 1 3 3 1, over 8.
  const Tensor line = from_values<float>(std::vector<float>{0, 0, 0, 8, 8, 8, 8, 8}, {1, 1, 8});
  CHECK(Resize(1, 4)(line).to_vector<float>()[1] == doctest::Approx(4));
  CHECK(fails_with(ErrorKind::value, {"0 x 3"}, [] { Resize(0, 3); }));
}

TEST_CASE("a quarter of a turn is a quarter of a turn") {
  const Tensor image = some_image(9, 9);
  Chance chance = chance_of(0);
  CHECK(close(RandomRotation(0)(image, chance), image));
  CHECK(close(RandomRotation(90, 90)(image, chance), rot90(image, {.k = 1, .dims = {1, 2}})));
  CHECK(close(RandomRotation(180, 180)(image, chance), flip(image, {1, 2})));
  const Tensor turned = RandomRotation(45, 45)(image, chance);
  CHECK(turned.to_vector<float>()[0] == 0);  // a corner comes from outside
  CHECK(close(turned.narrow(1, 4, 1).narrow(2, 4, 1), image.narrow(1, 4, 1).narrow(2, 4, 1)));
  CHECK(RandomRotation(30)(full({1, 4, 4}, 255.0).to(DType::uint8), chance).dtype() == DType::uint8);
  CHECK(fails_with(ErrorKind::value, {"-3"}, [] { RandomRotation(-3.0); }));
}

TEST_CASE("colours jitter within their bounds") {
  const Tensor image = some_image(4, 5) * 0.5;
  bool brighter = false, darker = false;
  for (int64_t i = 0; i < 30; ++i) {
    Chance chance = chance_of(i);
    const Tensor factor = ColorJitter({.brightness = 0.3})(image, chance) / image;
    const double first = factor.to_vector<double>()[0];
    CHECK((first >= 0.7 - 1e-6 && first <= 1.3 + 1e-6));
    CHECK(close(factor, full({3, 4, 5}, first)));
    brighter |= first > 1.05, darker |= first < 0.95;

    // Contrast keeps the mean of the greys, saturation the grey of each pixel, hue the extremes of each
    // pixel.
    const auto grey = [](const Tensor& x) {
      return x.select(0, 0) * 0.299 + x.select(0, 1) * 0.587 + x.select(0, 2) * 0.114;
    };
    CHECK(close(grey(ColorJitter({.contrast = 0.2})(image + 0.2, chance)).mean(), grey(image + 0.2).mean()));
    CHECK(close(grey(ColorJitter({.saturation = 0.2})(image + 0.2, chance)), grey(image + 0.2)));
    const Tensor turned = ColorJitter({.hue = 0.5})(image, chance);
    CHECK(close(amax(turned, {.dim = 0}), amax(image, {.dim = 0})));
    CHECK(close(amin(turned, {.dim = 0}), amin(image, {.dim = 0})));
    CHECK_FALSE(close(turned, image, 1e-3));
    const Tensor all =
        ColorJitter({.brightness = 2, .contrast = 2, .saturation = 2, .hue = 0.5})(image, chance);
    CHECK((all.min().item<float>() >= 0 && all.max().item<float>() <= 1));
  }
  CHECK((brighter && darker));
  Chance chance = chance_of(0);
  CHECK(close(ColorJitter({})(image, chance), image));
  const Tensor bytes = (image * 255).to(DType::uint8);
  CHECK(equal(ColorJitter({})(bytes, chance), bytes));
  const Tensor grey_image = image.narrow(0, 0, 1);
  CHECK(close(ColorJitter({.saturation = 0.5, .hue = 0.5})(grey_image, chance), grey_image));
  CHECK(fails_with(ErrorKind::value, {"0.5"}, [] { ColorJitter({.hue = 0.6}); }));
}

TEST_CASE("a turn of the colour wheel takes red to yellow or to magenta, and green and blue along") {
  const Tensor pure = eye(3).reshape({3, 1, 3});  // a red, a green and a blue pixel
  bool to_yellow = false, to_magenta = false;
  for (int64_t i = 0; i < 20; ++i) {
    Chance chance = chance_of(i);
    const std::vector<double> out = ColorJitter({.hue = 0.1})(pure, chance).to_vector<double>();
    const auto channel = [&](int64_t c, int64_t pixel) {
      return out[static_cast<size_t>(c % 3 * 3 + pixel)];
    };
    for (int64_t pixel = 0; pixel < 3; ++pixel) {
      CHECK(channel(pixel, pixel) == 1);
      CHECK(std::abs(channel(pixel + 1, pixel) - channel(1, 0)) < 1e-5);
      CHECK(std::abs(channel(pixel + 2, pixel) - channel(2, 0)) < 1e-5);
    }
    CHECK(channel(1, 0) * channel(2, 0) == 0);
    CHECK(std::max(channel(1, 0), channel(2, 0)) <= 0.6 + 1e-5);
    to_yellow |= channel(1, 0) > 0.05, to_magenta |= channel(2, 0) > 0.05;
  }
  CHECK((to_yellow && to_magenta));
}

TEST_CASE("a rectangle is erased") {
  const Tensor image = full({3, 20, 30}, 1.0);
  int erased = 0;
  for (int64_t i = 0; i < 100; ++i) {
    Chance chance = chance_of(i);
    const Tensor out = RandomErasing({.probability = 0.5})(image, chance);
    const auto gone = static_cast<int64_t>(600 - out.select(0, 1).sum().item<double>());
    if (gone == 0) continue;
    ++erased;
    CHECK((gone >= 5 && gone <= 230));
    CHECK(equal(out.select(0, 0), out.select(0, 2)));
    // As many rows as columns say: it is a rectangle.
    const int64_t rows = 20 - amin(out.select(0, 0), {.dim = 1}).sum().item<int64_t>();
    const int64_t columns = 30 - amin(out.select(0, 0), {.dim = 0}).sum().item<int64_t>();
    CHECK(rows * columns == gone);
  }
  CHECK(std::abs(erased - 50) < 20);
  CHECK(image.min().item<float>() == 1);
  Chance chance = chance_of(3), again = chance;
  const RandomErasing noise({.probability = 1, .value = std::nullopt});
  CHECK(equal(noise(image, chance), noise(image, again)));
  CHECK(fails_with(ErrorKind::value, {"0.9", "0.1"},
                   [] { RandomErasing({.least_area = 0.9, .most_area = 0.1}); }));
}

TEST_CASE("MixUp mixes inputs and targets alike") {
  const Tensor numbers = arange(4, {.dtype = DType::float32});
  const MixUp mixed(TensorDataset(numbers, arange(4, {.dtype = DType::int64})), {.classes = 4, .alpha = 1});
  const std::vector<int64_t> all{0, 1, 2, 3};
  const Example batch = mixed.get_batch(all, {3, 0});
  CHECK(batch.target.size(1) == 4);
  // The class is the input: its expected value is the mixed input.
  CHECK(close((batch.target * numbers).sum({.dim = 1}), batch.input));
  CHECK(close(batch.target.sum({.dim = 1}), full({4}, 1.0)));
  const double weight = batch.target.to_vector<double>()[0];
  CHECK((weight > 0 && weight < 1));
  CHECK(batch.target.to_vector<double>()[3] == doctest::Approx(1 - weight));
  CHECK(equal(mixed.get_batch(all, {3, 0}).input, batch.input));
  CHECK_FALSE(equal(mixed.get_batch(all, {3, 1}).input, batch.input));
  CHECK(mixed.get(2, {}).target.to_vector<int>() == std::vector<int>{0, 0, 1, 0});
  CHECK(fails_with(ErrorKind::value, {"alpha"},
                   [&] { MixUp(TensorDataset(numbers), {.classes = 4, .alpha = 0}); }));
  CHECK(fails_with(ErrorKind::type, {"int64"},
                   [&] { (void)MixUp(TensorDataset(numbers, numbers), {.classes = 4}).get(0, {}); }));
}
