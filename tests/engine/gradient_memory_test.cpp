// A gradient may be computed in the memory of the one that it is made from, if nobody else sees that.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "rushlight/base/memory_account.h"
#include "rushlight/rushlight.h"
#include "tests/base/forked_child.h"

using namespace rushlight;

TEST_CASE("backward: a gradient that nobody else holds is overwritten, and no other") {
  Tensor x = arange(6).to(DType::float32).requires_grad_();
  Tensor y = exp(x), z = sin(y);
  Tensor given = full({6}, 2.0);
  SUBCASE("the caller's stays") {
    z.backward({.gradient = given});
    CHECK(equal(given, full({6}, 2.0)));
  }
  SUBCASE("one that is retained stays") {
    y.retain_grad();
    z.backward({.gradient = given});
    CHECK(allclose(y.grad(), cos(y.detach()) * 2.0));
    CHECK(allclose(x.grad(), y.detach() * y.grad()));
  }
  SUBCASE("one that a hook keeps stays") {
    Tensor kept;
    z.register_hook([&](const Tensor& g) {
      kept = g;
      return Tensor();
    });
    z.backward({.gradient = clone(given)});
    CHECK(equal(kept, given));
  }
  SUBCASE("one that grad() returns stays") {
    std::vector<Tensor> both = grad({z}, {y, x}, {.grad_outputs = {given}});
    CHECK(allclose(both[0], cos(y.detach()) * 2.0));
    CHECK(allclose(both[1], y.detach() * both[0]));
  }
  SUBCASE("both operands get theirs") {
    Tensor w = full({6}, 3.0).requires_grad_();
    (y * w * 2.0).backward({.gradient = given});
    CHECK(allclose(w.grad(), y.detach() * 4.0));
    CHECK(allclose(x.grad(), y.detach() * 12.0));
  }
  SUBCASE("two users of one result") {
    ((relu(y) + y) * 2.0).backward({.gradient = given});
    CHECK(allclose(x.grad(), y.detach() * 8.0));
  }
}

TEST_CASE("backward: a chain of elementwise ops needs one buffer for its gradients") {
  constexpr int64_t kSize = 1 << 16, kBytes = kSize * int64_t{sizeof(float)};
  Tensor y = full({kSize}, 1.0).requires_grad_(), start = full({kSize}, 1.0);
  for (int i = 0; i < 8; ++i) y = sin(y);
  auto before = static_cast<int64_t>(memory_stats().live_bytes);
  reset_peak_memory();
  y.backward({.gradient = start, .retain_graph = true});
  CHECK(static_cast<int64_t>(memory_stats().peak_bytes) - before < kBytes * 3 / 2);
}

TEST_CASE("backward: views of one tensor add their gradients into one buffer") {
  constexpr int64_t kSize = 1 << 16, kBytes = 4 * kSize * int64_t{sizeof(float)};
  Tensor x = full({4, kSize}, 1.0).requires_grad_(), base = sin(x);
  Tensor sum = base.select(0, 0) * 1.0 + base.select(0, 1) * 2.0 + base.select(0, 2) * 3.0 +
               base.slice({.dim = 0, .start = 1, .end = 3}).sum({.dim = 0});
  auto before = static_cast<int64_t>(memory_stats().live_bytes);
  reset_peak_memory();
  sum.backward({.gradient = full({kSize}, 1.0), .retain_graph = true});
  CHECK(static_cast<int64_t>(memory_stats().peak_bytes) - before < kBytes * 2);
  const double factors[] = {1, 3, 4, 0};
  for (int64_t i = 0; i < 4; ++i)
    CHECK(allclose(x.grad().select(0, i), cos(x.detach().select(0, i)) * factors[i]));
}

TEST_CASE("backward: a gradient that views add to is nobody else's") {
  Tensor x = full({3, 2}, 1.0).requires_grad_(), base = x * 1.0;
  Tensor total = (base * 5.0).sum() + (base.select(0, 0) * 2.0).sum() + base.select(0, 2).sum();
  SUBCASE("a hook's") {
    std::vector<Tensor> seen;
    base.register_hook([&](const Tensor& g) {
      seen.push_back(g);
      return Tensor();
    });
    total.backward();
    CHECK(seen.size() == 1);
    CHECK(allclose(seen[0], x.grad()));
  }
  SUBCASE("second gradients go the way of public ops") {
    Tensor g = grad({total}, {x}, {.create_graph = true})[0];
    CHECK(g.sum().item<double>() == 36);
  }
  SUBCASE("the caller's, which an addition passed on") {
    Tensor given = full({3, 2}, 1.0), row = base.select(0, 1), sum = base + x.detach();
    backward({sum, row}, {given, full({2}, 1.0)});  // the later goes first
    CHECK(equal(given, full({3, 2}, 1.0)));
    CHECK(x.grad().sum().item<double>() == 8);
  }
}

TEST_CASE("backward: the gradient that linear passes on to its residual is nobody's to write to") {
  const Tensor h = full({3, 2}, 1.0), w = full({4, 2}, 0.5).requires_grad_();
  Tensor x = full({3, 4}, 2.0).requires_grad_(), base = x * 3.0;
  Tensor y = linear(h, w, {.residual = base}), given = full({3, 4}, 1.0);
  const Tensor other = base * base;  // a second gradient for base
  SUBCASE("the caller's") {
    backward({y, other}, {given, full({3, 4}, 1.0)});
    CHECK(equal(given, full({3, 4}, 1.0)));
    CHECK(equal(x.grad(), full({3, 4}, 39.0)));  // 3 (1 + 2 * 6)
  }
  SUBCASE("what retain_grad and a hook keep") {
    Tensor kept;
    y.retain_grad();
    y.register_hook([&](const Tensor& g) { return kept = g, Tensor(); });
    (y * 2.0 + other).sum().backward();
    CHECK(equal(y.grad(), full({3, 4}, 2.0)));
    CHECK(equal(kept, full({3, 4}, 2.0)));
    CHECK(equal(x.grad(), full({3, 4}, 42.0)));
  }
  SUBCASE("of a residual alone, which is a leaf or the input too") {
    Tensor leaf = full({3, 4}, 2.0).requires_grad_(), square = full({4, 4}, 1.0);
    backward({linear(h, w.detach(), {.residual = leaf})}, {given});
    CHECK(equal(leaf.grad(), given));
    leaf.set_grad({});
    backward({linear(leaf, square, {.residual = leaf})}, {given});
    CHECK(equal(leaf.grad(), full({3, 4}, 5.0)));
    CHECK(equal(given, full({3, 4}, 1.0)));
  }
  SUBCASE("replayed") {
    auto gradient = trace([&](const Tensor& residual) {
      Tensor leaf = (residual * 1.0).detach().requires_grad_();
      const Tensor loss = (linear(h, w.detach(), {.residual = leaf * 3.0}) * 2.0).sum();
      return grad({loss}, {leaf})[0];
    });
    for (int i = 0; i < 3; ++i) CHECK(equal(gradient(full({3, 4}, 2.0)), full({3, 4}, 6.0)));
  }
}

TEST_CASE("backward: a gradient lies as its leaf does") {
  Tensor w = full({4, 5}, 2.0).requires_grad_(), x = full({3, 5}, 1.0);
  matmul(x, w.t()).sum().backward();
  CHECK(w.grad().is_contiguous());
  Tensor image = clone(full({2, 3, 4, 5}, 1.0), {.memory_format = "channels_last"}).requires_grad_();
  contiguous(image).sum().backward();
  CHECK(image.grad().layout().is_channels_last());
  CHECK(equal(image.grad(), full({2, 3, 4, 5}, 1.0)));
}

TEST_CASE("backward: a child that was forked while another thread adds gradients has its own") {
  if (!kPoolMemory) return;  // a sanitizer's own allocator does not promise it
  std::atomic<bool> stop{false};
  std::thread other([&] {
    Tensor x = full({512, 512}, 0.5).requires_grad_();
    while (!stop) (x * 2.0).sum().backward();
  });
  int good = 0;
  for (int i = 0; i < 20; ++i)
    good += succeeds_in_child([] {
      Tensor x = full({8}, 0.5).requires_grad_();
      (x * 2.0).sum().backward();
      return x.grad().sum().item<float>() == 16;
    });
  stop = true;
  other.join();
  CHECK(good == 20);
}
