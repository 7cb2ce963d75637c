#include <doctest/doctest.h>

#include <vector>

#include "rushlight/engine/backward.h"
#include "rushlight/ops/op_rules.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

// step, 2 * step, ... modulo `modulus`: whole numbers, so that every sum below is exact.
Tensor numbers(const IntList& shape, int64_t step, int64_t modulus) {
  int64_t count = checked_numel(shape, "numbers");
  std::vector<double> values;
  for (int64_t i = 1; i <= count; ++i) values.push_back(static_cast<double>(i * step % modulus));
  return from_values<double>(values, shape);
}
Tensor leaf(const IntList& shape, int64_t step, int64_t modulus) {
  Tensor t = numbers(shape, step, modulus);
  t.requires_grad_();
  return t;
}
// One number that tells apart any two orders of the elements.
double digest(const Tensor& tensor) {
  double total = 0, place = 0;
  for (double value : tensor.to_vector<double>()) total += ++place * value;
  return total;
}
Shape shape_of(const Tensor& tensor) { return to_ints(tensor.shape()); }

// Digests of the gradients of `objective`, then of the gradients of the sum of their squares.
std::vector<double> two_gradients(const Tensor& objective, const Tensor& x, const Tensor& w) {
  std::vector<Tensor> g = grad({objective}, {x, w}, {.create_graph = true});
  std::vector<Tensor> h = grad({sum(g[0] * g[0]) + sum(g[1] * g[1])}, {x, w});
  return {digest(g[0]), digest(g[1]), digest(h[0]), digest(h[1])};
}

}  // namespace

// The expected digests are PyTorch's.
TEST_CASE("convolution: values, gradients and gradients of gradients") {
  Tensor x = leaf({2, 2, 5, 5}, 7, 11), w = leaf({4, 1, 2, 3}, 5, 7);
  Tensor y = conv2d(x, w, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2});
  CHECK(shape_of(y) == Shape{2, 4, 3, 5});
  CHECK(digest(y) == 393511);
  Tensor objective = sum(y * numbers(y.shape(), 3, 5)) + sum(y * y);
  CHECK(two_gradients(objective, x, w) == std::vector<double>{8746230, 3473016, 153763634108, 34433438956});
}

TEST_CASE("convolution: transposed, with an output_padding as large as the stride") {
  Tensor x = leaf({2, 4, 3, 3}, 7, 11), w = leaf({4, 1, 2, 3}, 5, 7);
  Tensor y = conv_transpose2d(
      x, w, {.stride = {2, 1}, .padding = {1, 0}, .output_padding = 1, .groups = 2, .dilation = {1, 2}});
  CHECK(shape_of(y) == Shape{2, 2, 5, 8});
  CHECK(digest(y) == 440822);
  CHECK(two_gradients(sum(y * y), x, w) == std::vector<double>{3815716, 2367608, 45059129168, 16324883376});
}

TEST_CASE("convolution: padding by name keeps the size, one more behind") {
  Tensor x = numbers({2, 2, 5, 5}, 7, 11), w = numbers({4, 1, 2, 3}, 5, 7);
  Tensor y = conv2d(x, w, "same", {.groups = 2});
  CHECK(shape_of(y) == Shape{2, 4, 5, 5});
  CHECK(digest(y) == 1316109);
  CHECK(shape_of(conv2d(x, w, "valid", {.groups = 2})) == Shape{2, 4, 4, 3});
  CHECK_THROWS_WITH_AS((void)conv2d(x, w, "full"), doctest::Contains("not \"full\""), Error);
}

TEST_CASE("convolution: an image without a batch, and a bias") {
  Tensor x = numbers({2, 5}, 7, 11), w = numbers({3, 2, 2}, 5, 7), b = numbers({3}, 1, 9);
  Tensor one = conv1d(x, w, {.bias = b});
  CHECK(shape_of(one) == Shape{3, 4});
  CHECK(one.to_vector<double>() == (conv1d(x, w) + unsqueeze(b, 1)).to_vector<double>());
  CHECK(one.to_vector<double>() == conv1d(unsqueeze(x, 0), w, {.bias = b}).to_vector<double>());
}

TEST_CASE("convolution: errors name what does not fit") {
  Tensor x = numbers({1, 2, 4}, 1, 5), w = numbers({2, 2, 3}, 1, 5);
  CHECK_THROWS_WITH_AS((void)conv1d(numbers({1, 3, 4}, 1, 5), w), doctest::Contains("has 3"), Error);
  CHECK_THROWS_WITH_AS((void)conv1d(x, w, {.stride = 0}), doctest::Contains("stride must be at least 1"),
                       Error);
  CHECK_THROWS_WITH_AS((void)conv1d(x, w, {.dilation = 2}), doctest::Contains("does not fit into 4"), Error);
  CHECK_THROWS_WITH_AS((void)conv1d(x, w, {.groups = 3}), doctest::Contains("groups=3"), Error);
  CHECK_THROWS_WITH_AS((void)conv1d(x, w, {.bias = numbers({3}, 1, 5)}), doctest::Contains("(2,)"), Error);
  CHECK_THROWS_WITH_AS((void)conv_transpose1d(x, w, {.output_padding = 1}),
                       doctest::Contains("output_padding"), Error);
  CHECK_THROWS_WITH_AS((void)conv1d(numbers({4}, 1, 5), w), doctest::Contains("(unbatched)"), Error);
}

TEST_CASE("convolution: an image may be as wide as an element's place can be counted") {
  auto convolve = [](int64_t width) {
    return error_of([&] { (void)conv1d(expand(zeros({1}), {1, 1, width}), zeros({1, 1, 1})); });
  };
  CHECK_FALSE(has(convolve(INT64_MAX / 4), "is too large"));
  CHECK(has(convolve(INT64_MAX / 4 + 1), "is too large"));
}

TEST_CASE("convolution: the largest stride") {
  Tensor x = numbers({1, 1, 3}, 1, 5), w = numbers({1, 1, 1}, 1, 5);
  constexpr int64_t largest = INT32_MAX;
  CHECK(conv1d(x, w, {.stride = largest}).numel() == 1);
  CHECK(has(error_of([&] { (void)conv1d(x, w, {.stride = largest + 1}); }), "stride"));
}

TEST_CASE("pad: only what is padded has to hold something") {
  for (const char* mode : {"reflect", "replicate", "circular"})
    CHECK(pad(zeros({0, 2, 3}), {1, 1}, {.mode = mode}).size(2) == 5);
}

TEST_CASE("pad: every mode, and negative numbers that crop") {
  Tensor x = numbers({2, 2, 5, 5}, 7, 11);
  CHECK(digest(pad(x, {2, 1, 1, 0}, {.mode = "reflect"})) == 91663);
  CHECK(digest(pad(x, {2, 1, 1, 0}, {.mode = "replicate"})) == 91760);
  CHECK(digest(pad(x, {2, 1, 1, 0}, {.mode = "circular"})) == 90703);
  CHECK(digest(pad(x, {2, -1, -1, 3}, {.value = 2.5})) == 48106);
  CHECK_THROWS_WITH_AS((void)pad(x, {5, 0}, {.mode = "reflect"}),
                       doctest::Contains("larger than dimension 3"), Error);
  CHECK_THROWS_WITH_AS((void)pad(x, {1}), doctest::Contains("divisible by 2"), Error);
  CHECK_THROWS_WITH_AS((void)pad(x, {-3, -3}), doctest::Contains("negative size"), Error);
}
