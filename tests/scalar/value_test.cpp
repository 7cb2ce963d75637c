#include "rushlight/scalar/value.h"

#include <doctest/doctest.h>
#include <pthread.h>

#include <cmath>
#include <string>

#include "rushlight/base/error.h"
#include "rushlight/base/memory.h"

using namespace rushlight;
using namespace rushlight::scalar;

namespace {

uint64_t live_nodes() { return memory_stats().live_blocks; }

// Runs `body` on a stack that a recursion of a million calls would not fit by far.
void on_small_stack(void* (*body)(void*)) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, &attributes, body, nullptr) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace

TEST_CASE("micrograd's example: values and gradients as its author printed them") {
  Value a = -4.0, b = 2.0;
  Value c = a + b;
  Value d = a * b + pow(b, 3);
  c += c + 1;
  c += 1 + c + (-a);
  d += d * 2 + relu(b + a);
  d += 3 * d + relu(b - a);
  Value e = c - d;
  Value f = pow(e, 2);
  Value g = f / 2.0;
  g += 10.0 / f;
  CHECK(g.data() == doctest::Approx(24.70408163265306).epsilon(1e-14));
  g.backward();
  CHECK(a.grad() == doctest::Approx(138.83381924198252).epsilon(1e-14));
  CHECK(b.grad() == doctest::Approx(645.5772594752186).epsilon(1e-14));
}

TEST_CASE("x cubed: the analytic gradient against a finite difference") {
  for (const double at : {-2.0, -0.5, 0.0, 1.0, 3.0}) {
    Value x = at;
    Value y = pow(x, 3);
    y.backward();
    const double h = 1e-5;
    const double difference = (std::pow(at + h, 3) - std::pow(at - h, 3)) / (2 * h);
    CHECK(x.grad() == doctest::Approx(difference).epsilon(1e-8));
    CHECK(x.grad() == 3 * at * at);
  }
}

TEST_CASE("a node that is used twice hears from both") {
  Value x = 3;
  (x * x).backward();
  CHECK(x.grad() == 6);
  zero_grad({&x, 1});
  (x + x).backward();
  CHECK(x.grad() == 2);
  zero_grad({&x, 1});
  Value shared = x * 2;  // used by two nodes, of which one is used by the other
  Value y = shared * exp(shared);
  y.backward();
  CHECK(x.grad() == doctest::Approx(2 * std::exp(6.0) * 7));
  CHECK(shared.grad() == doctest::Approx(std::exp(6.0) * 7));
}

TEST_CASE("leaves accumulate over backward calls, what lies between starts anew") {
  Value x = 3;
  Value square = x * x;
  Value y = square * 2;
  y.backward();
  y.backward();
  CHECK(square.grad() == 2);
  CHECK(x.grad() == 24);
  (x * 5).backward();
  CHECK(x.grad() == 29);
  zero_grad({&x, 1});
  CHECK(x.grad() == 0);
}

TEST_CASE("backward from a leaf, and from what depends on nothing else") {
  Value x = 7;
  x.backward();
  CHECK(x.grad() == 1);
  Value empty = sum({});
  empty.backward();
  CHECK(empty.data() == 0);
  CHECK(empty.grad() == 1);
}

TEST_CASE("plain numbers stand on both sides") {
  Value x = 4;
  CHECK((x + 1).data() == 5);
  CHECK((1 + x).data() == 5);
  CHECK((x - 1).data() == 3);
  CHECK((1 - x).data() == -3);
  CHECK((x * 2).data() == 8);
  CHECK((2.5 * x).data() == 10);
  CHECK((x / 8).data() == 0.5);
  CHECK((8 / x).data() == 2);
  CHECK((-x).data() == -4);
  x -= 1;
  x *= 6;
  x /= 9;
  CHECK(x.data() == 2);
}

TEST_CASE("comparisons make masks, and a mask chooses") {
  const Value x = 2, y = 3, nan = std::nan("");
  const Value::Mask smaller = x < y;
  CHECK(smaller);
  CHECK(x <= 2);
  CHECK(3 > x);
  CHECK(y >= x);
  CHECK(x == 2);
  CHECK(x != y);
  CHECK_FALSE(nan == nan);
  CHECK(nan != nan);
  CHECK_FALSE(nan < x);
  CHECK_FALSE(nan >= x);
  CHECK(select(x < y, x, y).data() == 2);
  CHECK(select(x > y, x, 9).data() == 9);
}

TEST_CASE("the operand that select drops gets no gradient, not even a NaN") {
  Value x = 0;
  Value y = select(x > 0, log(x), x * 3);
  y.backward();
  CHECK(y.data() == 0);
  CHECK(x.grad() == 3);
}

TEST_CASE("sum and dot are single nodes with the gradients of the long way") {
  std::vector<Value> a{1, 2, 3}, b{4, 5, 6};
  Value product = dot(a, b);
  CHECK(product.data() == 32);
  CHECK(product.node().edge_count == 6);
  product.backward();
  CHECK(a[1].grad() == 5);
  CHECK(b[2].grad() == 3);
  Value total = sum(a);
  CHECK(total.data() == 6);
  total.backward();
  CHECK(a[1].grad() == 6);
  Value squares = dot(a, a);
  zero_grad(a);
  squares.backward();
  CHECK(a[2].grad() == 6);
  CHECK_THROWS_WITH_AS(dot(a, std::vector<Value>{1}), "[dot] 3 numbers against 1", Error);
}

TEST_CASE("copies name the same node, assignment names another") {
  Value x = 1;
  Value y = x;
  y.data() = 5;
  CHECK(x.data() == 5);
  y = y + 1;
  CHECK(x.data() == 5);
  CHECK(y.data() == 6);
  const Value& same = x;
  x = same;
  CHECK(x.data() == 5);
}

TEST_CASE("a node lives as long as a handle or a younger node needs it") {
  const uint64_t before = live_nodes();
  {
    Value x = 2;
    Value y;
    {
      Value inner = x * x;
      Value unused = exp(x);
      CHECK(live_nodes() == before + 4);
      y = inner + x;
    }
    CHECK(live_nodes() == before + 3);  // x, inner, y
    y.backward();
    CHECK(x.grad() == 5);
    x = 1;
    CHECK(live_nodes() == before + 4);  // y still needs what x was
  }
  CHECK(live_nodes() == before);
}

TEST_CASE("a chain of a million: forward, backward and release without recursion") {
  const uint64_t before = live_nodes();
  on_small_stack([](void*) -> void* {
    Value x = 1, y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y * 1.000001;
    y.backward();
    CHECK(x.grad() == doctest::Approx(std::pow(1.000001, 1e6)));
    y = 0;  // the chain dies here
    return nullptr;
  });
  CHECK(live_nodes() == before);
}

TEST_CASE("a ladder has 2^n paths but n rungs, and backward counts rungs") {
  Value x = 1, y = x;
  for (int i = 0; i < 200; ++i) y = y + y;
  y.backward();
  CHECK(x.grad() == std::ldexp(1.0, 200));
}

TEST_CASE("a step repeated asks the system for no more memory") {
  if (!kPoolMemory) return;
  Value x = 1;
  const auto step = [&] {
    std::vector<Value> terms;
    for (int i = 0; i < 1000; ++i) terms.push_back(tanh(x * i));
    sum(terms).backward();
  };
  for (int i = 0; i < 3; ++i) step();
  const uint64_t before = memory_stats().system_calls;
  for (int i = 0; i < 100; ++i) step();
  CHECK(memory_stats().system_calls == before);
}

TEST_CASE("backward in slow motion: children first, and abandoned walks leave nothing behind") {
  Value a = 2, b = 3;
  Value product = a * b;
  Value root = product + a;
  {
    Backward walk(root);
    CHECK(walk.step() == &root.node());
    CHECK(product.grad() == 1);
    CHECK(a.grad() == 1);
    CHECK(b.grad() == 0);
  }
  CHECK(a.grad() == 4);  // the walk went on to its end
  CHECK(b.grad() == 2);
  Backward walk(root);
  int steps = 0;
  while (walk.step()) ++steps;
  CHECK(steps == 4);
  CHECK(walk.step() == nullptr);
}

TEST_CASE("a Value prints itself") {
  Value x = 2;
  (x * 0.5).backward();
  CHECK(to_string(x) == "Value(data=2.0, grad=0.5)");
  CHECK(join_text("x is ", x) == "x is Value(data=2.0, grad=0.5)");
}
