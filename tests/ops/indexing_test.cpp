#include "rushlight/ops/indexing.h"

#include <doctest/doctest.h>

#include <vector>

#include "../engine/error_words.h"
#include "rushlight/ops/op_rules.h"

using namespace rushlight;

namespace {

Tensor counting(const IntList& shape) {
  int64_t count = checked_numel(shape, "counting");
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return from_values<float>(values, shape);
}
Tensor ints(std::vector<int64_t> values) {
  return from_values<int64_t>(values, {static_cast<int64_t>(values.size())});
}
std::vector<float> floats(const Tensor& tensor) { return tensor.to_vector<float>(); }
Shape shape_of(const Tensor& tensor) { return to_ints(tensor.shape()); }

}  // namespace

TEST_CASE("indexing: integers and slices are views") {
  Tensor x = counting({3, 4});
  CHECK(floats(x(1, 2)) == std::vector<float>{6});
  CHECK(floats(x(Slice(0, 2), -1)) == std::vector<float>{3, 7});
  CHECK(floats(x(_, 0)) == std::vector<float>{0, 4, 8});
  CHECK(floats(x(0, Slice(1, {}))) == std::vector<float>{1, 2, 3});
  CHECK(floats(x(0, Slice({}, 2))) == std::vector<float>{0, 1});
  CHECK(floats(x(0, Slice({}, {}, 2))) == std::vector<float>{0, 2});
  CHECK(floats(x(0, Slice({}, {}, -2))) == std::vector<float>{3, 1});
  CHECK(x(1).shares_storage(x));
  x(1).copy_(0.0);
  CHECK(floats(x(1, 3)) == std::vector<float>{0});
}

TEST_CASE("indexing: an ellipsis fills in, None adds a dimension") {
  Tensor x = counting({2, 3, 4});
  CHECK(shape_of(x(Ellipsis, 0)) == Shape{2, 3});
  CHECK(shape_of(x(0, Ellipsis, 0)) == Shape{3});
  CHECK(shape_of(x(None, 1, Ellipsis, None)) == Shape{1, 3, 4, 1});
  CHECK_FALSE(x(Ellipsis).is_same(x));
}

TEST_CASE("indexing: tensors pick, masks stand for all their dimensions") {
  Tensor x = counting({3, 4});
  CHECK(floats(x(ints({2, 0}), 1)) == std::vector<float>{9, 1});
  CHECK(floats(x(ints({0, -1}), ints({1, 3}))) == std::vector<float>{1, 11});
  CHECK(floats(x(x > 9)) == std::vector<float>{10, 11});
  CHECK(shape_of(x(_, ints({0, 0, 0}))) == Shape{3, 3});
  CHECK(shape_of(x(true)) == Shape{1, 3, 4});
  CHECK(shape_of(x(false)) == Shape{0, 3, 4});
}

TEST_CASE("indexing: writing broadcasts and drops leading ones") {
  Tensor x = counting({2, 3});
  const IndexItem first_row[] = {0};
  x.set_by(first_row, counting({1, 1, 3}));
  const IndexItem second_row[] = {full({}, 1, {.dtype = DType::int64})};
  x.set_by(second_row, counting({1, 1, 3}) + 3);
  CHECK(floats(x) == std::vector<float>{0, 1, 2, 3, 4, 5});
  const IndexItem picked[] = {ints({0, 1}), 2};
  x.set_by(picked, -1.0);
  CHECK(floats(x) == std::vector<float>{0, 1, -1, 3, 4, -1});
  const IndexItem mask[] = {x < 0};
  x.set_by(mask, 7.0);
  CHECK(floats(x(_, 2)) == std::vector<float>{7, 7});
}

TEST_CASE("indexing: writing beside a slice, where no index picks") {
  Tensor x = counting({2, 3});
  const IndexItem columns[] = {Slice(), ints({2, 0})};
  x.set_by(columns, counting({1, 2, 2}));
  CHECK(floats(x) == std::vector<float>{1, 1, 0, 3, 4, 2});
}

TEST_CASE("indexing: what stands left of an = is written to") {
  Tensor x = counting({2, 3}), rows = counting({3});
  x(0) = 5.0;
  x(1, Slice(0, 2)) = rows(Slice(1, {}));
  CHECK(floats(x) == std::vector<float>{5, 5, 5, 1, 2, 5});
  x(_, 2) = x(_, 0);
  x(1).select(0, 0) = full({}, 7, {.dtype = DType::int64});
  CHECK(floats(x) == std::vector<float>{5, 5, 5, 7, 2, 1});
  x(0) += 1;
  x(x > 5) = -1.0;
  x(ints({1}), 1) = full({}, 9, {.dtype = DType::int64});
  CHECK(floats(x) == std::vector<float>{-1, -1, -1, -1, 9, 1});
  x(ints({0, 0}), 0) -= 2;
  x(x > 0) *= 10;
  x(_, ints({2})) = x(_, ints({1}));
  CHECK(floats(x) == std::vector<float>{-3, -1, -1, -1, 90, 90});
  x(true) = 0;
  CHECK(floats(x) == std::vector<float>(6, 0));
}

TEST_CASE(
    "indexing: a variable becomes the name of another tensor, a result that nobody holds is not written") {
  Tensor x = counting({4}), row = x(0);
  auto picked = x(x > 1);
  row = x(3);
  picked += 1;
  picked = x(ints({3}));
  picked = x;
  CHECK(picked.is_same(x));
  CHECK(floats(x) == std::vector<float>{0, 1, 2, 3});
  CHECK(floats(row) == std::vector<float>{3});
  CHECK(has(error_of([&] { x + 1 = 2.0; }), "nobody holds"));
  CHECK(has(error_of([&] { x(0) = 1e300; }), "does not fit"));
}

TEST_CASE("indexing: assignments are differentiated") {
  Tensor x = counting({4}).requires_grad_(), y = x * 1.0, values = full({2}, 3.0).requires_grad_();
  y(0) = values(0) * 2;
  y(y == 3) = values(Slice(1, {}));
  (y * y).sum().backward();
  CHECK(floats(x.grad()) == std::vector<float>{0, 2, 4, 0});
  CHECK(floats(values.grad()) == std::vector<float>{24, 6});
}

TEST_CASE("indexing: gradients reach what was read and what was written") {
  Tensor x = counting({4}).requires_grad_();
  x(ints({1, 1, 3})).sum().backward();
  CHECK(floats(x.grad()) == std::vector<float>{0, 2, 0, 1});
  Tensor values = counting({2}).requires_grad_(), target = x * 1.0;
  const IndexItem items[] = {ints({0, 2})};
  target.set_by(items, values);
  (target * target).sum().backward();
  CHECK(floats(values.grad()) == std::vector<float>{0, 2});
  CHECK(floats(x.grad()) == std::vector<float>{0, 4, 0, 7});
}

TEST_CASE("indexing: what does not fit is an index error") {
  Tensor x = counting({2, 3});
  auto kind_of = [](auto use) {
    try {
      use();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::not_implemented;
  };
  CHECK(kind_of([&] { (void)x(2); }) == ErrorKind::index);
  CHECK(kind_of([&] { (void)x(0, -4); }) == ErrorKind::index);
  CHECK(error_of([&] { (void)x(2); }) == "index 2 is out of bounds for dimension 0 with size 2");
  CHECK(error_of([&] { (void)x(0, -4); }) == "index -4 is out of bounds for dimension 0 with size 3");
  CHECK(kind_of([&] { (void)x(0, 0, 0); }) == ErrorKind::index);
  CHECK(kind_of([&] { (void)x(counting({2})); }) == ErrorKind::index);
  CHECK(kind_of([&] { (void)x(ints({5})); }) == ErrorKind::index);
  CHECK(kind_of([&] { (void)x(counting({3}) > 0); }) == ErrorKind::index);
  CHECK(has(error_of([&] { (void)x(counting({3, 3}) > 0); }), "The shape of the mask (3, 3) at index 0"));
}

TEST_CASE("indexing: what was read may change before the gradient") {
  Tensor x = counting({4}).requires_grad_(), read = x * 1.0, y = index(read, {ints({1, 3})});
  read.mul_(3.0);
  sum(y * y).backward();
  CHECK(floats(x.grad()) == std::vector<float>{0, 2, 0, 6});
}

TEST_CASE("indexing: what was written may change before the gradient") {
  Tensor x = counting({4}).requires_grad_(), values = counting({2}).requires_grad_();
  Tensor written = values * 1.0, y = index_put(x, {ints({0, 2})}, written);
  written.mul_(3.0);
  sum(y * y).backward();
  CHECK(floats(values.grad()) == std::vector<float>{0, 2});
}
