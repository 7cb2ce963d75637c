#include <limits>

#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

struct Sizes {
  int64_t rows, features, outputs;
};

enum Wanted { of_x = 1, of_weight = 2, of_bias = 4, all = 7 };

template <class T>
struct Gradients {
  static constexpr T kUntouched = 77;

  explicit Gradients(const Sizes& s)
      : x(s.rows * s.features, kUntouched),
        weight(s.outputs * s.features, kUntouched),
        bias(s.outputs, kUntouched) {}
  bool operator==(const Gradients&) const = default;

  std::vector<T> x, weight, bias;
};

// How the weight lies: row by row, column by column, or neither, with 3 numbers between.
enum class Order { rows, columns, scattered };

// The numbers of a layer, all between -1 and 1.
template <class T>
struct Layer {
  Layer(const Sizes& sizes, Order order)
      : s(sizes),
        g(random_numbers<T>(s.rows * s.outputs, 1)),
        x(random_numbers<T>(s.rows * s.features, 2)),
        weight(random_numbers<T>(2 * (s.outputs + 3) * (s.features + 3), 3)),
        weight_row(order == Order::columns ? 1
                   : order == Order::rows  ? s.features + 3
                                           : 2 * (s.features + 3)),
        weight_col(order == Order::columns ? s.outputs + 3
                   : order == Order::rows  ? 1
                                           : 2) {}

  Gradients<T> gradients(int wanted) const {
    Gradients<T> found(s);
    LinearGradientsArgs<T> args{.rows = s.rows, .features = s.features, .outputs = s.outputs};
    args.g = g.data(), args.x = x.data();
    args.weight = weight.data(), args.weight_row = weight_row, args.weight_col = weight_col;
    if (wanted & of_x) args.grad_x = found.x.data();
    if (wanted & of_weight) args.grad_weight = found.weight.data();
    if (wanted & of_bias) args.grad_bias = found.bias.data();
    kernels_for<T>().linear_gradients(args);
    return found;
  }

  // By plain loops; the products of floats are exact in double.
  Gradients<double> by_definition() const {
    Gradients<double> sums(s);
    for (auto* all_of : {&sums.x, &sums.weight, &sums.bias}) std::fill(all_of->begin(), all_of->end(), 0);
    for (int64_t i = 0; i < s.rows; ++i)
      for (int64_t o = 0; o < s.outputs; ++o) {
        const double from_above = g[i * s.outputs + o];
        sums.bias[o] += from_above;
        for (int64_t f = 0; f < s.features; ++f) {
          sums.x[i * s.features + f] += from_above * weight[o * weight_row + f * weight_col];
          sums.weight[o * s.features + f] += from_above * x[i * s.features + f];
        }
      }
    return sums;
  }

  Sizes s;
  std::vector<T> g, x, weight;
  int64_t weight_row, weight_col;
};

// In units of the error that a sum of `terms` numbers below 1 may have.
template <class T>
double worst_error(const std::vector<T>& found, const std::vector<double>& expected, int64_t terms) {
  return distance(found, expected) / (double(terms + 8) * std::numeric_limits<T>::epsilon());
}

template <class T>
void check(const Sizes& s, Order order, std::initializer_list<int> choices) {
  CAPTURE(s.rows);
  CAPTURE(s.features);
  CAPTURE(s.outputs);
  CAPTURE(order);
  const Layer<T> layer(s, order);
  const Gradients<double> expected = layer.by_definition();
  const Gradients<T> untouched(s), everything = layer.gradients(all);
  CHECK(worst_error(everything.x, expected.x, s.outputs) < 1);
  CHECK(worst_error(everything.weight, expected.weight, s.rows) < 1);
  CHECK(worst_error(everything.bias, expected.bias, s.rows) < 1);
  for (int wanted : choices) {
    CAPTURE(wanted);
    const Gradients<T> found = layer.gradients(wanted);
    if (!(wanted & of_x)) CHECK(found.x == untouched.x);
    if (!(wanted & of_weight)) CHECK(found.weight == untouched.weight);
    if (!(wanted & of_bias)) CHECK(found.bias == untouched.bias);
    if (wanted & of_x) CHECK(worst_error(found.x, expected.x, s.outputs) < 1);
    if (wanted & of_weight) CHECK(found.weight == everything.weight);
    if (wanted & of_bias) CHECK(worst_error(found.bias, expected.bias, s.rows) < 1);
  }
}

}  // namespace

TEST_CASE("linear gradients: each that is wanted, by blocks of rows or not, against double loops") {
  for (Order order : {Order::rows, Order::columns, Order::scattered}) {
    for (const Sizes& s : {Sizes{4096, 37, 45},  // by blocks of rows, columns after the last full panel
                           Sizes{4095, 37, 45},  // a row less: three products
                           Sizes{4111, 33, 13},  // the last block of each part is shorter, and the last part
                           Sizes{4200, 9, 20},   // few features
                           Sizes{4200, 40, 7},   // few outputs
                           Sizes{20, 6, 5},      // few rows
                           Sizes{4100, 40, 520}})  // many outputs
      check<float>(s, order, {0, 1, 2, 3, 4, 5, 6});
    check<double>({4103, 19, 70}, order, {of_x | of_bias, of_weight | of_bias});
    check<double>({4100, 20, 260}, order, {of_weight});
  }
  check<float>({40'000, 64, 24}, Order::rows, {of_weight});  // parts as many as there may be
}

TEST_CASE("linear gradients: the same bits for any number of threads") {
  for (const Sizes& s : {Sizes{5000, 40, 70}, Sizes{300, 40, 70}}) {
    const Layer<float> layer(s, Order::rows);
    check_same_for_all_thread_counts([&] { return layer.gradients(all); });
  }
}

TEST_CASE("linear gradients: what is no number stays in the rows and columns that it meets") {
  Layer<float> layer({4096, 41, 33}, Order::rows);
  layer.g[100 * 33 + 7] = INFINITY;
  const Gradients<float> found = layer.gradients(all);
  const auto all_finite_but = [](const std::vector<float>& numbers, int64_t row_length, int64_t row) {
    for (int64_t i = 0; i < static_cast<int64_t>(numbers.size()); ++i)
      if (std::isfinite(numbers[i]) == (i / row_length == row)) return false;
    return true;
  };
  CHECK(all_finite_but(found.x, 41, 100));
  CHECK(all_finite_but(found.weight, 41, 7));
  CHECK(all_finite_but(found.bias, 1, 7));
}
