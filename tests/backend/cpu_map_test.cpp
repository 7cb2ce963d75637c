#include "rushlight/backend/cpu/map_run.h"

#include <cstring>

#include "rushlight/core/dtype.h"
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

// A port between memory of one type and a loop of another.
MapPort port(DType memory, DType loop, bool into_loop) {
  auto [to, from] = into_loop ? std::pair(loop, memory) : std::pair(memory, loop);
  return {kernels().cast_run(static_cast<int>(to), static_cast<int>(from)), memory == loop,
          static_cast<int>(size_of(memory))};
}

template <class T>
MapRun run_of(int op, int part, int operands) {
  MapRun run{.loop = kernels().map_loop(op, part, sizeof(T) == 8), .bytes = sizeof(T), .operands = operands};
  run.lanes = kernels().vector_bytes / run.bytes;
  run.out = port(dtype_of<T>, dtype_of<T>, false);
  for (MapPort& in : run.in) in = port(dtype_of<T>, dtype_of<T>, true);
  return run;
}

// The largest error in ULP of a function of one operand, over numbers of all sizes and between -12 and 12;
// infinite if an infinity, a NaN or the sign of zero is wrong.
template <class Op>
double worst_ulp(long double (*exact)(long double)) {
  std::mt19937 engine(1);
  std::uniform_real_distribution<float> near(-12, 12);
  std::vector<float> x = {0.f, -0.f, 1.f, -1.f, INFINITY, -INFINITY, NAN, 1e-45f, 88.7229f, -103.9f};
  for (int i = 0; i < 100000; ++i) {
    const uint32_t bits = engine();
    float any;
    std::memcpy(&any, &bits, sizeof any);
    x.push_back(any);
    x.push_back(near(engine));
  }
  std::vector<float> y(x.size());
  run_map(run_of<float>(position<Op>(), 0, 1), {.out = y.data(),
                                                .in = {x.data()},
                                                .out_step = 1,
                                                .step = {1},
                                                .count = static_cast<int64_t>(x.size()),
                                                .params = nullptr});
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const long double truth = exact(x[i]);
    const float rounded = static_cast<float>(truth);
    if (std::isnan(rounded) && std::isnan(y[i])) continue;
    if (y[i] == rounded && (rounded != 0 || std::signbit(y[i]) == std::signbit(rounded))) continue;
    int exponent = 0;
    std::frexp(rounded, &exponent);
    const long double ulp = std::ldexp(1.0L, std::max(exponent - 24, -149));
    const double error = static_cast<double>(std::abs(y[i] - truth) / ulp);
    worst = std::max(worst, std::isfinite(error) && std::isfinite(rounded) ? error : INFINITY);
  }
  return worst;
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
  compare.out = port(DType::boolean, DType::float32, false);
  run_map(compare, {.out = less,
                    .in = {a.data(), b.data()},
                    .out_step = 1,
                    .step = {1, 1},
                    .count = 1000,
                    .params = nullptr});
  std::vector<float> smaller(1000);
  MapRun choose = run_of<float>(position<math::Where>(), 0, 3);
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
  MapRun run = run_of<float>(position<math::Mul>(), 0, 2);
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

TEST_CASE("map: vector functions keep the accuracy that simd_math.h states") {
  CHECK(worst_ulp<math::Exp>(std::exp) <= 1);
  CHECK(worst_ulp<math::Exp2>(std::exp2) <= 2);
  CHECK(worst_ulp<math::Expm1>(std::expm1) <= 2);
  CHECK(worst_ulp<math::Log>(std::log) <= 1);
  CHECK(worst_ulp<math::Log1p>(std::log1p) <= 3);
  CHECK(worst_ulp<math::Tanh>(std::tanh) <= 4);
  CHECK(worst_ulp<math::Erf>(std::erf) <= 3);
  CHECK(worst_ulp<math::Erfc>(std::erfc) <= 6);
  CHECK(worst_ulp<math::Sqrt>(std::sqrt) <= 0.5);
  CHECK(worst_ulp<math::Sin>(std::sin) <= 1);
  CHECK(worst_ulp<math::Floor>(std::floor) == 0);
  CHECK(worst_ulp<math::Ceil>(std::ceil) == 0);
  CHECK(worst_ulp<math::Trunc>(std::trunc) == 0);
  CHECK(worst_ulp<math::Round>(std::nearbyint) == 0);
}
