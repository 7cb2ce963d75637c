#include "rushlight/core/print.h"

#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "rushlight/generated/functions.h"

using namespace rushlight;

namespace {

template <class T>
Tensor row(std::vector<T> values) {
  return from_values<T>(values, {static_cast<int64_t>(values.size())});
}

Tensor counting(int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return row(values);
}

}  // namespace

TEST_CASE("print: whole numbers keep a point, others four digits, aligned") {
  CHECK(to_string(row<float>({1, -2})) == "tensor([ 1., -2.])");
  CHECK(to_string(row<float>({1.5, 10})) == "tensor([ 1.5000, 10.0000])");
  CHECK(to_string(row<int64_t>({1, -20})) == "tensor([  1, -20])");
  CHECK(to_string(from_values<bool>(std::array{true, false}, {2})) == "tensor([ True, False])");
}

TEST_CASE("print: a wide range turns scientific") {
  CHECK(to_string(row<float>({1e-5f, 1})) == "tensor([1.0000e-05, 1.0000e+00])");
}

TEST_CASE("print: the dtype is said where it is not obvious, the size where nothing is shown") {
  CHECK(to_string(row<double>({1})) == "tensor([1.], dtype=rushlight.float64)");
  CHECK(to_string(row<int32_t>({1})) == "tensor([1], dtype=rushlight.int32)");
  CHECK(to_string(empty({0}, DType::float32)) == "tensor([])");
  CHECK(to_string(empty({2, 0}, DType::int64)) == "tensor([], size=(2, 0), dtype=rushlight.int64)");
}

TEST_CASE("print: rows and blocks are indented, strides respected") {
  Tensor square = counting(4).view({2, 2});
  CHECK(to_string(square) == "tensor([[0., 1.],\n        [2., 3.]])");
  CHECK(to_string(square.transpose(0, 1)) == "tensor([[0., 2.],\n        [1., 3.]])");
  CHECK(to_string(counting(2).view({2, 1, 1})) == "tensor([[[0.]],\n\n        [[1.]]])");
}

TEST_CASE("print: above the threshold only the edges are read and shown") {
  CHECK(to_string(counting(1001)) == "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])");
  CHECK(to_string(counting(1000)).find("...") == std::string::npos);
}

TEST_CASE("print: suffixes go to a new line where they do not fit") {
  const std::string suffix[] = {"requires_grad=True"};
  CHECK(to_string(counting(2), suffix) == "tensor([0., 1.], requires_grad=True)");
  CHECK(to_string(counting(12), suffix).find(",\n       requires_grad=True)") != std::string::npos);
}
