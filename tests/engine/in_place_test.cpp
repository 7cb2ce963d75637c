// In-place writes and the graph: who shares memory with what was written, and what they lead to afterwards.
// tests/python/test_in_place_programs.py has random programs of them beside PyTorch's.
#include <doctest/doctest.h>

#include "rushlight/engine/context.h"
#include "rushlight/engine/function.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

Tensor leaf(std::vector<double> values) {
  return from_values<double>(values, {static_cast<int64_t>(values.size())}).requires_grad_();
}
std::vector<double> gradient(const Tensor& loss, const Tensor& x) {
  return grad({loss}, {x})[0].to_vector<double>();
}
using List = std::vector<double>;

}  // namespace

TEST_CASE("a view that was written leads to the base as it is now, as every view does") {
  const Tensor x = leaf({1, 2, 3});
  for (bool other : {false, true}) {
    Tensor y = x * 1.0, view = y.narrow(0, 1, 2), same = y.narrow(0, 1, 2);
    view.mul_(2.0);
    view.add_(x.narrow(0, 0, 2));
    CHECK(gradient(sum(other ? same : view), x) == List{1, 3, 2});
  }
  Tensor y = x * 1.0, flat = y.view({3, 1}).view({3});
  flat.add_(1.0);
  flat.mul_(x);
  CHECK(gradient(sum(flat), x) == List{3, 5, 7});
}

TEST_CASE("an operand that shares the target's memory is saved as it was") {
  const Tensor x = leaf({1, 2, 3});
  Tensor y = x * 1.0;
  y.mul_(y);
  CHECK(gradient(sum(y), x) == List{2, 4, 6});
  y = x * 1.0;
  y.mul_(y.narrow(0, 0, 3));
  CHECK(gradient(sum(y), x) == List{2, 4, 6});
  y = x * 1.0;
  y.div_(y);
  CHECK(gradient(sum(y), x) == List{0, 0, 0});
  y = x * 1.0;
  y.mul_(y.detach());
  CHECK(gradient(sum(y), x) == List{1, 2, 3});
  Tensor view = (y = x * 1.0).narrow(0, 0, 3);
  y.mul_(view);
  CHECK(gradient(sum(view), x) == List{2, 4, 6});
}

TEST_CASE("retain_grad() is about the tensor as it is now") {
  const Tensor x = leaf({1, 2});
  Tensor y = x * 1.0;
  y.retain_grad();
  y.mul_(3.0);
  sum(y * 5.0).backward();
  CHECK(y.grad().to_vector<double>() == List{5, 5});
  y = x * 1.0;
  y.retain_grad();
  y.narrow(0, 0, 1).mul_(3.0);
  sum(y * 5.0).backward();
  CHECK(y.grad().to_vector<double>() == List{5, 5});
  CHECK(x.grad().to_vector<double>() == List{30, 20});
  y = x * 1.0;
  Tensor view = y.narrow(0, 1, 1);
  view.retain_grad();
  view.mul_(3.0);
  sum(view * 5.0).backward();
  CHECK(view.grad().to_vector<double>() == List{5});
}

TEST_CASE("columns beside each other may be written from each other, and what overlaps may not") {
  const Tensor x = leaf({1, 2, 3, 4, 5, 6, 7, 8});
  Tensor y = (x * 1.0).view({2, 4});
  y.narrow(1, 0, 2).add_(y.narrow(1, 2, 2));
  CHECK(y.contiguous().to_vector<double>() == List{4, 6, 3, 4, 12, 14, 7, 8});
  CHECK(gradient(sum(y * y), x)[2] == 8 + 6);
  y = (x * 1.0).view({2, 4});
  y.select(1, 0).mul_(y.select(1, 3));
  CHECK(gradient(sum(y), x) == List{4, 1, 1, 2, 8, 1, 1, 6});
  y = (x * 1.0).view({2, 4});
  CHECK(fails_with(ErrorKind::runtime, {"single memory location"},
                   [&] { y.narrow(1, 0, 2).add_(y.narrow(1, 1, 2)); }));
  CHECK(fails_with(ErrorKind::runtime, {"single memory location"},
                   [&] { y.t().narrow(0, 0, 2).add_(y.narrow(1, 0, 2)); }));
}

TEST_CASE("what is a piece of a split, and its pieces, cannot be written") {
  const Tensor x = leaf({1, 2, 3, 4});
  const std::vector<Tensor> halves = chunk(x * 1.0, 2);
  for (const Tensor& piece : {halves[0], halves[0].narrow(0, 0, 1), halves[0].view({2, 1})})
    CHECK(fails_with(ErrorKind::runtime, {"one of several views"}, [&] { Tensor(piece).mul_(2.0); }));
}

TEST_CASE("inference tensors are written in inference mode alone") {
  Tensor y;
  {
    InferenceMode guard;
    y = full(2, 1.0);
    y.add_(1.0);
  }
  CHECK(fails_with(ErrorKind::runtime, {"add_", "inference"}, [&] { y.add_(1.0); }));
  CHECK(fails_with(ErrorKind::runtime, {"add_", "inference"}, [&] { y.narrow(0, 0, 1).add_(1.0); }));
  NoGrad guard;
  CHECK(fails_with(ErrorKind::runtime, {"add_", "inference"}, [&] { y.add_(1.0); }));
}

TEST_CASE("a checkpoint whose input was written since refuses to run again") {
  const Tensor x = leaf({1, 1});
  Tensor z = x * 1.0;
  const Tensor y = checkpoint([](TensorList in) { return std::vector<Tensor>{exp(in[0])}; }, {z})[0];
  z.mul_(3.0);
  CHECK(fails_with(ErrorKind::runtime, {"inplace operation", "checkpoint", "input 0", "mul_"},
                   [&] { sum(y).backward(); }));
  const auto writes = [](TensorList in) {
    Tensor(in[0]).mul_(2.0);
    return std::vector<Tensor>{exp(in[0])};
  };
  const Tensor own = checkpoint(writes, {x * 1.0})[0];
  CHECK(fails_with(ErrorKind::runtime, {"inplace operation", "mul_"}, [&] { sum(own).backward(); }));
}
