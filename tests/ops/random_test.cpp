#include <doctest/doctest.h>

#include "rushlight/ops/indexing.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

TEST_CASE("dropout: the same key gives the same mask on every backend and in the gradient") {
  Generator generator(7);
  Tensor x = full(1000, 1.0).requires_grad_();
  PhiloxKey before = generator.state();
  Tensor y = dropout(x, {.p = 0.25, .generator = generator});
  CHECK(generator.state().counter == before.counter + 250);
  sum(y).backward();
  CHECK(x.grad().to_vector<float>() == y.to_vector<float>());

  Generator again(7);
  const Backend* chosen = context().host_backend;
  set_backend("reference");
  CHECK(dropout(full(1000, 1.0), {.p = 0.25, .generator = again}).to_vector<float>() == y.to_vector<float>());
  context().host_backend = chosen;

  double kept = sum(y > 0.0).item<double>() / 1000;
  CHECK(kept == doctest::Approx(0.75).epsilon(0.1));
}

TEST_CASE("a fork moves the parent on and shares nothing with it") {
  Generator parent(1);
  Generator a = parent.fork(), b = parent.fork();
  CHECK(a.state().seed != b.state().seed);
  CHECK(a.state().seed != parent.state().seed);
}

// A number is uniform over [0, 1) in steps of 2^-24: with p of them below p, no more and no fewer are true.
TEST_CASE("bernoulli is true where the uniform number lies below p, not where it is p") {
  auto again = [] { return Generator(7); };
  Tensor numbers = rand({64}, {.generator = again()});
  CHECK(sum(bernoulli(numbers, {.generator = again()})).item<double>() == 0);
  CHECK(sum(bernoulli(numbers + 1.0 / (1 << 24), {.generator = again()})).item<double>() == 64);
  double p = numbers(5).item<double>();
  CHECK(equal(bernoulli(numbers, p, {.generator = again()}), to(numbers < p, DType::float32)));
}

// A replay moves the generator on by what the shapes say, and a later draw must not meet the numbers of an
// earlier one. One count gives four numbers of 32 bits.
TEST_CASE("every draw moves the generator on by what it uses") {
  Generator generator(7);
  auto used = [&](auto draw) {
    uint64_t before = generator.state().counter;
    (void)draw();
    return generator.state().counter - before;
  };
  Tensor x = full({3, 5}, 0.5), whole = full({3, 5}, 1, {.dtype = DType::int64});
  CHECK(used([&] { return rand({3, 5}, {.generator = generator}); }) == 4);
  CHECK(used([&] { return rand({3, 5}, {.dtype = DType::float64, .generator = generator}); }) == 8);
  CHECK(used([&] { return randn({3, 5}, {.generator = generator}); }) == 4);
  CHECK(used([&] { return randint(9, {3, 5}, {.generator = generator}); }) == 8);
  CHECK(used([&] { return random_fill(whole, {.generator = generator}); }) == 8);
  CHECK(used([&] { return dropout(x, {.p = 0.5, .generator = generator}); }) == 4);
  CHECK(used([&] { return bernoulli(x, {.generator = generator}); }) == 4);
  CHECK(used([&] { return randperm(6, {.generator = generator}); }) == 3);
  CHECK(used([&] { return randperm(0, {.generator = generator}); }) == 0);
  CHECK(used([&] { return multinomial(x, 2, {.generator = generator}); }) == 8);
  CHECK(used([&] { return multinomial(x, 2, {.replacement = true, .generator = generator}); }) == 3);
}
