// Sums of so many numbers that one float, added to again and again, would lose the last of them.
#include "rushlight/rushlight.h"
#include "tests/backend/cpu_testing.h"

using namespace rushlight;

namespace {

// The largest difference from `expected`, relative to that.
double error_of(const Tensor& x, double expected) {
  return abs(x.to(DType::float64) / expected - 1).max().item<double>();
}
double largest(const Tensor& x) { return abs(x).max().item<double>(); }

Tensor like_channels_last(const Tensor& x) { return clone(x, {.memory_format = "channels_last"}); }

}  // namespace

TEST_CASE("layer norm: rows of equal numbers are 0, however long") {
  for (double number : {1234.567, 0.1, -3e-5, 1e30})
    for (int64_t n : {1, 64, 100, 768, 1000, 4096, 100'000}) {
      CAPTURE(number);
      CAPTURE(n);
      CHECK(largest(layer_norm(full({3, n}, number), n)) == 0);
    }
}

TEST_CASE("layer norm: the gradients of weight and bias over a million rows") {
  const Tensor weight = full({8}, 1.0).requires_grad_(), bias = full({8}, 0.0).requires_grad_();
  const Tensor row = 1.0 - 2.0 * arange(8).remainder(2).to(DType::float32);
  layer_norm(row.expand({1'000'000, 8}), 8, {.weight = weight, .bias = bias, .eps = 0})
      .backward({.gradient = full({1'000'000, 8}, 0.1)});
  CHECK(error_of(bias.grad(), 1e5) < 5e-6);
  CHECK(error_of(weight.grad() * row, 1e5) < 5e-6);
}

TEST_CASE("linear: the gradient of the bias over many rows, with the weight's and without") {
  constexpr int64_t kRows = 300'000, kFeatures = 32, kOutputs = 16;
  const Tensor x = full({1, kFeatures}, 1.0).expand({kRows, kFeatures});
  for (bool with_weight : {true, false}) {
    const Tensor weight = full({kOutputs, kFeatures}, 0.5).requires_grad_(with_weight);
    const Tensor bias = full(kOutputs, 0.0).requires_grad_();
    linear(x, weight, {.bias = bias}).backward({.gradient = full({kRows, kOutputs}, 0.1)});
    CHECK(error_of(bias.grad(), 0.1 * kRows) < 5e-6);
    if (with_weight) CHECK(error_of(weight.grad(), 0.1 * kRows) < 2e-5);
  }
}

TEST_CASE("batch norm: large images, in either order") {
  const auto normalize = [](const Tensor& x) { return channel_norm(x).output; };
  const IntList shape{1, 8, 512, 1024};
  const Tensor noise = randn(shape, {.generator = Generator(1)});
  for (double offset : {1.0, 100.0, 1e4}) {
    CAPTURE(offset);
    const Tensor x = noise + offset, expected = normalize(x.to(DType::float64));
    const double rounding = 6e-8 * offset + 1e-6;  // of the mean, to float32
    CHECK(largest(normalize(x).to(DType::float64) - expected) < 2 * rounding);
    CHECK(largest(normalize(like_channels_last(x)).to(DType::float64) - expected) < 2 * rounding);
  }
  for (double number : {0.1, 1234.567}) {
    const Tensor x = full(shape, number);
    CHECK(largest(normalize(x)) == 0);
    CHECK(largest(normalize(like_channels_last(x))) == 0);
  }
}

TEST_CASE("batch norm: gradients over large images, in either order") {
  const Tensor noise = randn({1, 8, 512, 1024}, {.generator = Generator(1)}), grad = full(noise.shape(), 0.1);
  for (bool last : {false, true}) {
    CAPTURE(last);
    const auto ordered = [&](const Tensor& x) { return last ? like_channels_last(x) : clone(x); };
    const Tensor x = ordered(noise).requires_grad_(), bias = full({8}, 0.0).requires_grad_();
    channel_norm(x, {.bias = bias}).output.backward({.gradient = ordered(grad)});
    CHECK(error_of(bias.grad(), 0.1 * 512 * 1024) < 1e-5);
    CHECK(largest(x.grad()) < 2e-6);  // equal gradients move nothing
  }
}

TEST_CASE("sums of equal numbers, along every axis") {
  for (double number : {0.1, 0.7}) {
    CAPTURE(number);
    CHECK(error_of(full({4'000'000}, number).sum(), 4e6 * number) < 4e-6);
    CHECK(error_of(full({3'000'000, 2}, number).sum({.dim = 0}), 3e6 * number) < 4e-6);
    CHECK(error_of(full({100'000, 65}, number).sum({.dim = 0}), 1e5 * number) < 4e-6);
    CHECK(error_of(full({2, 500'000, 3}, number).sum({.dim = 1}), 5e5 * number) < 4e-6);
    CHECK(error_of(full({3, 1'000'001}, number).mean({.dim = 1}), number) < 4e-6);
  }
}

TEST_CASE("a sum of few long rows takes no memory for parts of them") {
  const Tensor x = full({2, 4'000'000}, 1.0);
  reset_peak_memory();
  const uint64_t before = memory_stats().live_bytes;
  const Tensor y = x.sum({.dim = 0});
  CHECK(memory_stats().peak_bytes - before < y.nbytes() + y.nbytes() / 2);
  CHECK(equal(y, full({4'000'000}, 2.0)));
}
