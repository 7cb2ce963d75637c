#include "rushlight/backend/cpu/map_run.h"

#include "rushlight/core/dtype.h"
#include "tests/backend/both_backends.h"
#include "tests/backend/cpu_testing.h"
#include "tests/backend/map_position.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

// A port between memory of one type and a loop of another.
MapPort port(DType memory, DType loop, bool into_loop) {
  auto [to, from] = into_loop ? std::pair(loop, memory) : std::pair(memory, loop);
  return {kernels().cast_run(static_cast<int>(to), static_cast<int>(from)), memory == loop,
          static_cast<int>(size_of(memory)), static_cast<int>(size_of(loop))};
}

template <class T>
MapRun run_of(int op, int part, int operands) {
  MapRun run{.loop = kernels().map_loop(op, part, sizeof(T) == 8), .operands = operands};
  run.lanes = kernels().vector_bytes / static_cast<int>(sizeof(T));
  run.out = port(dtype_of<T>, dtype_of<T>, false);
  for (MapPort& in : run.in) in = port(dtype_of<T>, dtype_of<T>, true);
  return run;
}

}  // namespace

TEST_CASE_TEMPLATE("map: all steps, broadcasts and lengths", T, float, double) {
  const auto a = random_numbers<T>(3000, 1), b = random_numbers<T>(3000, 2);
  const MapRun run = run_of<T>(map_position<math::Mul>(), 0, 2);
  for (int64_t count : {1, 3, 8, 31, 600, 1000})
    for (int64_t a_step : {0, 1, 2})
      for (int64_t b_step : {0, 1, 3})
        for (int64_t out_step : {1, 2}) {
          std::vector<T> y(static_cast<size_t>(count * out_step) + 1, 7), expected = y;
          for (int64_t i = 0; i < count; ++i) expected[i * out_step] = a[i * a_step] * b[i * b_step];
          run_map(run, {.out = y.data(),
                        .in = {a.data(), b.data()},
                        .out_step = out_step,
                        .step = {a_step, b_step},
                        .count = count,
                        .params = nullptr});
          CHECK(y == expected);
        }
}

TEST_CASE("map: rows with their own steps, in place") {
  const int64_t rows = 700, n = 65;
  auto x = random_numbers<float>(rows * n, 1);
  const auto bias = random_numbers<float>(n, 2);
  auto expected = x;
  for (int64_t i = 0; i < rows * n; ++i) expected[i] += bias[i % n];
  MapRun run = run_of<float>(map_position<math::Add>(), 0, 2);
  const MapDim each_row{rows, {n, n, 0}};
  run.outer = {&each_row, 1};
  run_map(run, {.out = x.data(),
                .in = {x.data(), bias.data()},
                .out_step = 1,
                .step = {1, 1},
                .count = n,
                .params = nullptr});
  CHECK(x == expected);
}

// Heads of queries, as a transformer turns them: short runs that nothing but a walk over three dimensions
// finds.
TEST_CASE("map: many dimensions around short runs") {
  const int64_t sizes[] = {16, 4, 49, 30};
  const int64_t to[] = {1, 16, 192, 192 * 49}, from[] = {1, 16 * 49, 16, 16 * 49 * 4};
  std::vector<MapDim> outer;
  for (int d = 1; d < 4; ++d) outer.push_back({sizes[d], {to[d], to[d], from[d]}});
  auto x = random_numbers<float>(192 * 49 * 30, 1);
  const auto y = random_numbers<float>(64 * 49 * 30, 2);
  auto expected = x;
  for (int64_t b = 0; b < sizes[3]; ++b)
    for (int64_t t = 0; t < sizes[2]; ++t)
      for (int64_t h = 0; h < sizes[1]; ++h)
        for (int64_t i = 0; i < sizes[0]; ++i)
          expected[i + h * to[1] + t * to[2] + b * to[3]] += y[i + h * from[1] + t * from[2] + b * from[3]];
  MapRun run = run_of<float>(map_position<math::Add>(), 0, 2);
  run.outer = outer;
  run_map(run, {.out = x.data(),
                .in = {x.data(), y.data()},
                .out_step = 1,
                .step = {1, 1},
                .count = 16,
                .params = nullptr});
  CHECK(x == expected);
}

TEST_CASE("map: rows of no whole vectors, a number for each row, and another type in memory") {
  const int64_t n = 21, rows = 40, planes = 3;
  const auto a = random_numbers<float>(n * rows * planes, 1);
  std::vector<int32_t> b(rows);
  for (int64_t i = 0; i < rows; ++i) b[i] = static_cast<int32_t>(i - 7);
  std::vector<float> y(2 * n * rows * planes), expected = y;
  for (int64_t p = 0; p < planes; ++p)
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < n; ++j)
        expected[2 * n * (p * rows + i) + j] = a[n * (p * rows + i) + j] * static_cast<float>(b[i]);
  const MapDim outer[] = {{rows, {2 * n, n, 1}}, {planes, {2 * n * rows, n * rows, 0}}};
  MapRun run = run_of<float>(map_position<math::Mul>(), 0, 2);
  run.in[1] = port(DType::int32, DType::float32, true);
  run.outer = outer;
  run_map(run, {.out = y.data(),
                .in = {a.data(), b.data()},
                .out_step = 1,
                .step = {1, 0},
                .count = n,
                .params = nullptr});
  CHECK(y == expected);
}

TEST_CASE("map: a gradient takes the result's gradient, then what its formula reads") {
  const auto g = random_numbers<float>(100, 1), b = random_numbers<float>(100, 2);
  std::vector<float> y(100), expected(100);
  for (int i = 0; i < 100; ++i) expected[i] = g[i] * b[i];
  run_map(run_of<float>(map_position<math::Mul>(), 1, 2), {.out = y.data(),
                                                           .in = {g.data(), b.data()},
                                                           .out_step = 1,
                                                           .step = {1, 1},
                                                           .count = 100,
                                                           .params = nullptr});
  CHECK(y == expected);
}

TEST_CASE("map: masks are bool in memory") {
  const auto a = random_numbers<float>(1000, 1), b = random_numbers<float>(1000, 2);
  bool less[1000];
  MapRun compare = run_of<float>(map_position<math::Lt>(), 0, 2);
  compare.out = port(DType::boolean, DType::float32, false);
  run_map(compare, {.out = less,
                    .in = {a.data(), b.data()},
                    .out_step = 1,
                    .step = {1, 1},
                    .count = 1000,
                    .params = nullptr});
  std::vector<float> smaller(1000);
  MapRun choose = run_of<float>(map_position<math::Where>(), 0, 3);
  choose.in[0] = port(DType::boolean, DType::float32, true);
  run_map(choose, {.out = smaller.data(),
                   .in = {less, a.data(), b.data()},
                   .out_step = 1,
                   .step = {1, 1, 1},
                   .count = 1000,
                   .params = nullptr});
  for (int i = 0; i < 1000; ++i) {
    CHECK(less[i] == (a[i] < b[i]));
    CHECK(smaller[i] == std::min(a[i], b[i]));
  }
}

TEST_CASE("map: operands and results of other types are cast, single numbers too") {
  std::vector<int16_t> a(1000);
  std::vector<uint8_t> y(1000);
  for (int i = 0; i < 1000; ++i) a[i] = static_cast<int16_t>(i % 50);
  const double factor = 2.5;
  MapRun run = run_of<float>(map_position<math::Mul>(), 0, 2);
  run.in[0] = port(DType::int16, DType::float32, true);
  run.in[1] = port(DType::float64, DType::float32, true);
  run.out = port(DType::uint8, DType::float32, false);
  for (int64_t count : {1, 5, 511, 513, 1000}) {
    std::fill(y.begin(), y.end(), 255);
    run_map(run, {.out = y.data(),
                  .in = {a.data(), &factor},
                  .out_step = 1,
                  .step = {1, 0},
                  .count = count,
                  .params = nullptr});
    for (int64_t i = 0; i < 1000; ++i) CHECK(y[i] == (i < count ? static_cast<uint8_t>(2.5f * a[i]) : 255));
  }
}

TEST_CASE(
    "map: long tensors of truth values, whole numbers and comparisons, side by side, repeated and apart") {
  for (DType dtype : {DType::boolean, DType::uint8, DType::int16, DType::int32, DType::int64, DType::float32,
                      DType::float64, DType::bfloat16})
    for (int64_t columns : {5, 64, 700}) {
      CAPTURE(dtype);
      CAPTURE(columns);
      const int64_t rows = 4000 / columns + 3;
      const auto some = [&](uint64_t seed) {
        return (some_numbers({rows, columns}, 7, seed) - (dtype == DType::uint8 ? 0 : 3)).to(dtype);
      };
      Tensor a = some(1), b = some(2), mask = some_numbers({rows, columns}, 2, 3).to(DType::boolean);
      if (is_floating(dtype)) a = where(eq(a, 2), full({}, NAN, {.dtype = dtype}), a);
      const Tensor others[] = {b,
                               narrow(b, 1, 0, 1),
                               narrow(b, 0, 0, 1),
                               b.t().contiguous().t(),
                               flip(b, {0}),
                               a.to(DType::int32),
                               full({}, 2, {.dtype = dtype})};
      for (const Tensor& other : others)
        check_same_on_both_backends([&] {
          std::vector<Tensor> results{a + other,
                                      a * other,
                                      maximum(a, other),
                                      minimum(other, a),
                                      a<other, a <= other, other>
                                          a,
                                      a >= other,
                                      eq(a, other),
                                      ne(a, other),
                                      logical_and(a, other),
                                      logical_or(a, other),
                                      logical_xor(a, other),
                                      logical_not(other),
                                      where(mask, a, other),
                                      where(narrow(mask, 1, 0, 1), other, a),
                                      masked_fill(a, mask, 1)};
          if (dtype != DType::boolean) results.push_back(a - other);
          if (!is_floating(dtype))
            for (Tensor bits :
                 {bitwise_and(a, other), bitwise_or(a, other), bitwise_xor(a, other), bitwise_not(other)})
              results.push_back(bits);
          return results;
        });
      check_same_on_both_backends([&] {
        Tensor x = clone(a);
        x.logical_or_(b);
        x.t().mul_(b.t());
        return std::vector{x};
      });
    }
}

TEST_CASE(
    "map: few numbers, whole vectors or not, fresh, in place and in gradients; what lies behind stays") {
  std::vector<int64_t> counts = {1023, 1024, 1025};
  for (int64_t count = 0; count <= 40; ++count) counts.push_back(count);
  for (DType dtype : {DType::float32, DType::float64})
    for (const int64_t count : counts) {
      CAPTURE(dtype);
      CAPTURE(count);
      const auto numbers = [&](uint64_t seed) {
        return randn({count + 3}, {.dtype = dtype, .generator = Generator(seed)});
      };
      const auto first = [&](const Tensor& all) { return all.narrow(0, 0, count); };
      check_same_on_both_backends([&] {
        const Tensor a = numbers(1).requires_grad_(), b = numbers(2), written = numbers(3);
        const Tensor product = first(a) * first(b);
        first(written).add_(first(b));  // written: all of it, with the three numbers behind
        return std::vector{product.detach(), first(a).detach().abs(), first(b) + first(b), written,
                           grad({(product * first(b)).sum()}, {a})[0]};
      });
      check_close_on_both_backends(1e-6, [&] {
        return std::vector{addcmul(first(numbers(1)), first(numbers(2)), first(numbers(3)))};
      });
    }
}
