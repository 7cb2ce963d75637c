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

// The numbers of a layer, all between -1 and 1; the weight's rows or columns lie in memory, 3 numbers apart.
template <class T>
struct Layer {
  Layer(const Sizes& sizes, bool transposed)
      : s(sizes),
        g(random_numbers<T>(s.rows * s.outputs, 1)),
        x(random_numbers<T>(s.rows * s.features, 2)),
        weight(random_numbers<T>((s.outputs + 3) * (s.features + 3), 3)),
        weight_row(transposed ? 1 : s.features + 3),
        weight_col(transposed ? s.outputs + 3 : 1) {}

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
  double worst = 0;
  for (size_t i = 0; i < found.size(); ++i) worst = std::max(worst, std::abs(double(found[i]) - expected[i]));
  return worst / (double(terms + 8) * std::numeric_limits<T>::epsilon());
}

template <class T>
void check(const Sizes& s, bool transposed, std::initializer_list<int> choices) {
  CAPTURE(s.rows);
  CAPTURE(s.features);
  CAPTURE(s.outputs);
  CAPTURE(transposed);
  const Layer<T> layer(s, transposed);
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
  for (bool transposed : {false, true}) {
    for (const Sizes& s : {Sizes{4096, 37, 45},   // by blocks of rows, columns after the last full panel
                           Sizes{4111, 1, 3},     // the last block of each part is shorter, and the last part
                           Sizes{20, 6, 5},       // few rows
                           Sizes{4100, 9, 520}})  // many outputs
      check<float>(s, transposed, {0, 1, 2, 3, 4, 5, 6});
    check<float>({5000, 64, 192}, transposed, {of_weight});
    check<double>({4103, 19, 70}, transposed, {of_x | of_bias, of_weight | of_bias});
    check<double>({4100, 9, 260}, transposed, {of_weight});
  }
}

TEST_CASE("linear gradients: the same bits for any number of threads") {
  for (const Sizes& s : {Sizes{5000, 40, 70}, Sizes{300, 40, 70}}) {
    const Layer<float> layer(s, false);
    check_same_for_all_thread_counts([&] { return layer.gradients(all); });
  }
}

TEST_CASE("linear gradients: what is no number stays in the rows and columns that it meets") {
  Layer<float> layer({4096, 21, 33}, false);
  layer.g[100 * 33 + 7] = INFINITY;
  const Gradients<float> found = layer.gradients(all);
  for (int64_t i = 0; i < 4096 * 21; ++i) CHECK_MESSAGE(std::isfinite(found.x[i]) == (i / 21 != 100), i);
  for (int64_t i = 0; i < 33 * 21; ++i) CHECK_MESSAGE(std::isfinite(found.weight[i]) == (i / 21 != 7), i);
  for (int64_t i = 0; i < 33; ++i) CHECK_MESSAGE(std::isfinite(found.bias[i]) == (i != 7), i);
}
