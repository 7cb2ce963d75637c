#include "rushlight/rushlight.h"
#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

double fold(Reduction kind, double a, double b) {
  switch (kind) {
    case Reduction::sum: return a + b;
    case Reduction::product: return a * b;
    case Reduction::largest: return std::max(a, b);
    default: return std::min(a, b);
  }
}

template <class T>
std::vector<T> reduced(Reduction kind, int64_t outer, int64_t reduced, int64_t inner,
                       const std::vector<T>& x) {
  std::vector<T> y(static_cast<size_t>(outer * inner), NAN);
  kernels_for<T>().reduce({.kind = kind,
                           .outer = outer,
                           .reduced = reduced,
                           .inner = inner,
                           .x = x.data(),
                           .y = y.data(),
                           .scale = 0.5});
  return y;
}

template <class T>
void check(Reduction kind, int64_t outer, int64_t count, int64_t inner) {
  CAPTURE(static_cast<int>(kind));
  CAPTURE(outer);
  CAPTURE(count);
  CAPTURE(inner);
  std::vector<T> x = random_numbers<T>(outer * count * inner, 1);
  if (kind == Reduction::product)
    for (T& value : x) value = 1 + value / 100;
  std::vector<double> expected(static_cast<size_t>(outer * inner));
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      double y = x[o * count * inner + i];
      for (int64_t r = 1; r < count; ++r) y = fold(kind, y, x[(o * count + r) * inner + i]);
      expected[o * inner + i] = y / 2;
    }
  const double size = std::sqrt(static_cast<double>(count)) + 2;
  CHECK(distance(reduced(kind, outer, count, inner, x), expected) < (sizeof(T) == 4 ? 2e-6 : 1e-14) * size);
}

}  // namespace

TEST_CASE("reductions over the last, the first and a middle axis") {
  const int64_t shapes[][3] = {{1, 1, 1},     {1, 7, 1},     {5, 33, 1},  {1, 100000, 1}, {3, 40000, 1},
                               {1, 5, 3},     {1, 9, 64},    {4, 49, 64}, {1, 12544, 65}, {2, 3, 700},
                               {40, 7, 10},   {1, 2, 40000}, {700, 2, 1}, {1, 100, 300},  {2, 70, 5001},
                               {1, 17, 3000}, {1, 1000, 129}};
  for (Reduction kind : {Reduction::sum, Reduction::product, Reduction::largest, Reduction::smallest})
    for (const auto& [outer, count, inner] : shapes) {
      if (kind == Reduction::product && count > 1000) continue;  // overflows
      check<float>(kind, outer, count, inner);
      check<double>(kind, outer, count, inner);
    }
}

TEST_CASE("reductions: nothing to reduce, NaN, accumulation") {
  CHECK(reduced<float>(Reduction::sum, 2, 0, 3, {}) == std::vector<float>(6, 0.f));
  CHECK(reduced<float>(Reduction::product, 1, 0, 1, {}) == std::vector<float>{0.5f});
  for (Reduction kind : {Reduction::sum, Reduction::largest, Reduction::smallest})
    for (size_t at : {0, 9, 39}) {
      auto x = random_numbers<float>(40, 1);
      x[at] = NAN;
      CHECK(std::isnan(reduced(kind, 1, 40, 1, x)[0]));
      CHECK(std::isnan(reduced(kind, 1, 20, 2, x)[at % 2]));
      CHECK_FALSE(std::isnan(reduced(kind, 1, 20, 2, x)[1 - at % 2]));
    }
  const std::vector<float> x = {1, 2, 3};
  float y = 10;
  kernels().f32.reduce({.reduced = 3, .x = x.data(), .y = &y, .accumulate = true});
  CHECK(y == 16);
}

TEST_CASE("reductions: the same bits for any number of threads") {
  const auto x = random_numbers<float>(1 << 20, 1);
  check_same_for_all_thread_counts([&] { return reduced(Reduction::sum, 1, 1 << 20, 1, x); });
  check_same_for_all_thread_counts([&] { return reduced(Reduction::sum, 1, 1 << 14, 64, x); });
  check_same_for_all_thread_counts([&] { return reduced(Reduction::sum, 1 << 8, 1 << 6, 1 << 6, x); });
}

TEST_CASE("cpu: a sum counts what only repeats, and copies nothing for it") {
  Tensor x = arange(1, 3, {.dtype = DType::float64}).view({2, 1});
  const int64_t many = int64_t{1} << 40;  // such memory does not exist
  CHECK(x.expand({2, many}).sum().item<double>() == 3.0 * static_cast<double>(many));
  Tensor rows = x.expand({2, many}).sum({.dim = 1});
  CHECK(rows.select(0, 1).item<double>() == 2.0 * static_cast<double>(many));
  Tensor kept = x.expand({3, 2, 5}).sum({.dim = {0, 2}, .keepdim = true});
  CHECK((kept.rank() == 3 && kept.numel() == 2));
  CHECK(x.to(DType::float16).expand({2, 7}).sum().item<double>() == 21);
  CHECK(x.expand({2, 0}).sum().item<double>() == 0);
}
