#include <algorithm>
#include <limits>

#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

struct Case {
  int64_t m, n, k, batch = 1;
  bool a_transposed = false, b_transposed = false, accumulate = false, bias = false, residual = false;
  bool shared_b = false;
  int64_t b_offset = 0;  // of B from the beginning of a line of the cache, where tensors begin
};

// Operands of one case; C is embedded in rows longer than n, whose ends must stay untouched.
template <class T>
struct Problem {
  static constexpr T kUntouched = 77;

  explicit Problem(const Case& c)
      : a(random_numbers<T>(c.batch * c.m * c.k, 1)),
        b(random_numbers<T>(c.batch * c.k * c.n, 2)),
        before(random_numbers<T>(c.batch * c.m * (c.n + 3), 3)),
        bias(random_numbers<T>(c.n, 4)),
        residual(random_numbers<T>(c.batch * c.m * c.n, 5)) {
    for (int64_t i = 0; i < c.batch * c.m; ++i)
      for (int64_t j = c.n; j < c.n + 3; ++j) before[i * (c.n + 3) + j] = kUntouched;
    args = {.m = c.m, .n = c.n, .k = c.k, .a = a.data(), .b = b.data(), .c_row = c.n + 3};
    args.b = move_behind_line(static_cast<size_t>(c.b_offset));
    args.a_row = c.a_transposed ? 1 : c.k;
    args.a_col = c.a_transposed ? c.m : 1;
    args.b_row = c.b_transposed ? 1 : c.n;
    args.b_col = c.b_transposed ? c.k : 1;
    args.accumulate = c.accumulate;
    if (c.bias) args.bias = bias.data();
    if (c.residual) args.residual = residual.data();
    args.residual_row = c.n;
    args.batch = c.batch;
    args.a_batch = c.m * c.k;
    args.b_batch = c.shared_b ? 0 : c.k * c.n;
    args.c_batch = c.m * (c.n + 3);
    args.residual_batch = c.m * c.n;
  }

  std::vector<T> result() {
    std::vector<T> c = before;
    args.c = c.data();
    kernels_for<T>().gemm(args);
    return c;
  }

  // A times B alone, by plain loops; of floats in double, which holds their products exactly.
  std::vector<long double> product() const {
    using Wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;
    const GemmArgs<T>& g = args;
    std::vector<long double> sums;
    for (int64_t s = 0; s < g.batch; ++s)
      for (int64_t i = 0; i < g.m; ++i) {
        std::vector<Wide> row(static_cast<size_t>(g.n));
        for (int64_t p = 0; p < g.k; ++p) {
          const Wide left = g.a[s * g.a_batch + i * g.a_row + p * g.a_col];
          const T* right = g.b + s * g.b_batch + p * g.b_row;
          for (size_t j = 0; j < row.size(); ++j) row[j] += left * right[static_cast<int64_t>(j) * g.b_col];
        }
        sums.insert(sums.end(), row.begin(), row.end());
      }
    return sums;
  }

  // The largest error over all entries, in units of (k + 8) epsilon; entries of A and B are below 1.
  double worst_error(const std::vector<T>& c, const std::vector<long double>& product) const {
    const GemmArgs<T>& g = args;
    double worst = 0;
    for (int64_t s = 0; s < g.batch; ++s)
      for (int64_t i = 0; i < g.m; ++i) {
        const int64_t row = s * g.c_batch + i * g.c_row;
        for (int64_t j = 0; j < g.n; ++j) {
          long double sum = product[(s * g.m + i) * g.n + j];
          if (g.accumulate) sum += before[row + j];
          if (g.bias) sum += g.bias[j];
          if (g.residual) sum += g.residual[s * g.residual_batch + i * g.residual_row + j];
          worst = std::max(worst, std::abs(double(sum - c[row + j])));
        }
        for (int64_t j = g.n; j < g.c_row; ++j)
          if (c[row + j] != kUntouched) return INFINITY;
      }
    return worst / ((g.k + 8) * std::numeric_limits<T>::epsilon());
  }

  T& right(int64_t p, int64_t j) {
    return b[static_cast<size_t>(args.b - b.data() + p * args.b_row + j * args.b_col)];
  }

  const T* move_behind_line(size_t offset) {
    constexpr size_t kLine = 64 / sizeof(T);
    b.insert(b.begin(), 2 * kLine, T(0));
    const size_t to_line = kLine - reinterpret_cast<uintptr_t>(b.data()) / sizeof(T) % kLine;
    const size_t front = to_line % kLine + offset;
    std::rotate(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(2 * kLine - front), b.end());
    return b.data() + front;
  }

  std::vector<T> a, b, before, bias, residual;
  GemmArgs<T> args;
};

template <class T>
void check(const Case& c, const std::vector<long double>& product) {
  Problem<T> problem(c);
  CAPTURE(c.m);
  CAPTURE(c.n);
  CAPTURE(c.k);
  CAPTURE(c.batch);
  CAPTURE(c.a_transposed);
  CAPTURE(c.b_transposed);
  CHECK(problem.worst_error(problem.result(), product) < 1);
}
template <class T>
void check(const Case& c) {
  check<T>(c, Problem<T>(c).product());
}

}  // namespace

TEST_CASE("gemm: every small size, transposed or not, against double loops") {
  for (bool a_transposed : {false, true})
    for (bool b_transposed : {false, true})
      for (int64_t m : {1, 2, 5, 6, 7, 13, 30})
        for (int64_t n : {1, 3, 8, 15, 16, 17, 40})
          for (int64_t k : {0, 1, 7, 8, 33}) {
            Case c{.m = m, .n = n, .k = k, .a_transposed = a_transposed, .b_transposed = b_transposed};
            c.b_offset = (m + n + k) % 2;
            check<float>(c);
            check<double>(c);
          }
}

TEST_CASE("gemm: each path with each epilogue") {
  const int64_t shapes[][3] = {{40, 30, 20},      // small, rows of B across lines
                               {24, 1300, 500},   // few rows, B in place but for its last columns
                               {3000, 70, 64},    // packed, k in one pass
                               {130, 110, 1100},  // ... and in several
                               {1, 500, 3000},    // one row
                               {5, 300, 400},     // five rows
                               {1, 9001, 20},     // one row, wide
                               {90, 50, 4100},    // k split
                               {50, 20, 600}};    // ... and rows too
  for (const auto& [m, n, k] : shapes)
    for (int transposed = 0; transposed < 4; ++transposed) {
      Case c{.m = m, .n = n, .k = k};
      c.a_transposed = (transposed & 1) != 0, c.b_transposed = (transposed & 2) != 0;
      const std::vector<long double> product = Problem<float>(c).product();
      for (int epilogue = 0; epilogue < 8; ++epilogue) {
        c.accumulate = (epilogue & 1) != 0, c.bias = (epilogue & 2) != 0, c.residual = (epilogue & 4) != 0;
        check<float>(c, product);
      }
    }
  for (const auto& [m, n, k] : shapes) check<double>({.m = m, .n = n, .k = k, .bias = true});
}

TEST_CASE("gemm: B read in place, with columns after its last full panel") {
  for (int64_t n : {4, 8, 16, 24, 40, 80, 96, 112})
    for (int64_t m : {25, 60, 130}) {
      check<float>({.m = m, .n = n, .k = 100, .bias = true, .residual = true});
      check<double>({.m = m, .n = n, .k = 100, .accumulate = true});
    }
}

// Of a million numbers and more, in 192 columns and more, by more than 24 rows; C too large to split k.
TEST_CASE("gemm: operands too large for the caches, A's columns in lines") {
  const int64_t shapes[][3] = {{700, 205, 1200},   // k in several passes, the last one shorter
                               {25, 2801, 380},    // few rows, one pass
                               {1200, 200, 768}};  // two even passes
  for (const auto& [m, n, k] : shapes) {
    Case c{.m = m, .n = n, .k = k, .a_transposed = true};
    const std::vector<long double> product = Problem<float>(c).product();
    for (int epilogue = 0; epilogue < 8; ++epilogue) {
      c.accumulate = (epilogue & 1) != 0, c.bias = (epilogue & 2) != 0, c.residual = (epilogue & 4) != 0;
      check<float>(c, product);
    }
  }
  check<double>({.m = 400, .n = 203, .k = 900, .a_transposed = true, .bias = true});
}

TEST_CASE("gemm: batches, with own and with shared right operands") {
  for (bool shared : {false, true})
    for (int64_t batch : {0, 2, 33}) {
      check<float>({.m = 20, .n = 24, .k = 10, .batch = batch, .residual = true, .shared_b = shared});
      check<float>({.m = 20, .n = 24, .k = 10, .batch = batch, .a_transposed = true, .shared_b = shared});
    }
  check<float>({.m = 400, .n = 300, .k = 300, .batch = 2, .bias = true});
}

TEST_CASE("gemm: the same bits for any number of threads") {
  for (const Case& c :
       {Case{.m = 6000, .n = 64, .k = 64}, Case{.m = 64, .n = 192, .k = 6000, .a_transposed = true},
        Case{.m = 300, .n = 500, .k = 600}, Case{.m = 50, .n = 20, .k = 600, .a_transposed = true},
        Case{.m = 49, .n = 49, .k = 16, .batch = 64}, Case{.m = 4, .n = 3000, .k = 300},
        Case{.m = 1, .n = 9001, .k = 30}, Case{.m = 1, .n = 3000, .k = 300, .b_transposed = true},
        Case{.m = 6, .n = 300, .k = 3001, .b_transposed = true}, Case{.m = 100, .n = 112, .k = 100},
        Case{.m = 100, .n = 112, .k = 100, .b_offset = 1}, Case{.m = 24, .n = 2760, .k = 1500},
        Case{.m = 300, .n = 500, .k = 600, .a_transposed = true},
        Case{.m = 700, .n = 205, .k = 1200, .a_transposed = true, .bias = true, .residual = true},
        Case{.m = 64, .n = 128, .k = 784, .b_transposed = true}, Case{.m = 25, .n = 1000, .k = 90}}) {
    Problem<float> problem(c);
    check_same_for_all_thread_counts([&] { return problem.result(); });
  }
}

TEST_CASE("gemm: bits do not depend on where B begins") {
  for (const Case& c : {Case{.m = 64, .n = 64, .k = 300}, Case{.m = 30, .n = 16, .k = 1000},
                        Case{.m = 100, .n = 96, .k = 100}, Case{.m = 64, .n = 64, .k = 500},
                        Case{.m = 64, .n = 64, .k = 400, .a_transposed = true}}) {
    Case moved = c;
    moved.b_offset = 1;
    CHECK(Problem<float>(c).result() == Problem<float>(moved).result());
    CHECK(Problem<double>(c).result() == Problem<double>(moved).result());
  }
}

TEST_CASE("gemm: a matrix times a vector") {
  for (bool transposed : {false, true})
    for (const auto& [m, k] :
         {std::pair<int64_t, int64_t>{7, 5}, {300, 400}, {3, 20'000}, {5000, 1}, {40, 0}}) {
      const std::vector<float> a = random_numbers<float>(m * k, 1), x = random_numbers<float>(2 * k, 2);
      std::vector<float> y(static_cast<size_t>(m));
      GemmArgs<float> args{
          .m = m, .n = 1, .k = k, .a = a.data(), .b = x.data(), .b_row = 2, .c = y.data(), .c_row = 1};
      args.a_row = transposed ? 1 : k;
      args.a_col = transposed ? m : 1;
      kernels().f32.gemm(args);
      for (int64_t i = 0; i < m; ++i) {
        double sum = 0;
        for (int64_t p = 0; p < k; ++p) sum += double(a[i * args.a_row + p * args.a_col]) * x[2 * p];
        CHECK(std::abs(y[i] - sum) < double(k + 8) * std::numeric_limits<float>::epsilon());
      }
    }
}

TEST_CASE("gemm: an infinity in one row of the right operand stays in the columns that it meets") {
  for (bool transposed : {false, true}) {
    Problem<float> problem({.m = 1, .n = 150, .k = 501, .b_transposed = transposed});
    problem.right(500, 149) = INFINITY;
    const std::vector<float> c = problem.result();
    CHECK(std::isinf(c[149]));
    CHECK(std::all_of(c.begin(), c.begin() + 149, [](float x) { return std::isfinite(x); }));
  }
}
