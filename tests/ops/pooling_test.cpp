#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "rushlight/engine/backward.h"
#include "rushlight/ops/op_rules.h"

using namespace rushlight;

namespace {

// 0, 1, 2 ... in this shape: the largest of a window is its last.
Tensor counting(const IntList& shape) {
  std::vector<double> values(static_cast<size_t>(checked_numel(shape, "counting")));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  return from_values<double>(values, shape);
}
Tensor leaf(const IntList& shape) {
  Tensor t = counting(shape);
  t.requires_grad_();
  return t;
}
Shape shape_of(const Tensor& tensor) { return to_ints(tensor.shape()); }
using Numbers = std::vector<double>;
Numbers numbers(const Tensor& tensor) { return tensor.to_vector<double>(); }

}  // namespace

TEST_CASE("pooling: the largest, where it was, and the way back") {
  Tensor x = leaf({1, 1, 4, 4});
  auto [largest, indices] = max_pool2d_with_indices(x, 2);
  CHECK(numbers(largest) == Numbers{5, 7, 13, 15});
  CHECK(indices.to_vector<int64_t>() == std::vector<int64_t>{5, 7, 13, 15});
  CHECK(numbers(max_pool2d(x, {2, 1}, {.stride = {1, 3}, .padding = {1, 0}, .dilation = {2, 1}})) ==
        Numbers{4, 7, 8, 11, 12, 15, 8, 11});
  CHECK(shape_of(max_pool2d(x, 3, {.stride = 2, .ceil_mode = true})) == Shape{1, 1, 2, 2});
  Tensor back = max_unpool2d(largest, indices, 2);
  CHECK(numbers(back) == Numbers{0, 0, 0, 0, 0, 5, 0, 7, 0, 0, 0, 0, 0, 13, 0, 15});
  CHECK(numbers(grad({sum(back * back)}, {x})[0]) ==
        Numbers{0, 0, 0, 0, 0, 10, 0, 14, 0, 0, 0, 0, 0, 26, 0, 30});
  CHECK(shape_of(max_unpool1d(counting({2, 2}), full({2, 2}, 1, {.dtype = DType::int64}), 2,
                              {.output_size = 5})) == Shape{2, 5});
}

TEST_CASE("pooling: NaN wins, and so does the last of several") {
  double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  Tensor x = from_values<double>(Numbers{1, nan, inf, nan, -inf, -inf}, {1, 6});
  auto [largest, indices] = max_pool1d_with_indices(x, 3);
  CHECK(numbers(isnan(largest)) == Numbers{1, 1});
  CHECK(indices.to_vector<int64_t>() == std::vector<int64_t>{1, 3});
  auto [lowest, first] = max_pool1d_with_indices(x, 2);
  CHECK(lowest.to_vector<double>()[2] == -inf);
  CHECK(first.to_vector<int64_t>() == std::vector<int64_t>{1, 3, 4});
}

TEST_CASE("pooling: means count the padding or not, and every element gets its share of the gradient") {
  Tensor x = leaf({1, 1, 4});
  CHECK(numbers(avg_pool1d(x, 2, {.padding = 1})) == Numbers{0, 1.5, 1.5});
  CHECK(numbers(avg_pool1d(x, 2, {.padding = 1, .count_include_pad = false})) == Numbers{0, 1.5, 3});
  CHECK(numbers(avg_pool2d(counting({1, 2, 2}), 2, {.divisor_override = -3})) == Numbers{-2});
  CHECK(numbers(avg_pool1d(from_values<int64_t>(std::vector<int64_t>{-3, 0, 3, 2}, {1, 4}), 2)) ==
        Numbers{-1, 2});
  Tensor y = avg_pool1d(x, 3, {.stride = 1});
  Tensor g = grad({sum(y * y)}, {x}, {.create_graph = true})[0];
  CHECK(numbers(g * 3.0) == Numbers{2, 6, 6, 4});
  CHECK(numbers(grad({sum(g)}, {x})[0] * 3.0) == Numbers{2, 4, 4, 2});
}

TEST_CASE("pooling: parts of equal size, a size that is kept") {
  Tensor x = counting({2, 3, 5});
  CHECK(shape_of(adaptive_avg_pool2d(x, {kUnsaid, 2})) == Shape{2, 3, 2});
  CHECK(numbers(adaptive_avg_pool1d(counting({1, 5}), 3)) == Numbers{0.5, 2, 3.5});
  CHECK(numbers(adaptive_max_pool1d(counting({1, 5}), 3)) == Numbers{1, 3, 4});
  CHECK_THROWS_WITH_AS((void)adaptive_avg_pool2d(x, {2, 2, 2}), doctest::Contains("output_size"), Error);
}

TEST_CASE("pooling: an empty batch and wrong numbers") {
  CHECK(shape_of(max_pool2d(counting({0, 2, 4, 4}), 2)) == Shape{0, 2, 2, 2});
  Tensor x = counting({1, 2, 4, 4});
  CHECK_THROWS_WITH_AS((void)max_pool2d(x, 5), doctest::Contains("does not fit into 4"), Error);
  CHECK_THROWS_WITH_AS((void)max_pool2d(x, 2, {.padding = 2}), doctest::Contains("half of kernel_size"),
                       Error);
  CHECK_THROWS_WITH_AS((void)max_pool2d(x, 2, {.stride = 1, .padding = 1, .dilation = 5}),
                       doctest::Contains("window 0, 5 apart, lie in the padding beside the 4"), Error);
  CHECK_THROWS_WITH_AS((void)max_pool2d(x, int64_t{1} << 40), doctest::Contains("at most 2147483647"), Error);
  CHECK_THROWS_WITH_AS((void)avg_pool2d(x, 2, {.divisor_override = 0}), doctest::Contains("must not be 0"),
                       Error);
  CHECK_THROWS_WITH_AS((void)max_pool2d(counting({4, 4}), 2), doctest::Contains("(unbatched)"), Error);
  CHECK_THROWS_WITH_AS((void)max_unpool2d(x, full({1, 2, 4, 4}, 1000, {.dtype = DType::int64}), 2),
                       doctest::Contains("index 1000 is out of bounds"), Error);
}

TEST_CASE("resample: every mode, gradients that add up to what came in") {
  Tensor x = leaf({1, 1, 4});
  CHECK(numbers(interpolate(x, {.size = 8})) == Numbers{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(numbers(interpolate(x, {.scale_factor = 0.5})) == Numbers{0, 2});
  CHECK(numbers(interpolate(x, {.scale_factor = 0.5, .mode = "nearest-exact"})) == Numbers{1, 3});
  CHECK(numbers(interpolate(x, {.scale_factor = 0.5, .mode = "area"})) == Numbers{0.5, 2.5});
  Tensor wide = interpolate(x, {.size = 7, .mode = "linear", .align_corners = true});
  CHECK(numbers(wide) == Numbers{0, 0.5, 1, 1.5, 2, 2.5, 3});
  CHECK(numbers(grad({sum(wide)}, {x})[0]) == Numbers{1.5, 2, 2, 1.5});
  Tensor image = counting({1, 1, 2, 2});
  CHECK(numbers(interpolate(image, {.size = {3, 3}, .mode = "bilinear", .align_corners = true})) ==
        Numbers{0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3});
  CHECK(numbers(interpolate(image, {.size = 1, .mode = "bicubic", .antialias = true})) == Numbers{1.5});
  CHECK_THROWS_WITH_AS((void)interpolate(image, {.size = 3, .mode = "linear"}), doctest::Contains("3D"),
                       Error);
  CHECK_THROWS_WITH_AS((void)interpolate(image), doctest::Contains("either size or scale_factor"), Error);
}

TEST_CASE("columns: windows of an image, added up again") {
  Tensor x = leaf({1, 3, 3});
  Tensor columns = im2col(x, 2);
  CHECK(shape_of(columns) == Shape{4, 4});
  CHECK(numbers(columns) == Numbers{0, 1, 3, 4, 1, 2, 4, 5, 3, 4, 6, 7, 4, 5, 7, 8});
  CHECK(numbers(fold(columns, 3, 2)) == Numbers{0, 2, 2, 6, 16, 10, 6, 14, 8});
  CHECK(numbers(grad({sum(columns)}, {x})[0]) == Numbers{1, 2, 1, 2, 4, 2, 1, 2, 1});
  CHECK_THROWS_WITH_AS((void)fold(columns, 4, 2), doctest::Contains("has 9 such windows"), Error);
}

TEST_CASE("shuffle: channels become pixels and come back") {
  Tensor x = counting({4, 1, 2});
  CHECK(numbers(pixel_shuffle(x, 2)) == Numbers{0, 2, 1, 3, 4, 6, 5, 7});
  CHECK(numbers(pixel_unshuffle(pixel_shuffle(x, 2), 2)) == numbers(x));
  CHECK(numbers(channel_shuffle(counting({1, 4, 1}), 2)) == Numbers{0, 2, 1, 3});
  CHECK_THROWS_WITH_AS((void)pixel_shuffle(x, 3), doctest::Contains("square of upscale_factor=3"), Error);
}
