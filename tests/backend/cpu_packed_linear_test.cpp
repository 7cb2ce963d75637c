#include <limits>

#include "rushlight/core/half.h"
#include "tests/backend/both_backends.h"

using namespace rushlight;

namespace {

struct Size {
  int64_t rows, features, outputs;
};

struct Packed {
  Tensor weight, scale;
  int64_t outputs;
};

// Everything in double loops over the numbers as they lie in memory. Errors in units of features + 8 epsilons
// of the sum of the terms' sizes.
double worst_error(const Tensor& y, const Tensor& x, const Packed& packed, const Tensor& bias) {
  const Tensor wide_x = contiguous(to(x, DType::float64)), wide_w = to(packed.weight, DType::float64);
  const Tensor scale = packed.scale.defined() ? to(packed.scale, DType::float64) : Tensor();
  const int64_t features = packed.weight.size(1), outputs = packed.outputs;
  const int64_t rows = y.numel() / std::max<int64_t>(outputs, 1),
                groups = scale.defined() ? scale.size(1) : 1;
  const double *xs = wide_x.data<double>(), *ws = wide_w.data<double>();
  double worst = 0;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < outputs; ++j) {
      const int64_t panel = j / 16, column = j % 16;
      double sum = bias.defined() ? double(bias.data<float>()[j]) : 0, size = std::abs(sum);
      for (int64_t k = 0; k < features; ++k) {
        const int64_t group = k / (features / groups);
        const double factor =
            scale.defined() ? scale.data<double>()[(panel * groups + group) * 16 + column] : 1;
        const double term = xs[i * features + k] * ws[(panel * features + k) * 16 + column] * factor;
        sum += term;
        size += std::abs(term);
      }
      const double error = std::abs(double(y.data<float>()[i * outputs + j]) - sum);
      worst = std::max(worst, error / (size + 1e-30));
    }
  return worst / (double(features + 8) * std::numeric_limits<float>::epsilon());
}

std::vector<Packed> packings(const Tensor& weight) {
  const int64_t outputs = weight.size(0), features = weight.size(1);
  std::vector<Packed> all;
  for (DType dtype : {DType::float32, DType::bfloat16, DType::float16})
    all.push_back({pack_linear(weight, {.dtype = dtype}), {}, outputs});
  if (features == 0) return all;
  for (int64_t groups : {1, 2, 5}) {
    if (features % groups) continue;
    const auto [whole, scale] = pack_linear_int8(weight, {.group_size = features / groups});
    all.push_back({whole, scale, outputs});
  }
  return all;
}

Tensor product(const Tensor& x, const Packed& packed, const Tensor& bias = {}) {
  return linear_packed(x, packed.weight, packed.outputs, {.scale = packed.scale, .bias = bias});
}

void check(const Size& size) {
  CAPTURE(size.rows);
  CAPTURE(size.features);
  CAPTURE(size.outputs);
  const Tensor x = some_normals({size.rows, size.features}, 1);
  const Tensor bias = some_normals({size.outputs}, 3);
  for (const Packed& packed : packings(some_normals({size.outputs, size.features}, 2))) {
    CAPTURE(name_of(packed.weight.dtype()));
    CHECK(worst_error(product(x, packed, bias), x, packed, bias) < 1);
    CHECK(worst_error(product(x, packed), x, packed, {}) < 1);
  }
}

}  // namespace

TEST_CASE("linear_packed: every type of weight and odd sizes, against double loops") {
  for (int64_t rows : {0, 1, 2, 5, 6, 7, 33})
    for (int64_t outputs : {1, 15, 16, 17, 50})
      for (int64_t features : {1, 2, 7, 10, 64}) check({rows, features, outputs});
  check({3, 0, 20});
  check({3, 8, 0});
}

TEST_CASE("linear_packed: sizes that are cut into chunks") {
  for (const Size& size : {Size{1, 768, 500}, Size{200, 40, 70}, Size{40, 3000, 33}, Size{1, 70'000, 5}})
    check(size);
}

TEST_CASE("linear_packed: the same bits for any number of threads") {
  const Tensor x = some_normals({33, 320}, 1), bias = some_normals({1000}, 3);
  for (const Packed& packed : packings(some_normals({1000, 320}, 2)))
    for (const Tensor& some : {x.narrow(0, 0, 1), x})
      cpu::check_same_for_all_thread_counts([&] { return bytes_of({product(some, packed, bias)}); });
}

TEST_CASE("linear_packed: inputs in any layout, of any rank, and of halves") {
  const Packed packed = packings(some_normals({21, 30}, 2))[3];
  const Tensor x = some_normals({2, 3, 30}, 1), bias = some_normals({21}, 3);
  const Tensor straight = product(x, packed, bias);
  CHECK(straight.size(0) == 2);
  const Tensor turned = clone(x.transpose(0, 2), {.memory_format = "contiguous"}).transpose(0, 2);
  CHECK(equal(product(turned, packed, bias), straight));
  const Packed spread{clone(packed.weight.transpose(0, 1), {.memory_format = "contiguous"}).transpose(0, 1),
                      packed.scale.expand({2, 1, 16}), 21};
  CHECK(equal(product(x, spread, bias), straight));
  const Tensor alone = product(x.select(0, 1).select(0, 2), packed, bias);
  CHECK(allclose(alone, straight.select(0, 1).select(0, 2), {.rtol = 1e-5, .atol = 1e-5}));
  for (DType half : {DType::float16, DType::bfloat16}) {
    const Tensor y = product(to(x, half), packed, to(bias, half));
    CHECK(y.dtype() == half);
    CHECK(equal(
        y, to(product(to(to(x, half), DType::float32), packed, to(to(bias, half), DType::float32)), half)));
  }
}

TEST_CASE("linear_packed: both backends agree") {
  for (const Packed& packed : packings(some_normals({40, 20}, 2)))
    check_close_on_both_backends(1e-4,
                                 [&] { return std::vector{product(some_normals({7, 20}, 1), packed)}; });
}

TEST_CASE("pack_linear_int8: no weight is further from its packed form than half a step of its group") {
  const Tensor weight = some_normals({19, 12}, 5);
  for (int64_t size : {12, 4, 1}) {
    const auto [whole, scale] = pack_linear_int8(weight, {.group_size = size});
    const Tensor back = linear_packed(eye(12), whole, 19, {.scale = scale}).transpose(0, 1);
    for (int64_t j = 0; j < 19; ++j)
      for (int64_t k = 0; k < 12; ++k) {
        const float step = scale.data<float>()[(j / 16 * (12 / size) + k / size) * 16 + j % 16];
        CHECK(std::abs(weight.data<float>()[j * 12 + k] - back.select(0, j).select(0, k).item<float>()) <=
              0.5001f * step);
      }
  }
  CHECK(amax(abs(to(pack_linear_int8(weight).weight, DType::int32))).item<int>() == 127);
}

TEST_CASE("packed weights have memory of their own and no history") {
  Tensor weight = some_normals({32, 1}, 1).requires_grad_();
  const Tensor packed = pack_linear(weight);
  CHECK(!packed.shares_storage(weight));
  CHECK(!packed.requires_grad());
  CHECK(!pack_linear_int8(weight).scale.requires_grad());
  const Tensor zeros = full({3, 4}, 0.0);
  CHECK(equal(product(full({2, 4}, 1.0), packings(zeros)[3]), full({2, 3}, 0.0)));
}
