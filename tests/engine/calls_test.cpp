#include <doctest/doctest.h>

#include "rushlight/base/memory_account.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

TEST_CASE("dtypes meet as in PyTorch: tensors over 0-d tensors over plain numbers") {
  Tensor f32 = full(2, 1.0), f64 = full(2, 1.0, {.dtype = DType::float64}),
         i32 = full(2, 1, {.dtype = DType::int32});
  Tensor zero_d = full({}, 1.0, {.dtype = DType::float64}), u8 = full(2, 1, {.dtype = DType::uint8});
  CHECK((f32 + 2.5).dtype() == DType::float32);
  CHECK((f32 + zero_d).dtype() == DType::float32);
  CHECK((f32 + f64).dtype() == DType::float64);
  CHECK((i32 + 2).dtype() == DType::int32);
  CHECK((i32 + 2.5).dtype() == DType::float32);
  CHECK((i32 + zero_d).dtype() == DType::float64);
  CHECK((u8 + i32).dtype() == DType::int32);
  CHECK((i32 / i32).dtype() == DType::float32);
  CHECK((f32 < f64).dtype() == DType::boolean);
  CHECK(exp(i32).dtype() == DType::float32);
  CHECK(sum(i32).dtype() == DType::int64);
}

TEST_CASE("out= and in-place are checked before anything is written") {
  Tensor a = full({2, 3}, 1.0), wrong = full({3, 2}, 7.0), integers = full({2, 3}, 7);
  CHECK(has(error_of([&] { add_out(wrong, a, a); }), "shape"));
  CHECK(has(error_of([&] { add_out(integers, a, a); }), "can't be cast"));
  CHECK(integers.to_vector<int64_t>() == std::vector<int64_t>(6, 7));
  CHECK(has(error_of([&] { a.add_(full({2, 2, 3}, 1.0)); }), "shape"));
  Tensor out = full({2, 3}, 0.0);
  add_out(out, a, 2.0);
  CHECK(out.to_vector<float>() == std::vector<float>(6, 3));
  Tensor line = full(4, 1.0);
  Tensor low = slice(line, {.start = 0, .end = 3}), high = slice(line, {.start = 1, .end = 4});
  CHECK(has(error_of([&] { low.add_(high); }), "single memory location"));
}

TEST_CASE("an op that cannot write its own operand is given a fresh one") {
  Tensor m = from_values<float>(std::vector<float>{1, 2, 3, 4}, {2, 2});
  matmul_out(m, m, m);
  CHECK(m.to_vector<float>() == std::vector<float>{7, 10, 15, 22});
}

TEST_CASE("errors name op, shapes and the fix") {
  std::string text = error_of([] { (void)matmul(full({32, 784}, 1.0), full({10, 784}, 1.0)); });
  CHECK(text ==
        "[matmul] (32, 784) @ (10, 784): inner sizes differ (784 vs 10). Did you mean to transpose the "
        "second?");
  CHECK(has(error_of([] { (void)(full({2, 3}, 1.0) + full({2, 4}, 1.0)); }), "(2, 3) and (2, 4)"));
  CHECK(has(error_of([] { (void)exp(Tensor()); }), "must be a tensor"));
  CHECK(has(error_of([] { (void)where(full(2, 1.0), 1.0, 2.0); }), "boolean"));
  CHECK(has(error_of([] { (void)sum(full({2, 2}, 1.0), {.dim = {0, 0}}); }), "multiple times"));
}

TEST_CASE("sizes that no memory holds throw") {
  CHECK(has(error_of([] { (void)full({int64_t{1} << 40, int64_t{1} << 40}, 1.0); }), "64 bits"));
  CHECK(has(error_of([] { (void)full({-1}, 1.0); }), "negative"));
}

TEST_CASE("more than 2^31 elements: an expanded view costs nothing") {
  Tensor wide = full({1, 1}, 1.0).expand({1 << 16, 1 << 16});
  CHECK(wide.numel() == int64_t{1} << 32);
  CHECK(wide.select(0, 65535).select(0, 3).item<float>() == 1);
}

TEST_CASE("any rank") {
  Ints ones(17, 1);
  ones[3] = 2;
  Tensor deep = full(ones, 3.0);
  CHECK(deep.rank() == 17);
  CHECK(sum(deep * deep).item<float>() == 18);
  CHECK(deep.transpose(3, 16).size(16) == 2);
}

TEST_CASE("a training step after warm-up asks the system for nothing") {
  if (!kPoolMemory) return;  // sanitizers use malloc
  Tensor w = full({64, 64}, 0.01).requires_grad_(), x = full({32, 64}, 1.0);
  auto step = [&] {
    Tensor loss = sum(gelu(linear(x, w)) * 0.1);
    loss.backward();
    NoGrad guard;
    w.sub_(w.grad() * 0.01);
    w.set_grad({});
  };
  for (int i = 0; i < 3; ++i) step();
  uint64_t before = memory_stats().system_calls;
  for (int i = 0; i < 20; ++i) step();
  CHECK(memory_stats().system_calls == before);
}
