#include <doctest/doctest.h>

#include <cmath>
#include <thread>

#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

Tensor values(std::vector<double> numbers) {
  return from_values<double>(numbers, static_cast<int64_t>(numbers.size()));
}
std::vector<double> list(const Tensor& t) { return t.to_vector<double>(); }

}  // namespace

TEST_CASE("x cubed: the gradient is the finite difference") {
  for (double at : {-1.5, 0.25, 2.0}) {
    Tensor x = values({at}).requires_grad_();
    Tensor y = x * x * x;
    y.backward();
    double h = 1e-5, numeric = (std::pow(at + h, 3) - std::pow(at - h, 3)) / (2 * h);
    CHECK(x.grad().item<double>() == doctest::Approx(numeric).epsilon(1e-8));
    CHECK(x.grad().item<double>() == doctest::Approx(3 * at * at));
  }
}

TEST_CASE("a tensor used twice sums its gradients, and so do two backwards") {
  Tensor x = values({3}).requires_grad_();
  (x * x + x).backward();
  CHECK(list(x.grad()) == std::vector<double>{7});
  (x * 2.0).backward();
  CHECK(list(x.grad()) == std::vector<double>{9});
}

TEST_CASE("gradients come back in the shape and dtype of the input") {
  Tensor row = values({1, 2, 3}).requires_grad_();
  Tensor narrow = full(1, 2.0, {.dtype = DType::float32}).requires_grad_();
  Tensor wide = full({4, 3}, 1.0, {.dtype = DType::float64});
  sum(wide * row * narrow).backward();
  CHECK(list(row.grad()) == std::vector<double>{8, 8, 8});
  CHECK(narrow.grad().dtype() == DType::float32);
  CHECK(list(narrow.grad()) == std::vector<double>{24});
}

TEST_CASE("second gradients of an elementwise op and of composites") {
  Tensor x = values({0.3, -0.7}).requires_grad_();
  Tensor first = grad({sum(x * x * x)}, {x}, {.create_graph = true})[0];
  Tensor second = grad({sum(first)}, {x})[0];
  CHECK(list(second)[0] == doctest::Approx(1.8));
  CHECK(list(second)[1] == doctest::Approx(-4.2));

  Tensor m =
      from_values<double>(std::vector<double>{0.1, 0.9, -0.4, 0.5, 0.2, -1.1}, {2, 3}).requires_grad_();
  auto slope = [&](const Tensor& at) {
    return grad({sum(layer_norm(at, 3) * at)}, {at}, {.create_graph = true})[0];
  };
  Tensor curvature = grad({sum(slope(m) * slope(m))}, {m})[0];
  double h = 1e-5;
  auto norm_at = [&](double shift) {
    Tensor moved = from_values<double>(m.to_vector<double>(), {2, 3});
    moved.span<double>()[1] += shift;
    moved.requires_grad_();
    Tensor s = slope(moved);
    return sum(s * s).item<double>();
  };
  CHECK(curvature.to_vector<double>()[1] ==
        doctest::Approx((norm_at(h) - norm_at(-h)) / (2 * h)).epsilon(1e-6));
}

TEST_CASE("in-place writes on a view reach the base, its history and other views") {
  Tensor x = values({1, 2, 3, 4}).requires_grad_();
  Tensor base = x * 1.0;
  Tensor grid = base.view({2, 2});
  Tensor column = grid.select(1, 0);
  column.mul_(10.0);
  CHECK(list(base) == std::vector<double>{10, 2, 30, 4});
  sum(grid * grid).backward();
  CHECK(list(x.grad()) == std::vector<double>{200, 4, 600, 8});
}

TEST_CASE("a constant that is written with a tracked value joins the graph") {
  Tensor x = values({5}).requires_grad_();
  Tensor buffer = full(3, 0.0, {.dtype = DType::float64});
  buffer.select(0, 1).copy_(x.select(0, 0) * 2.0);
  CHECK(buffer.requires_grad());
  sum(buffer).backward();
  CHECK(list(x.grad()) == std::vector<double>{2});
}

TEST_CASE("an in-place form keeps the value that its own gradient reads") {
  Tensor x = values({2}).requires_grad_(), w = values({7}).requires_grad_();
  Tensor y = x * 1.0;
  y.mul_(w);
  y.backward();
  CHECK(list(x.grad()) == std::vector<double>{7});
  CHECK(list(w.grad()) == std::vector<double>{2});
}

TEST_CASE("backward(inputs) fills the gradients of these and no others, leaves or not") {
  Tensor x = values({1, 2}).requires_grad_(), w = values({3, 4}).requires_grad_();
  Tensor y = x * w;
  sum(y * y).backward({.inputs = {y, w}});
  CHECK(list(y.grad()) == std::vector<double>{6, 16});
  CHECK(list(w.grad()) == std::vector<double>{6, 32});
  CHECK_FALSE(x.grad().defined());
  CHECK(has(error_of([&] { sum(x * w).backward({.inputs = {values({1})}}); }), "does not require grad"));
}

TEST_CASE("a step of a staircase is flat: zeros, and not nothing") {
  Tensor x = values({1.2, 2.7}).requires_grad_();
  sum(round(x) * sign(x)).backward();
  CHECK(list(x.grad()) == std::vector<double>{0, 0});
}

TEST_CASE("misuse explains itself") {
  Tensor x = values({1, 2}).requires_grad_();
  Tensor y = x * x;
  CHECK(has(error_of([&] { y.backward(); }), "scalar outputs"));
  sum(y).backward();
  CHECK(has(error_of([&] { sum(y).backward(); }), "second time"));
  CHECK(has(error_of([&] { x.add_(1.0); }), "leaf"));
  CHECK(has(error_of([&] { x.select(0, 0).add_(1.0); }), "view of a leaf"));
  CHECK(has(error_of([&] { values({1}).backward(); }), "does not require grad"));
  CHECK(has(error_of([&] { full(1, 1).requires_grad_(); }), "floating point"));
  CHECK(has(error_of([&] { (void)(x * 1.0).requires_grad_(false); }), "leaf variables"));

  Tensor z = x * 1.0, square = z * z;
  z.add_(1.0);
  std::string overwritten = error_of([&] { sum(square).backward(); });
  CHECK(has(overwritten, "[mul]"));
  CHECK(has(overwritten, "[add_]"));

  Tensor spread = (x * 1.0).unsqueeze(0).expand({3, 2});
  CHECK(has(error_of([&] { spread.add_(1.0); }), "single memory location"));
}

TEST_CASE("grad leaves .grad alone, and names an input that was not used") {
  Tensor x = values({2}).requires_grad_(), other = values({1}).requires_grad_();
  CHECK(list(grad({x * x}, {x})[0]) == std::vector<double>{4});
  CHECK(!x.grad().defined());
  CHECK(has(error_of([&] { (void)grad({x * x}, {other}); }), "not have been used"));
  CHECK(!grad({x * x}, {other}, {.allow_unused = true})[0].defined());
}

TEST_CASE("grad() gets the whole sum where another backward lets go of the leaf in between") {
  Tensor w = full(2, 1.0).requires_grad_();
  Tensor other = sum(w * 3.0);
  Backward around(other);
  around.step(), around.step();  // 3 waits at w
  Tensor early = w * 2.0, late = w * 5.0;
  early.register_hook([&](const Tensor&) {
    while (around.step()) {
    }
    return Tensor();
  });
  CHECK(grad({sum(early + late)}, {w})[0].to_vector<float>() == std::vector<float>{7, 7});
  CHECK(w.grad().to_vector<float>() == std::vector<float>{3, 3});
}

TEST_CASE("hooks see and replace gradients, retain_grad keeps them") {
  Tensor x = values({1}).requires_grad_();
  Tensor y = x * 3.0;
  y.retain_grad();
  int64_t id = y.register_hook([](const Tensor& g) { return g * 10.0; });
  (y * 2.0).backward();
  CHECK(list(y.grad()) == std::vector<double>{20});
  CHECK(list(x.grad()) == std::vector<double>{60});
  y.remove_hook(id);
}

TEST_CASE("no_grad and detach cut history; data writes are not tracked") {
  Tensor x = values({1}).requires_grad_();
  {
    NoGrad guard;
    CHECK(!(x * 2.0).requires_grad());
  }
  CHECK(!detach(x * 2.0).requires_grad());
  Tensor y = x * 2.0, z = y * y;
  y.data().mul_(3.0);
  z.backward();  // computes with the changed value, as asked
  CHECK(list(x.grad()) == std::vector<double>{24});
}

TEST_CASE("a chain of a million ops is walked and released without recursion" * doctest::test_suite("slow")) {
  Tensor x = values({1}).requires_grad_();
  Tensor y = x;
  for (int i = 0; i < 1'000'000; ++i) y = y + 0.0;
  y.backward();
  CHECK(list(x.grad()) == std::vector<double>{1});
}

TEST_CASE("two threads train side by side") {
  auto train = [](double target, double* result) {
    Tensor w = full(1, 0.0, {.dtype = DType::float64}).requires_grad_();
    for (int i = 0; i < 200; ++i) {
      Tensor error = w - target;
      sum(error * error).backward();
      NoGrad guard;
      w.sub_(w.grad() * 0.1);
      w.set_grad({});
    }
    *result = w.item<double>();
  };
  double a = 0, b = 0;
  std::thread other(train, 2.0, &a);
  train(-3.0, &b);
  other.join();
  CHECK(a == doctest::Approx(2));
  CHECK(b == doctest::Approx(-3));
}

TEST_CASE("a thread goes on with a graph that an older thread began") {
  Tensor x = values({2}).requires_grad_();
  Tensor y = x;
  for (int i = 0; i < 100; ++i) y = y * 1.0;  // the newer thread has counted no ops when it meets these
  Tensor z;
  std::thread([&] {
    Tensor once = y * 3.0;
    z = once + y * y * y;
  }).join();
  z.backward();
  CHECK(list(x.grad()) == std::vector<double>{3 + 3 * 4});
}
