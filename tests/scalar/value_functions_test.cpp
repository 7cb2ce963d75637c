#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "rushlight/scalar/value.h"

using namespace rushlight::scalar;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Unary {
  std::string name;
  Value (*on_values)(const Value&);
  double (*on_doubles)(double);
  std::vector<double> points;
};

struct Binary {
  std::string name;
  Value (*on_values)(const Value&, const Value&);
  double (*on_doubles)(double, double);
  std::vector<std::pair<double, double>> points;
};

// Hidden friends have no address: a lambda calls them.
#define UNARY(name) \
  #name, [](const Value& x) { return name(x); }, [](double x) -> double { return std::name(x); }
#define BINARY(name)                                                \
  #name, [](const Value& a, const Value& b) { return name(a, b); }, \
      [](double a, double b) -> double { return std::name(a, b); }

const std::vector<Unary> kUnary = {
    {UNARY(exp), {-2, 0, 1.5}},
    {UNARY(exp2), {-2, 0, 1.5}},
    {UNARY(expm1), {-2, 1e-9, 1.5}},
    {UNARY(log), {0.2, 1, 7}},
    {UNARY(log2), {0.2, 1, 7}},
    {UNARY(log10), {0.2, 1, 7}},
    {UNARY(log1p), {-0.8, 1e-9, 7}},
    {UNARY(sqrt), {0.2, 1, 7}},
    {UNARY(sin), {-2, 0.3, 5}},
    {UNARY(cos), {-2, 0.3, 5}},
    {UNARY(tan), {-1, 0.3, 5}},
    {UNARY(asin), {-0.9, 0.1, 0.6}},
    {UNARY(acos), {-0.9, 0.1, 0.6}},
    {UNARY(atan), {-3, 0.1, 0.6}},
    {UNARY(sinh), {-2, 0.3, 3}},
    {UNARY(cosh), {-2, 0.3, 3}},
    {UNARY(tanh), {-2, 0.3, 3}},
    {UNARY(asinh), {-2, 0.3, 3}},
    {UNARY(acosh), {1.1, 2, 9}},
    {UNARY(atanh), {-0.9, 0.1, 0.6}},
    {UNARY(erf), {-1.5, 0.1, 0.7}},
    {UNARY(erfc), {-1.5, 0.1, 2.7}},
    {UNARY(lgamma), {-2.3, -0.5, 0.4, 1.7, 12}},
    {UNARY(abs), {-2, 3}},
    {UNARY(floor), {-2.5, 0.3, 7.5}},
    {UNARY(ceil), {-2.5, 0.3, 7.5}},
    {UNARY(trunc), {-2.5, 0.3, 7.5}},
    {"round", [](const Value& x) { return round(x); }, std::nearbyint, {-2.2, 0.3, 7.7}},
    {"neg", [](const Value& x) { return -x; }, [](double x) { return -x; }, {-2, 3}},
    {"relu", [](const Value& x) { return relu(x); }, [](double x) { return x > 0 ? x : 0; }, {-2, 3}},
    {"sigmoid",
     [](const Value& x) { return sigmoid(x); },
     [](double x) { return (1 + std::tanh(x / 2)) / 2; },
     {-3, 0, 2}},
};

const std::vector<Binary> kBinary = {
    {"+",
     [](const Value& a, const Value& b) { return a + b; },
     [](double a, double b) { return a + b; },
     {{2, -3}}},
    {"-",
     [](const Value& a, const Value& b) { return a - b; },
     [](double a, double b) { return a - b; },
     {{2, -3}}},
    {"*",
     [](const Value& a, const Value& b) { return a * b; },
     [](double a, double b) { return a * b; },
     {{2, -3}}},
    {"/",
     [](const Value& a, const Value& b) { return a / b; },
     [](double a, double b) { return a / b; },
     {{2, -3}}},
    {BINARY(pow), {{2, 3.5}, {0.3, -2}, {1.5, 0}}},
    {BINARY(fmod), {{7.3, 2.1}, {-7.3, 2.1}, {7.3, -2.1}, {0.5, 2}}},
    {BINARY(atan2), {{1, 2}, {-1, 0.5}, {1, -2}, {-3, -2}}},
    {BINARY(hypot), {{3, 4}, {-0.1, 2}}},
    {BINARY(copysign), {{3, -2}, {-3, -2}, {-3, 2}}},
    {"min", [](const Value& a, const Value& b) { return min(a, b); }, std::fmin, {{1, 2}, {2, 1}}},
    {"max", [](const Value& a, const Value& b) { return max(a, b); }, std::fmax, {{1, 2}, {2, 1}}},
};

// Fourth-order central differences.
template <class F>
double difference(F f, double x) {
  const double h = 1e-3 * std::fmax(0.1, std::fabs(x) / 10);
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
}

doctest::Approx near(double expected) { return doctest::Approx(expected).epsilon(1e-8); }

doctest::Approx exactly(double expected) { return doctest::Approx(expected).epsilon(1e-12).scale(0); }

double slope_at(Value (*f)(const Value&), double at) {
  Value x = at;
  f(x).backward();
  return x.grad();
}

std::pair<double, double> slopes_at(Value (*f)(const Value&, const Value&), double at_a, double at_b) {
  Value a = at_a, b = at_b;
  f(a, b).backward();
  return {a.grad(), b.grad()};
}

}  // namespace

TEST_CASE("Value speaks the whole vocabulary of the formulas, and knows each word by its name") {
  const Value a = 0.5, b = 0.25;
#define SPEAKS(f) CHECK(std::string(f(a).node().op) == #f);
  RUSHLIGHT_UNARY(SPEAKS)
  RUSHLIGHT_SPECIAL(SPEAKS)
#undef SPEAKS
#define SPEAKS(f) CHECK(std::string(f(a, b).node().op) == #f);
  RUSHLIGHT_BINARY(SPEAKS)
  SPEAKS(min) SPEAKS(max)
#undef SPEAKS
}

TEST_CASE("functions of one Value: data, derivative and name") {
  for (const Unary& f : kUnary) {
    CAPTURE(f.name);
    for (const double at : f.points) {
      CAPTURE(at);
      const Value y = f.on_values(at);
      CHECK(y.data() == near(f.on_doubles(at)));
      CHECK(std::string(y.node().op) == f.name);
      CHECK(slope_at(f.on_values, at) == near(difference(f.on_doubles, at)));
    }
  }
}

TEST_CASE("functions of two Values: data, both derivatives and name") {
  for (const Binary& f : kBinary) {
    CAPTURE(f.name);
    for (const auto& point : f.points) {
      const auto [a, b] = point;
      CAPTURE(a);
      CAPTURE(b);
      const Value y = f.on_values(a, b);
      CHECK(y.data() == near(f.on_doubles(a, b)));
      CHECK(std::string(y.node().op) == f.name);
      const auto [slope_a, slope_b] = slopes_at(f.on_values, a, b);
      CHECK(slope_a == near(difference([&](double x) { return f.on_doubles(x, point.second); }, a)));
      CHECK(slope_b == near(difference([&](double x) { return f.on_doubles(point.first, x); }, b)));
    }
  }
}

// The expected numbers are mpmath's.
TEST_CASE("erfinv") {
  CHECK(erfinv(Value(0)).data() == 0);
  CHECK(erfinv(Value(0.1)).data() == exactly(0.088855990494257692));
  CHECK(erfinv(Value(-0.5)).data() == exactly(-0.47693627620446987));
  CHECK(erfinv(Value(0.9)).data() == exactly(1.1630871536766742));
  CHECK(erfinv(Value(0.999999)).data() == near(3.4589107372754988));
  for (const double y : {-2.5, -0.4, 0.1, 1.2})
    CHECK(slope_at([](const Value& x) { return erfinv(x); }, std::erf(y)) ==
          near(1 / slope_at([](const Value& x) { return erf(x); }, y)));
  CHECK(erfinv(Value(1)).data() == kInfinity);
  CHECK(erfinv(Value(-1)).data() == -kInfinity);
  CHECK(std::isnan(erfinv(Value(1.1)).data()));
}

TEST_CASE("polygamma") {
  struct Case {
    double n, x, expected;
  };
  for (const auto& [n, x, expected] : {
           Case{0, 0.1, -10.423754940411076},   Case{0, 1, -0.57721566490153286},
           Case{0, 2.5, 0.70315664064524319},   Case{0, 30, 3.3844381326855249},
           Case{0, -7.3, 4.3373073055100501},   Case{1, 0.1, 101.43329915079275},
           Case{1, 1, 1.6449340668482264},      Case{1, 2.5, 0.49035775610023486},
           Case{1, 30, 0.033895060357739944},   Case{1, -0.5, 8.9348022005446793},
           Case{1, -7.3, 14.951383181433921},   Case{2, 0.1, -2001.8614573783437},
           Case{2, 1, -2.4041138063191886},     Case{2, 2.5, -0.2362040516417274},
           Case{2, 30, -0.0011487652037285998}, Case{2, -0.5, -0.82879664423432},
           Case{2, -7.3, 68.821174063590335},   Case{3, 0.1, 60004.512876790253},
           Case{3, 1, 6.4939394022668291},      Case{3, 2.5, 0.22390584881725205},
           Case{3, 30, 7.7860036647361291e-5},  Case{3, -0.5, 193.40909103400244},
           Case{3, -7.3, 769.01673398168239},   Case{7, 0.1, 504000002365.19119},
           Case{7, 1, 5060.5498752376395},      Case{7, 2.5, 3.5652363525231314},
           Case{7, 30, 3.6933110778710128e-8},  Case{7, -0.5, 2580680.2181855981},
           Case{7, -7.3, 76905684.332820267},
       }) {
    CAPTURE(n);
    CAPTURE(x);
    CHECK(polygamma(n, Value(x)).data() == exactly(expected));
  }
}

TEST_CASE("digamma and polygamma are the derivatives of each other") {
  for (const double at : {-2.3, -0.5, 0.4, 1.7, 12.0}) {
    CAPTURE(at);
    const auto gamma0 = [](double x) { return digamma(Value(x)).data(); };
    CHECK(slope_at([](const Value& x) { return digamma(x); }, at) == near(difference(gamma0, at)));
    const auto gamma3 = [](double x) { return polygamma(3, Value(x)).data(); };
    CHECK(slope_at([](const Value& x) { return polygamma(3, x); }, at) == near(difference(gamma3, at)));
  }
}

TEST_CASE("nextafter moves with its first operand") {
  CHECK(nextafter(Value(1), 2).data() == 1 + std::numeric_limits<double>::epsilon());
  CHECK(slopes_at([](const Value& a, const Value& b) { return nextafter(a, b); }, 1, 2) ==
        std::pair(1.0, 0.0));
}

TEST_CASE("halves are rounded to even") {
  CHECK(round(Value(0.5)).data() == 0);
  CHECK(round(Value(1.5)).data() == 2);
  CHECK(round(Value(-2.5)).data() == -2);
}

TEST_CASE("slopes where a function has a kink") {
  CHECK(slope_at([](const Value& x) { return relu(x); }, 0) == 0);
  CHECK(slope_at([](const Value& x) { return abs(x); }, 0) == 0);
  CHECK(slope_at([](const Value& x) { return sqrt(x); }, 0) == kInfinity);
  using Slopes = std::pair<double, double>;
  CHECK(slopes_at([](const Value& a, const Value& b) { return max(a, b); }, 2, 2) == Slopes(0.5, 0.5));
  CHECK(slopes_at([](const Value& a, const Value& b) { return min(a, b); }, 2, 2) == Slopes(0.5, 0.5));
  CHECK(slopes_at([](const Value& a, const Value& b) { return copysign(a, b); }, 0, 2) == Slopes(0, 0));
  CHECK(slopes_at([](const Value& a, const Value& b) { return pow(a, b); }, 0, 0) == Slopes(0, 0));
  CHECK(slopes_at([](const Value& a, const Value& b) { return pow(a, b); }, 0, 2) == Slopes(0, 0));
}

TEST_CASE("outside of its domain a function is NaN, and nothing crashes") {
  CHECK(std::isnan(log(Value(-1)).data()));
  CHECK(std::isnan(sqrt(Value(-1)).data()));
  CHECK(std::isnan(acosh(Value(0)).data()));
  CHECK(std::isnan(pow(Value(-1), 0.5).data()));
  CHECK(log(Value(0)).data() == -kInfinity);
  CHECK((Value(1) / 0).data() == kInfinity);
  CHECK(std::isnan(fmod(Value(1), 0).data()));
  Value x = -1;
  log(x).backward();
  CHECK(x.grad() == -1);
  Value cubed = -2;
  pow(cubed, 3).backward();  // the log of the base belongs to the exponent's slope alone
  CHECK(cubed.grad() == 12);
}

TEST_CASE("NaN goes through relu, min and max") {
  const double nan = std::nan("");
  CHECK(std::isnan(relu(Value(nan)).data()));
  CHECK(std::isnan(min(Value(nan), 1).data()));
  CHECK(std::isnan(min(Value(1), nan).data()));
  CHECK(std::isnan(max(Value(nan), 1).data()));
  CHECK(std::isnan(max(Value(1), nan).data()));
}
