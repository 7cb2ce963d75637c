#include "rushlight/core/tensor.h"

#include <doctest/doctest.h>

#include "rushlight/rushlight.h"

using namespace rushlight;

TEST_CASE("from_blob borrows memory, and releases it once, after its last tensor") {
  int released = 0;
  double memory[6] = {0, 1, 2, 3, 4, 5};
  const auto release = [](void* context) { ++*static_cast<int*>(context); };
  {
    Tensor view;
    {
      Tensor whole = from_blob(memory, {2, 3}, DType::float64, release, &released);
      CHECK(whole.data<double>() == memory);
      view = whole.transpose(0, 1);
      whole.mul_(2.0);
    }
    CHECK(released == 0);  // a view keeps it
    CHECK(memory[5] == 10);
    CHECK(view.to_vector<double>() == std::vector<double>{0, 6, 2, 8, 4, 10});
    Tensor copy = clone(view);
    view = copy;
    CHECK(released == 1);
    CHECK(copy.to_vector<double>()[1] == 6);
  }
  CHECK(released == 1);
}

TEST_CASE("from_blob without a release leaves memory alone, in any layout") {
  float memory[4] = {1, 2, 3, 4};
  const int64_t shape[] = {2, 2}, strides[] = {1, -2};
  Tensor backwards = from_blob(memory, Layout(shape, strides, 2), DType::float32, nullptr, nullptr);
  CHECK(backwards.to_vector<float>() == std::vector<float>{3, 1, 4, 2});
}

TEST_CASE("typed access checks dtype and contiguity, and casts where it copies") {
  Tensor x = from_values<float>(std::vector<float>{1.5F, -2, 3, 4, 5, 6}, {2, 3});
  CHECK(x.data<float>()[1] == -2);
  CHECK(x.span<float>().size() == 6);
  CHECK(x.select(0, 0).select(0, 0).item<int64_t>() == 1);
  CHECK(x.transpose(0, 1).to_vector<int32_t>() == std::vector<int32_t>{1, 4, -2, 5, 3, 6});
  CHECK_THROWS_AS(x.data<double>(), Error);
  CHECK_THROWS_AS(x.span<int32_t>(), Error);
  CHECK_THROWS_AS(x.transpose(0, 1).span<float>(), Error);
  CHECK_THROWS_AS(x.item<float>(), Error);
  CHECK(x.transpose(0, 1).data<float>() == x.data<float>());  // strides are the caller's business
}

TEST_CASE("from_blob refuses no memory for elements") {
  CHECK_THROWS_WITH_AS((void)from_blob(nullptr, {2, 3}, DType::float32),
                       doctest::Contains("[from_blob] the memory is null, but shape (2, 3) has 6 elements"),
                       Error);
  CHECK(from_blob(nullptr, {0, 3}, DType::float32).numel() == 0);
}

TEST_CASE("empty tensors: every shape with a 0, through ops and gradients") {
  for (Ints shape : {Ints{0}, Ints{0, 3}, Ints{3, 0}, Ints{2, 0, 4}}) {
    Tensor x = full(shape, 1.0).requires_grad_();
    CHECK(x.numel() == 0);
    CHECK(x.span<float>().empty());
    CHECK(x.to_vector<float>().empty());
    Tensor y = sum(exp(x) * 2.0);
    CHECK(y.item<float>() == 0);
    y.backward();
    CHECK(x.grad().layout().same_shape(x.layout()));
    CHECK(cat({x, x}, {.dim = 0}).size(0) == 2 * x.size(0));
  }
  CHECK(sum(matmul(full({2, 0}, 1.0), full({0, 3}, 1.0))).item<float>() == 0);
}

TEST_CASE("memory_stats sees a tensor come and go, empty_cache gives its memory back") {
  if (!kPoolMemory) return;  // sanitizers use malloc
  const size_t before = memory_stats().live_bytes;
  {
    Tensor x = full({1 << 18}, 1.0);
    CHECK(memory_stats().live_bytes >= before + (1 << 20));
    CHECK(memory_stats().peak_bytes >= memory_stats().live_bytes);
  }
  CHECK(memory_stats().live_bytes == before);
  const uint64_t cached = memory_stats().cached_bytes;
  CHECK(cached >= 1 << 20);
  empty_cache();
  CHECK(memory_stats().cached_bytes < cached);  // what shares pages with live blocks of other tests stays
}

TEST_CASE("a short list of tensors moves by its bytes: each tensor has as many owners as before") {
  const Tensor a = full({2}, 1.0), b = full({3}, 2.0), c = full({4}, 3.0);
  const auto owners = [&] {
    return std::vector{a.ref()->use_count(), b.ref()->use_count(), c.ref()->use_count()};
  };
  {
    SmallVector<Tensor, 2> inside{a, b}, full_one{c, c};
    CHECK(owners() == std::vector<uint32_t>{2, 2, 3});
    SmallVector<Tensor, 2> moved(std::move(inside));
    CHECK((moved.size() == 2 && moved[0].is_same(a) && moved[1].is_same(b) && inside.empty()));
    CHECK(owners() == std::vector<uint32_t>{2, 2, 3});
    full_one = std::move(moved);
    CHECK((full_one.size() == 2 && full_one[1].is_same(b)));
    CHECK(owners() == std::vector<uint32_t>{2, 2, 1});
    moved.push_back(c);     // may be used again
    full_one.push_back(c);  // now it lies outside
    SmallVector<Tensor, 2> outside(std::move(full_one));
    CHECK((outside.size() == 3 && outside[2].is_same(c) && moved[0].is_same(c)));
    CHECK(owners() == std::vector<uint32_t>{2, 2, 3});
  }
  CHECK(owners() == std::vector<uint32_t>{1, 1, 1});
}
