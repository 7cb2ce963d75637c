#include "rushlight/scalar/special_functions.h"

#include <math.h>  // lgamma_r is POSIX, and not in namespace std

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace rushlight::scalar {

namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kMostDerivatives = 150;  // gamma overflows soon after

// The n-th derivative of pi * cot(pi * x). With c = cot(pi * x), c' = -pi * (1 + c^2): a polynomial in c.
double cotangent_derivative(int n, double x) {
  std::vector<double> coefficients{0, 1};
  for (int i = 0; i < n; ++i) {
    std::vector<double> next(coefficients.size() + 1, 0);
    for (size_t power = 1; power < coefficients.size(); ++power) {
      const double change = -kPi * static_cast<double>(power) * coefficients[power];
      next[power - 1] += change;
      next[power + 1] += change;
    }
    coefficients = std::move(next);
  }
  const double c = 1 / std::tan(kPi * (x - std::round(x)));
  double sum = 0;
  for (size_t power = coefficients.size(); power-- > 0;) sum = sum * c + coefficients[power];
  return kPi * sum;
}

// The asymptotic series; from x = n + 15 on, these terms reach the last bits.
double far_polygamma(int n, double x) {
  constexpr double kBernoulli[] = {1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6};
  double sum = n == 0 ? -std::log(x) : std::tgamma(n) * std::pow(x, -n);
  sum += std::tgamma(n + 1) * std::pow(x, -n - 1) / 2;
  int k = 0;
  for (const double number : kBernoulli) {
    k += 2;
    sum += number * std::tgamma(k + n) / std::tgamma(k + 1) * std::pow(x, -k - n);
  }
  return n % 2 == 1 ? sum : -sum;
}

double polygamma_at_pole(int n, double x) {
  if (n > 0) return n % 2 == 1 ? kInfinity : -kInfinity;
  return x == 0 ? std::copysign(kInfinity, -x) : kNan;
}

// Reflection brings x to the right half, and recurrence far to the right.
double polygamma_of_order(int n, double x) {
  const double sign = n % 2 == 0 ? 1 : -1;
  if (x <= 0 && x == std::floor(x)) return polygamma_at_pole(n, x);
  if (x < 0) return sign * polygamma_of_order(n, 1 - x) - cotangent_derivative(n, x);
  double sum = 0;
  for (; x < n + 15; ++x) sum -= sign * std::tgamma(n + 1) * std::pow(x, -n - 1);
  return sum + far_polygamma(n, x);
}

}  // namespace

// Newton's method from Winitzki's formula, which is off by less than 0.5 %. Beyond 1/2 it solves for erfc,
// which has more digits there.
double inverse_erf(double x) {
  const double size = std::fabs(x);
  if (!(size < 1)) return size == 1 ? std::copysign(kInfinity, x) : kNan;
  const double tail = std::log1p(-size * size);
  const double middle = 2 / (kPi * 0.147) + tail / 2;
  double y = std::sqrt(std::sqrt(middle * middle - tail / 0.147) - middle);
  for (int i = 0; i < 4; ++i) {
    const double excess = size < 0.5 ? std::erf(y) - size : (1 - size) - std::erfc(y);
    y -= excess * std::exp(y * y) / (2 * std::numbers::inv_sqrtpi);
  }
  return std::copysign(y, x);
}

double log_gamma(double x) {
  int sign;
  return ::lgamma_r(x, &sign);
}

double polygamma(double n, double x) {
  if (!(n >= 0 && n <= kMostDerivatives) || n != std::floor(n)) return kNan;
  return polygamma_of_order(static_cast<int>(n), x);
}

}  // namespace rushlight::scalar
