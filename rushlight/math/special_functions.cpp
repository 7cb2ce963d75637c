#include "rushlight/math/special_functions.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace rushlight::math::special {

namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// B(2k) / (2k)!, k = 1, 2 ...: the coefficients of Euler and Maclaurin's formula.
constexpr double kBernoulli[] = {
    1.0 / 12,
    -1.0 / 720,
    1.0 / 30240,
    -1.0 / 1209600,
    1.0 / 47900160,
    -691.0 / 1307674368000,
    1.0 / 74724249600,
    -3617.0 / 10670622842880000,
    43867.0 / 5109094217170944000,
    -174611.0 / 802857662698291200000.0,
};

bool is_whole(double x) { return std::floor(x) == x; }

// A root of erf(x) = y by Winitzki's approximation, to three digits, for 0 <= y < 1.
double rough_erfinv(double y) {
  constexpr double a = 0.147;
  const double log_tail = std::log1p(-y * y);
  const double middle = 2 / (kPi * a) + log_tail / 2;
  return std::sqrt(std::sqrt(middle * middle - log_tail / a) - middle);
}

// The sum of (q + k)^-s over k >= 0, for q >= 0 and s > 1: the first terms as they are, the tail as an
// integral.
double sum_of_powers(double s, double q) {
  double sum = 0;
  for (const double far = 10 + std::fmin(s, 200); q < far; ++q) sum += std::pow(q, -s);
  const double first = std::pow(q, -s);
  sum += std::pow(q, 1 - s) / (s - 1) + first / 2;
  double term = first * s / q;
  for (int k = 0; k < 10; ++k) {
    sum += kBernoulli[k] * term;
    term *= (s + 2 * k + 1) * (s + 2 * k + 2) / (q * q);
  }
  return sum;
}

// The same for any q and whole s. Below zero the terms are mirrored: both sides of the nearest poles are such
// sums.
double hurwitz_zeta(double s, double q) {
  if (q >= 0) return sum_of_powers(s, q);
  if (is_whole(q)) return kInfinity;
  const double mirrored = sum_of_powers(s, std::ceil(q) - q) - sum_of_powers(s, 1 - q);
  return sum_of_powers(s, q - std::floor(q)) + (std::fmod(s, 2) == 0 ? mirrored : -mirrored);
}

}  // namespace

double erfinv(double x) {
  const double y = std::fabs(x);
  if (!(y < 1)) return y == 1 ? std::copysign(kInfinity, x) : kNaN;
  double root = rough_erfinv(y);
  for (int i = 0; i < 2; ++i) {  // Halley: three digits, nine, all
    const double error = y < 0.5 ? std::erf(root) - y : (1 - y) - std::erfc(root);
    const double step = error * std::exp(root * root) * std::sqrt(kPi) / 2;
    root -= step / (1 + root * step);
  }
  return std::copysign(root, x);
}

double lgamma(double x) {
  int sign;
  return ::lgamma_r(x, &sign);
}

double digamma(double x) {
  if (x == 0) return std::copysign(kInfinity, -x);
  if (x < 0) {
    if (is_whole(x)) return kNaN;
    return digamma(1 - x) - kPi / std::tan(kPi * (x - std::trunc(x)));
  }
  double sum = 0;
  for (; x < 10; ++x) sum -= 1 / x;
  double tail = 0, power = 1;
  for (int k = 1; k <= 8; ++k) {
    power *= (k == 1 ? 1.0 : (2.0 * k - 2) * (2 * k - 1)) / (x * x);  // (2k - 1)! / x^2k
    tail += kBernoulli[k - 1] * power;
  }
  return sum + std::log(x) - 0.5 / x - tail;
}

double polygamma(double n, double x) {
  if (n == 0) return digamma(x);
  const double magnitude = std::tgamma(n + 1) * hurwitz_zeta(n + 1, x);
  return std::fmod(n, 2) == 0 ? -magnitude : magnitude;
}

}  // namespace rushlight::math::special
