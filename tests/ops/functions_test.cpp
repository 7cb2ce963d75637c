#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "rushlight/engine/backward.h"
#include "rushlight/ops/indexing.h"
#include "rushlight/ops/operators.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

TEST_CASE("a power of one is a copy: who writes to it leaves the matrix alone") {
  Tensor x = full({2, 2}, 3.0);
  CHECK_FALSE(matrix_power(x, 1).shares_storage(x));
}

TEST_CASE("a resized image is laid out as the image was, in rows where its sizes leave a choice") {
  Tensor x = full({1, 2, 1, 4}, 3.0);
  CHECK(interpolate(x, {.size = IntList{3, 4}}).is_contiguous());
  Tensor last = interpolate(permute(full({2, 4, 5, 3}, 1.0), {0, 3, 1, 2}), {.size = IntList{2, 6}});
  CHECK(last.layout() == Layout(IntSpan(last.shape()), std::vector<int64_t>{36, 1, 18, 3}, 0));
}

TEST_CASE("who counts places in int32 has no more of them") {
  Tensor row = expand(zeros({1}), {int64_t{1} << 31}), x = zeros({2});
  CHECK(has(error_of([&] { (void)searchsorted(row, x, {.out_int32 = true}); }), "among 2147483648 elements"));
}

TEST_CASE("arange counts int64 from whole ends, other whole numbers from the ends as they are") {
  CHECK(arange(0.1, 3.2, {.dtype = DType::int64}).numel() == 3);
  CHECK(arange(0.1, 3.2, {.dtype = DType::int32}).numel() == 4);
}

TEST_CASE("rms_norm of small numbers: eps is the distance from 1 to the next number, unless it is said") {
  Tensor small = full(2, 0x1p-26, {.dtype = DType::float64}), half = full(2, 0x1p-12);
  // the mean square is eps, or half of it
  CHECK(rms_norm(small, 2)(0).item<double>() == doctest::Approx(1 / std::sqrt(2.0)));
  CHECK(rms_norm(half, 2)(0).item<double>() == doctest::Approx(1 / std::sqrt(3.0)));
  for (DType dtype : {DType::float16, DType::bfloat16})  // which compute in float32
    CHECK(rms_norm(half.to(dtype), 2)(0).item<double>() == doctest::Approx(1 / std::sqrt(3.0)).epsilon(0.01));
}

TEST_CASE("norms: a frozen weight of another dtype has its say in the gradient") {
  for (DType dtype : {DType::float64, DType::float16, DType::bfloat16})
    for (bool centered : {true, false}) {
      Tensor x = randn({3, 40}, {.generator = Generator(1)}).requires_grad_();
      const Tensor weight = randn({40}, {.generator = Generator(2)}).to(dtype);
      const auto gradient = [&](const Tensor& w) {
        const Tensor y = centered ? layer_norm(x, 40, {.weight = w}) : rms_norm(x, 40, {.weight = w});
        return grad({(y * y).sum()}, {x})[0];
      };
      CHECK(allclose(gradient(weight), gradient(weight.to(DType::float32)), {.rtol = 1e-4, .atol = 1e-4}));
    }
}

TEST_CASE("linspace is the same from both ends, to the last bit") {
  for (double end : {0.1, 0.7, 1.1, 3.3})
    for (int64_t steps : {2, 8, 10, 14}) {
      std::vector<double> numbers = linspace(-end, end, steps, {.dtype = DType::float64}).to_vector<double>();
      CHECK(numbers.front() == -end);
      for (size_t i = 0; i < numbers.size(); ++i) CHECK(numbers[i] == -numbers[numbers.size() - 1 - i]);
    }
}

TEST_CASE("normalizations move the running statistics towards those of the batch") {
  Tensor x =
      reshape(arange(4), {2, 1, 2}) * 2.0;  // mean 3, variance 20 / 3; of the two rows: 1 and 5, 2 each
  for (bool instance : {false, true}) {
    CAPTURE(instance);
    Tensor mean = full({1}, 11.0), variance = full({1}, 10.0);
    if (instance)
      (void)instance_norm(x, {.running_mean = mean, .running_var = variance, .momentum = 0.25});
    else
      (void)batch_norm(x, mean, variance, {.training = true, .momentum = 0.25});
    CHECK(mean.item<double>() == doctest::Approx(0.75 * 11 + 0.25 * 3));
    CHECK(variance.item<double>() == doctest::Approx(0.75 * 10 + 0.25 * (instance ? 2.0 : 20.0 / 3)));
  }
}

TEST_CASE("logdet is -inf where a matrix is singular and NaN where its determinant is negative") {
  Tensor turned = flip(eye(2), {0});
  CHECK(logdet(full({2, 2}, 1.0)).item<double>() == -INFINITY);
  CHECK(std::isnan(logdet(turned).item<double>()));
}

TEST_CASE("a mask of another dtype does not change what attention returns") {
  Tensor q = full({1, 2, 3}, 0.5), mask = zeros({2, 2}, {.dtype = DType::float64});
  CHECK(scaled_dot_product_attention(q, q, q, {.attn_mask = mask}).dtype() == DType::float32);
}

TEST_CASE("an elementwise result is laid out as the first operand of its shape") {
  Tensor turned = transpose(full({2, 3}, 1.0), 0, 1), rows = full({3, 2}, 1.0);
  CHECK((turned + rows).stride(0) == 1);
  CHECK((rows + turned).stride(0) == 2);
  CHECK((full({3, 1}, 1.0) + turned).stride(0) == 1);
}
