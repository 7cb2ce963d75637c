#include "rushlight/math/special_functions.h"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

namespace rushlight::math::special {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kPi = 3.14159265358979323846;
constexpr double kEulerGamma = 0.57721566490153286061;
constexpr double kZeta3 = 1.20205690315959428540;

doctest::Approx exactly(double value) { return doctest::Approx(value).epsilon(3e-15).scale(0); }

}  // namespace

TEST_CASE("erfinv inverts erf, in the tails too") {
  for (double x : {1e-300, 1e-8, 0.1, 0.4, 0.5, 0.9, 1.5, 2.5}) {
    CHECK(erfinv(std::erf(x)) == doctest::Approx(x).epsilon(1e-13).scale(0));
    CHECK(erfinv(-std::erf(x)) == -erfinv(std::erf(x)));
  }
  CHECK(erfinv(0.5) == exactly(0.47693627620446987338));
  CHECK(erfinv(1 - 0x1p-40) == exactly(5.0512540852493899671));
  CHECK(std::signbit(erfinv(-0.0)));
  CHECK(erfinv(1) == kInf);
  CHECK(erfinv(-1) == -kInf);
  CHECK(std::isnan(erfinv(1.0000001)));
  CHECK(std::isnan(erfinv(kInf - kInf)));
}

TEST_CASE("lgamma is the logarithm of the size of gamma") {
  CHECK(lgamma(0.5) == exactly(std::log(kPi) / 2));
  CHECK(lgamma(6) == exactly(std::log(120)));
  CHECK(lgamma(-0.5) == exactly(std::log(2 * std::sqrt(kPi))));
  CHECK(lgamma(0) == kInf);
  CHECK(lgamma(-3) == kInf);
}

TEST_CASE("digamma") {
  CHECK(digamma(1) == exactly(-kEulerGamma));
  CHECK(digamma(0.5) == exactly(-kEulerGamma - 2 * std::log(2)));
  CHECK(digamma(20) == exactly(2.9705239922421490509));
  CHECK(digamma(-7.25) == exactly(5.1899772149562878875));
  CHECK(digamma(10.125) == exactly(2.2648128020191512111));
  CHECK(digamma(1e10) == exactly(23.02585092989045684));
  CHECK(std::abs(digamma(-0.5) - 0.036489973978576520559) < 1e-15);  // a zero is near: digits go, but no more
  CHECK(digamma(0.0) == -kInf);
  CHECK(digamma(-0.0) == kInf);
  CHECK(std::isnan(digamma(-2)));
  CHECK(digamma(kInf) == kInf);
}

TEST_CASE("polygamma, on both sides of zero") {
  CHECK(polygamma(0, 2.5) == digamma(2.5));
  CHECK(polygamma(1, 1) == exactly(kPi * kPi / 6));
  CHECK(polygamma(1, 0.5) == exactly(kPi * kPi / 2));
  CHECK(polygamma(1, -0.5) == exactly(kPi * kPi / 2 + 4));
  CHECK(polygamma(2, 1) == exactly(-2 * kZeta3));
  CHECK(polygamma(2, -0.5) == exactly(-14 * kZeta3 + 16));
  CHECK(polygamma(3, 1) == exactly(std::pow(kPi, 4) / 15));
  CHECK(polygamma(1, 30) == exactly(0.033895060357739944214));
  CHECK(polygamma(2, -0x1p-10) == exactly(2147483645.5895325703));
  CHECK(polygamma(3, -7.25) == exactly(1558.5411952034044973));
  CHECK(polygamma(5, 8) == exactly(0.00098951000477133869853));
  CHECK(polygamma(10, -7.25) == exactly(15220204740668.34067));
  CHECK(polygamma(120, 131.5) == exactly(-4.554755960934943346e-58));  // every term of the tail counts
  CHECK(polygamma(20, 1.5) == exactly(-487772949462609.87364));
  CHECK(polygamma(1, 0) == kInf);
  CHECK(polygamma(2, -1) == -kInf);
  CHECK(polygamma(1, kInf) == 0);
}

}  // namespace rushlight::math::special
