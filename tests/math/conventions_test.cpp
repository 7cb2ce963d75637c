// Values and gradients where a formula has a choice (PyTorch's is ours), and where a naive formula would lose
// all digits.
#include <doctest/doctest.h>

#include <initializer_list>
#include <limits>

#include "rushlight/math/elementwise.h"
#include "tests/math/samples.h"

namespace rushlight::math {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class Op, class T = double>
double value(std::initializer_list<double> x, Attributes attributes = {}) {
  Num<T> operands[3];
  size_t i = 0;
  for (double number : x) operands[i++] = number;
  return static_cast<double>(Num<T>(apply_forward<Op>(operands, attributes.data())).value);
}

template <class Op, int I = 0>
double grad(std::initializer_list<double> x, Attributes attributes = {}) {
  Num<double> operands[3];
  size_t i = 0;
  for (double number : x) operands[i++] = number;
  const Num<double> y = apply_forward<Op>(operands, attributes.data());
  return apply_grad<Op, I>(Num<double>(1), operands, y, attributes.data()).value;
}

}  // namespace

TEST_CASE("gradients at kinks") {
  CHECK(grad<Abs>({0}) == 0);
  CHECK(grad<Relu>({0}) == 0);
  CHECK(grad<Relu6>({0}) == 0);
  CHECK(grad<Relu6>({6}) == 0);
  CHECK(grad<LeakyRelu>({0}, {0.3}) == 0.3);
  CHECK(grad<PreluElementwise>({0, 0.3}) == 0.3);
  CHECK(grad<PreluElementwise, 1>({0, 0.3}) == 0);
  CHECK(grad<Elu>({0}, {2}) == 2);
  CHECK(grad<Celu>({0}, {2}) == 1);
  CHECK(grad<Selu>({0}) == doctest::Approx(Selu::kScale * Selu::kAlpha));
  CHECK(grad<Threshold>({0.5}, {0.5, 7}) == 0);
  CHECK(grad<Hardtanh>({-1}, {-1, 2}) == 0);
  CHECK(grad<Hardtanh>({2}, {-1, 2}) == 0);
  CHECK(grad<Clamp>({-1}, {-1, 2}) == 1);
  CHECK(grad<Clamp>({2}, {-1, 2}) == 1);
  CHECK(grad<Hardswish>({-3}) == 0);
  CHECK(grad<Hardswish>({3}) == 1);
  CHECK(grad<Hardsigmoid>({-3}) == 0);
  CHECK(grad<Hardsigmoid>({3}) == 0);
  CHECK(grad<Softshrink>({0.5}, {0.5}) == 0);
  CHECK(grad<Hardshrink>({-0.5}, {0.5}) == 0);
  CHECK(grad<Copysign>({0, -1}) == 0);
  CHECK(grad<Sinc>({0}) == 0);
  CHECK(grad<AbsoluteDifference>({2, 2}) == 0);
  CHECK(grad<SmoothL1>({2, 2}, {0}) == 0);
  CHECK(grad<SmoothL1>({3, 2}, {0}) == 1);
  CHECK(grad<Nextafter>({1, 1}) == 0);
}

TEST_CASE("who gets the gradient of a tie") {
  CHECK(grad<Maximum>({1, 1}) == 0.5);
  CHECK(grad<Maximum, 1>({1, 1}) == 0.5);
  CHECK(grad<Minimum>({1, 1}) == 0.5);
  CHECK(grad<Minimum, 1>({1, 1}) == 0.5);
  CHECK(grad<Fmax>({1, 1}) == 1);
  CHECK(grad<Fmax, 1>({1, 1}) == 0);
  CHECK(grad<Fmin>({1, 1}) == 1);
  CHECK(grad<Fmin, 1>({1, 1}) == 0);
  CHECK(grad<ClampMin>({1, 1}) == 1);
  CHECK(grad<ClampMin, 1>({1, 1}) == 0);
  CHECK(grad<ClampMax>({1, 1}) == 1);
  CHECK(grad<ClampMax, 1>({1, 1}) == 0);
  CHECK(grad<ClampTensor>({0, 3, 1}) == 0);  // bounds that contradict each other: high wins
  CHECK(grad<ClampTensor, 1>({0, 3, 1}) == 0);
  CHECK(grad<ClampTensor, 2>({0, 3, 1}) == 1);
  CHECK(grad<ClampTensor, 1>({0, 1, 3}) == 1);
  CHECK(grad<ClampTensor>({1, 1, 3}) == 1);
  CHECK(grad<ClampTensor, 1>({1, 1, 3}) == 0);
  CHECK(grad<ClampTensor>({3, 1, 3}) == 1);
  CHECK(grad<ClampTensor, 2>({3, 1, 3}) == 0);
  CHECK(grad<ClampTensor, 1>({0, 1, 1}) == 0);  // bounds that leave no room: nobody gets it
  CHECK(grad<ClampTensor, 2>({0, 1, 1}) == 0);
  CHECK(grad<ClampTensor, 2>({2, 1, 1}) == 1);
}

TEST_CASE("gradients at the edge of a domain") {
  CHECK(grad<Sqrt>({0}) == kInf);
  CHECK(grad<Rsqrt>({0}) == -kInf);
  CHECK(grad<Reciprocal>({0}) == -kInf);
  CHECK(grad<Log>({0}) == kInf);
  CHECK(grad<Asin>({1}) == kInf);
  CHECK(grad<Acosh>({1}) == kInf);
  CHECK(grad<Erfinv>({1}) == kInf);
  CHECK(std::isnan(grad<Hypot>({0, 0})));
  CHECK(grad<Atan2>({0, 0}) == 0);
  CHECK(grad<Atan2, 1>({0, 0}) == 0);
  CHECK(grad<Logaddexp>({-kInf, -kInf}) == 0.5);
}

TEST_CASE("zero to the power of zero, and its neighbours") {
  CHECK(value<Pow>({0, 0}) == 1);
  CHECK(value<Pow>({kNaN, 0}) == 1);
  CHECK(value<Pow>({-8, 3}) == -512);
  CHECK(std::isnan(value<Pow>({-8, 0.5})));
  CHECK(grad<Pow>({0, 0}) == 0);
  CHECK(grad<Pow>({kInf, 0}) == 0);
  CHECK(grad<Pow>({0, 1}) == 1);
  CHECK(grad<Pow>({0, 2}) == 0);
  CHECK(grad<Pow>({-2, 2}) == -4);
  CHECK(grad<Pow>({0, -1}) == -kInf);
  CHECK(grad<Pow, 1>({0, 0}) == 0);
  CHECK(grad<Pow, 1>({0, 2}) == 0);
  CHECK(grad<Pow, 1>({0, -1}) == -kInf);
  CHECK(std::isnan(grad<Pow, 1>({-2, 2})));
  CHECK(value<Xlogy>({0, 0}) == 0);
  CHECK(value<Xlogy>({0, -1}) == 0);
  CHECK(std::isnan(value<Xlogy>({0, kNaN})));
  CHECK(grad<Xlogy>({0, 0}) == 0);
  CHECK(std::isnan(grad<Xlogy>({0, kNaN})));
  CHECK(value<KlTerm>({5, 0}) == 0);
}

TEST_CASE("sinc at whole numbers") {
  CHECK(value<Sinc>({0}) == 1);
  CHECK(std::abs(value<Sinc>({1})) < 1e-15);
  CHECK(std::abs(value<Sinc>({-2})) < 1e-15);
}

TEST_CASE("floor division of numbers whose product is too large") {
  CHECK(value<FloorDivide>({1e200, 1e300}) == 0);
  CHECK(value<FloorDivide>({-1e200, 1e300}) == -1);
}

TEST_CASE("what becomes of NaN") {
  CHECK(value<Sign>({kNaN}) == 0);
  CHECK(value<Heaviside>({kNaN, 5}) == 0);
  CHECK(value<Heaviside>({0, 5}) == 5);
  CHECK(value<Fmax>({kNaN, 1}) == 1);
  CHECK(value<Fmax>({1, kNaN}) == 1);
  CHECK(value<Fmin>({kNaN, 1}) == 1);
  CHECK(value<Fmin>({1, kNaN}) == 1);
  CHECK(grad<Fmax>({1, kNaN}) == 1);
  CHECK(grad<Fmax, 1>({kNaN, 1}) == 1);
  CHECK(grad<Clamp>({kNaN}, {-1, 1}) == 0);
  CHECK(grad<Relu>({kNaN}) == 1);
  CHECK(std::isnan(value<Relu>({kNaN})));
  CHECK(std::isnan(value<Clamp>({kNaN}, {-1, 1})));
  CHECK(std::isnan(value<Softshrink>({kNaN}, {0.5})));
  CHECK(std::isnan(value<Hardshrink>({kNaN}, {0.5})));
  CHECK(std::isnan(value<Threshold>({kNaN}, {0, 1})));
}

TEST_CASE("clamp with open, crossed and integer bounds") {
  CHECK(value<Clamp>({9}, {0, kInf}) == 9);
  CHECK(value<Clamp>({-9}, {0, kInf}) == 0);
  CHECK(value<Clamp>({5}, {3, 1}) == 1);
  CHECK(value<Clamp, int8_t>({-9}, {-kInf, 3}) == -9);
  CHECK(value<Clamp, int8_t>({9}, {-kInf, 3}) == 3);
  CHECK(grad<Clamp>({9}, {0, kInf}) == 1);
}

TEST_CASE("isclose: near, infinite, NaN") {
  CHECK(value<Isclose>({1.0, 1.1}, {0.1, 0, 0}) == 1);
  CHECK(value<Isclose>({1.1, 0.9}, {0.1, 0, 0}) == 0);
  CHECK(value<Isclose>({1.1, 0.9}, {0.1, 0.2, 0}) == 1);
  CHECK(value<Isclose>({kInf, kInf}, {0.1, 0, 0}) == 1);
  CHECK(value<Isclose>({kInf, 1}, {0.1, 0, 0}) == 0);
  CHECK(value<Isclose>({1, kInf}, {0.1, 0, 0}) == 0);
  CHECK(value<Isclose>({kNaN, kNaN}, {0.1, 0, 0}) == 0);
  CHECK(value<Isclose>({kNaN, kNaN}, {0.1, 0, 1}) == 1);
  CHECK(value<Isclose>({kNaN, 1}, {0.1, 0, 1}) == 0);
}

TEST_CASE("truth tables of the logical formulas") {
  for (double a : {0.0, 2.0})
    for (double b : {0.0, -3.0}) {
      CHECK(value<LogicalAnd>({a, b}) == (a != 0 && b != 0));
      CHECK(value<LogicalOr>({a, b}) == (a != 0 || b != 0));
      CHECK(value<LogicalXor>({a, b}) == ((a != 0) != (b != 0)));
      CHECK(value<LogicalNot>({a}) == (a == 0));
    }
  CHECK(value<Where>({1, 5, kNaN}) == 5);
  CHECK(value<Where>({0, kNaN, 6}) == 6);
  for (double b : {1.0, 2.0, 3.0}) {
    CHECK(value<Lt>({2, b}) == (2 < b));
    CHECK(value<Le>({2, b}) == (2 <= b));
    CHECK(value<Gt>({2, b}) == (2 > b));
    CHECK(value<Ge>({2, b}) == (2 >= b));
    CHECK(value<Eq>({2, b}) == (2 == b));
    CHECK(value<Ne>({2, b}) == (2 != b));
  }
}

TEST_CASE("rounding to decimals, and to multiples of powers of ten") {
  CHECK(value<RoundDecimals>({2.125}, {2}) == 2.12);
  CHECK(value<RoundDecimals>({2.345}, {0}) == 2);
  CHECK(value<RoundDecimals>({15}, {-1}) == 20);
  CHECK(value<RoundDecimals>({25}, {-1}) == 20);
  CHECK(value<RoundDecimals>({-1234}, {-2}) == -1200);
  CHECK(value<Frac>({-1.75}) == -0.75);
  CHECK(value<Lerp>({1e30, 3, 1}) == 3);
  CHECK(value<Lerp>({3, 1e30, 0}) == 3);
}

TEST_CASE("no overflow, and no digits lost, far out") {
  auto close = [](double x) { return doctest::Approx(x).epsilon(1e-6).scale(0); };
  CHECK(value<Sigmoid, float>({-80}) == close(1.8048513878454153e-35));
  CHECK(value<Sigmoid, float>({-200}) == 0);
  CHECK(value<Sigmoid, float>({200}) == 1);
  CHECK(value<Softplus, float>({200}, {1, 1e9}) == 200);
  CHECK(value<Softplus, float>({-60}, {1, 20}) == close(8.756510762696521e-27));
  CHECK(value<Softplus, float>({5}, {2, 9}) == 5);
  CHECK(value<Softplus>({0.5}, {2, 1}) == close(0.6566308437591114));  // up to the threshold, and at it
  CHECK(value<LogSigmoid, float>({60}) == close(-8.756510762696521e-27));
  CHECK(value<LogSigmoid, float>({-200}) == -200);
  CHECK(grad<LogSigmoid>({800}) == 0);
  CHECK(grad<LogSigmoid>({-800}) == 1);
  CHECK(value<Logaddexp, float>({200, 200}) == close(200.69314718055995));
  CHECK(value<Logaddexp, float>({-kInf, 3}) == 3);
  CHECK(value<Logaddexp, float>({kInf, kInf}) == kInf);
  CHECK(value<Logaddexp2, float>({-2000, -2000}) == -1999);
  CHECK(value<Gelu, float>({-5}) == close(-1.4332578593999004e-6));
  CHECK(value<Gelu, float>({50}) == 50);
  CHECK(value<GeluTanh, float>({-50}) == 0);
  CHECK(value<Silu, float>({-200}) == 0);
  CHECK(value<Mish, float>({-50}) == close(-9.643749239819589e-21));
  CHECK(value<Mish, float>({100}) == 100);
  CHECK(value<Elu, float>({-1e-6}, {1}) == close(-9.999995000001667e-7));
  CHECK(value<Elu, float>({200}, {1}) == 200);
  CHECK(grad<Selu>({800}) == Selu::kScale);
  CHECK(grad<Sinc>({1e-5}) == close(-3.2898681333717556e-5));
  CHECK(value<SoftMargin, float>({-30, 10}) == 300);
  CHECK(value<BceWithLogits, float>({-20, 0, 1}) == close(2.0611536203143808e-9));
  CHECK(value<BceWithLogits, float>({20, 1, 3}) == close(3 * 2.0611536203143808e-9));
  CHECK(value<BceWithLogits, float>({-200, 1, 1}) == 200);
  CHECK(grad<BceWithLogits>({-40, 0, 3}) == close(4.248354255291589e-18));
  CHECK(value<Bce>({0, 1}) == 100);
  CHECK(value<Bce>({1, 0}) == 100);
  CHECK(value<Bce>({1, 1}) == 0);
  CHECK(grad<Bce>({0, 1}) == close(-1e12));
}

}  // namespace rushlight::math
