#include "rushlight/scalar/special_functions.h"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

using namespace rushlight::scalar;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

doctest::Approx near(double expected) { return doctest::Approx(expected).epsilon(1e-12).scale(0); }

}  // namespace

// The expected numbers are mpmath's, at 30 digits.
TEST_CASE("inverse_erf") {
  CHECK(inverse_erf(0) == 0);
  CHECK(inverse_erf(0.1) == near(0.088855990494257692));
  CHECK(inverse_erf(-0.5) == near(-0.47693627620446987));
  CHECK(inverse_erf(0.9) == near(1.1630871536766742));
  CHECK(inverse_erf(0.999999) == doctest::Approx(3.4589107372754988).epsilon(1e-10));
  CHECK(inverse_erf(1) == kInfinity);
  CHECK(inverse_erf(-1) == -kInfinity);
  CHECK(std::isnan(inverse_erf(1.0001)));
  CHECK(std::isnan(inverse_erf(std::nan(""))));
}

TEST_CASE("log_gamma") {
  CHECK(log_gamma(-2.5) == near(-0.056243716497674051));
  CHECK(log_gamma(0.3) == near(1.0957979948180756));
  CHECK(log_gamma(50) == near(144.56574394634489));
  CHECK(log_gamma(-3) == kInfinity);
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
    CHECK(polygamma(n, x) == near(expected));
  }
}

TEST_CASE("polygamma at its poles, and where there is none") {
  CHECK(polygamma(0, 0.0) == -kInfinity);
  CHECK(polygamma(0, -0.0) == kInfinity);
  CHECK(std::isnan(polygamma(0, -1)));
  CHECK(polygamma(1, -1) == kInfinity);
  CHECK(polygamma(2, -1) == -kInfinity);
  CHECK(polygamma(0, kInfinity) == kInfinity);
  CHECK(std::isnan(polygamma(0, std::nan(""))));
  CHECK(std::isnan(polygamma(-1, 2)));
  CHECK(std::isnan(polygamma(0.5, 2)));
  CHECK(std::isnan(polygamma(1e9, 2)));
  CHECK(std::isfinite(polygamma(1, -1e300 - 0.5)) == false);  // every number this large is a pole
}
