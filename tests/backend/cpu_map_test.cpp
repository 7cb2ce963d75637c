#include "rushlight/backend/cpu/map_run.h"

#include "rushlight/generated/map_ops.h"
#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

template <class Wanted>
int position() {
  int found = -1, next = 0;
  MapOps::for_each([&](auto tag) {
    if (std::is_same_v<typename decltype(tag)::type, Wanted>) found = next;
    ++next;
  });
  return found;
}

template <class T>
MapRun run_of(int op, int part, int operands) {
  constexpr bool wide = sizeof(T) == 8;
  return {.loop = kernels().map_loop(op, part, wide), .wide = wide, .operands = operands};
}

}  // namespace

TEST_CASE_TEMPLATE("map: all steps, broadcasts and lengths", T, float, double) {
  const auto a = random_numbers<T>(3000, 1), b = random_numbers<T>(3000, 2);
  const MapRun run = run_of<T>(position<math::Mul>(), 0, 2);
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
  MapRun run = run_of<float>(position<math::Add>(), 0, 2);
  run.rows = rows;
  run.out_row = run.in_row[0] = n;
  run_map(run, {.out = x.data(),
                .in = {x.data(), bias.data()},
                .out_step = 1,
                .step = {1, 1},
                .count = n,
                .params = nullptr});
  CHECK(x == expected);
}

TEST_CASE("map: a gradient takes the result's gradient, then what its formula reads") {
  const auto g = random_numbers<float>(100, 1), b = random_numbers<float>(100, 2);
  std::vector<float> y(100), expected(100);
  for (int i = 0; i < 100; ++i) expected[i] = g[i] * b[i];
  run_map(run_of<float>(position<math::Mul>(), 1, 2), {.out = y.data(),
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
  MapRun compare = run_of<float>(position<math::Lt>(), 0, 2);
  compare.bool_result = true;
  run_map(compare, {.out = less,
                    .in = {a.data(), b.data()},
                    .out_step = 1,
                    .step = {1, 1},
                    .count = 1000,
                    .params = nullptr});
  std::vector<float> smaller(1000);
  MapRun choose = run_of<float>(position<math::Where>(), 0, 3);
  choose.bool_operands = 1;
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
