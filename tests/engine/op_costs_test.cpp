// What ops cost is counted where kernels run: eagerly, in the backward pass, in a replay.
#include <doctest/doctest.h>

#include <thread>

#include "rushlight/jit/trace.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

struct Counting {
  Counting() {
    reset_costs();
    count_costs(true);
  }
  ~Counting() {
    count_costs(false);
    reset_costs();
  }
};

}  // namespace

TEST_CASE("op costs: nothing is counted unless asked for") {
  reset_costs();
  Tensor x = randn({4, 4});
  (void)matmul(x, x);
  CHECK(total_cost().calls == 0);
}

TEST_CASE("op costs: calls, operations, bytes and allocations of a product") {
  Tensor a = randn({3, 5, 7}), b = randn({7, 11});
  Counting counting;
  (void)matmul(a, b);
  OpCost cost = cost_of(OpId::matmul);
  CHECK(cost.calls == 1);
  CHECK(cost.flops == 2.0 * 3 * 5 * 7 * 11);
  CHECK(cost.bytes == 4 * (3 * 5 * 7 + 7 * 11 + 3 * 5 * 11));
  CHECK(cost.allocations == 1);
  CHECK(cost.nanoseconds > 0);
  CHECK(total_cost().calls == 1);
}

TEST_CASE("op costs: what broadcasting repeats is read once, what is written in place needs no memory") {
  Tensor a = randn({8, 16}), row = randn({1, 16}).expand({8, 16});
  Counting counting;
  a.add_(row);
  OpCost cost = cost_of(OpId::add);
  CHECK(cost.bytes == 4 * (8 * 16 + 16 + 8 * 16));
  CHECK(cost.allocations == 0);
}

TEST_CASE("op costs: a linear layer's and a convolution's gradients are products too") {
  Tensor x = randn({6, 5}).requires_grad_(), w = randn({4, 5}).requires_grad_();
  Tensor image = randn({2, 4, 8, 8}).requires_grad_(), filters = randn({6, 2, 3, 3}).requires_grad_();
  Counting counting;
  linear(x, w).sum().backward();
  double product = 2.0 * 6 * 5 * 4;
  CHECK(cost_of(OpId::linear).flops == product);
  CHECK(cost_of(OpId::linear, Part::backward).flops + cost_of(OpId::matmul).flops == 2 * product);

  conv2d(image, filters, {.padding = 1, .groups = 2}).sum().backward();
  double filtered = 2.0 * (2 * 6 * 8 * 8) * (2 * 3 * 3);
  CHECK(cost_of(OpId::convolution).flops == 2 * filtered);  // the image's gradient is a convolution
  CHECK(cost_of(OpId::convolution_weight_gradient).flops == filtered);
}

TEST_CASE("op costs: a replay counts what eager calls count") {
  Tensor x = randn({32, 8}), w = randn({8, 8});
  auto step = [&](const Tensor& input) { return relu(matmul(input, w)); };
  auto traced = trace(step);
  for (int i = 0; i < 3; ++i) (void)traced(x);
  OpCost eager, replayed;
  {
    Counting counting;
    (void)step(x);
    eager = total_cost();
  }
  {
    Counting counting;
    (void)traced(x);
    replayed = total_cost();
  }
  CHECK(replayed.calls == eager.calls);
  CHECK(replayed.flops == eager.flops);
  CHECK(replayed.bytes == eager.bytes);
  CHECK(replayed.allocations == 0);
}

TEST_CASE("op costs: a dry run counts and computes nothing, on its thread alone") {
  Tensor x = zeros({64, 8}), w = ones({8, 8});
  Counting counting;
  {
    DryRun dry;
    x.add_(1);
    CHECK(matmul(x, w).size(1) == 8);
    {
      DryRun inner;
      (void)matmul(x, w);
      CHECK(inner.cost().flops == 2.0 * 64 * 8 * 8);
    }
    CHECK(dry.cost().flops == 64 * 8 + 2.0 * 64 * 8 * 8);
    CHECK(dry.cost().calls >= 2);
    std::thread([&] { CHECK(x.sum().item<float>() == 0); }).join();
  }
  CHECK(cost_of(OpId::matmul).calls == 0);
  CHECK(cost_of(OpId::matmul).allocated_bytes == 0);
  x.add_(1);
  CHECK(x.sum().item<float>() == 64 * 8);
  CHECK(cost_of(OpId::add).calls == 1);
}

TEST_CASE("op costs: costs are added and taken away count by count") {
  Tensor a = randn({2, 3});
  Counting counting;
  (void)exp(a);
  const OpCost once = total_cost();
  (void)exp(a);
  OpCost second = total_cost();
  CHECK(second.allocated_bytes == 2 * 2 * 3 * 4);
  second -= once;
  CHECK(second.calls == 1);
  CHECK(second.flops == once.flops);
  CHECK(second.bytes == once.bytes);
  CHECK(second.allocations == 1);
}
