// What each function computes, and its slopes: d result / d operand, in the result y where that is shorter.
#include <cmath>
#include <numbers>

#include "rushlight/math/special_functions.h"
#include "rushlight/scalar/value.h"

namespace rushlight::scalar {

namespace special = math::special;

namespace {

constexpr double kSlopeOfErf = 2 * std::numbers::inv_sqrtpi;  // at 0

double square(double x) { return x * x; }

// -1, 0 or 1; NaN for NaN.
double sign_of(double x) { return x == 0 || std::isnan(x) ? x : std::copysign(1.0, x); }

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// The part of a slope that goes to the operand that was picked: to either a half where they are equal.
double share(bool picked, bool tie) { return tie ? 0.5 : picked; }

}  // namespace

Value operator+(const Value& a, const Value& b) {
  return {"+", a.data() + b.data(), {{a.node_, 1}, {b.node_, 1}}};
}
Value operator-(const Value& a, const Value& b) {
  return {"-", a.data() - b.data(), {{a.node_, 1}, {b.node_, -1}}};
}
Value operator*(const Value& a, const Value& b) {
  return {"*", a.data() * b.data(), {{a.node_, b.data()}, {b.node_, a.data()}}};
}
Value operator/(const Value& a, const Value& b) {
  const double y = a.data() / b.data();
  return {"/", y, {{a.node_, 1 / b.data()}, {b.node_, -y / b.data()}}};
}
Value operator-(const Value& x) { return {"neg", -x.data(), {{x.node_, -1}}}; }

Value relu(const Value& x) {
  return {"relu", x.data() > 0 || std::isnan(x.data()) ? x.data() : 0, {{x.node_, x.data() > 0 ? 1. : 0.}}};
}
Value sigmoid(const Value& x) {
  const double y = logistic(x.data());
  return {"sigmoid", y, {{x.node_, y * (1 - y)}}};
}

Value exp(const Value& x) {
  const double y = std::exp(x.data());
  return {"exp", y, {{x.node_, y}}};
}
Value exp2(const Value& x) {
  const double y = std::exp2(x.data());
  return {"exp2", y, {{x.node_, y * std::numbers::ln2}}};
}
Value expm1(const Value& x) {
  const double y = std::expm1(x.data());
  return {"expm1", y, {{x.node_, y + 1}}};
}
Value log(const Value& x) { return {"log", std::log(x.data()), {{x.node_, 1 / x.data()}}}; }
Value log2(const Value& x) {
  return {"log2", std::log2(x.data()), {{x.node_, std::numbers::log2e / x.data()}}};
}
Value log10(const Value& x) {
  return {"log10", std::log10(x.data()), {{x.node_, std::numbers::log10e / x.data()}}};
}
Value log1p(const Value& x) { return {"log1p", std::log1p(x.data()), {{x.node_, 1 / (1 + x.data())}}}; }
Value sqrt(const Value& x) {
  const double y = std::sqrt(x.data());
  return {"sqrt", y, {{x.node_, 0.5 / y}}};
}

Value sin(const Value& x) { return {"sin", std::sin(x.data()), {{x.node_, std::cos(x.data())}}}; }
Value cos(const Value& x) { return {"cos", std::cos(x.data()), {{x.node_, -std::sin(x.data())}}}; }
Value tan(const Value& x) {
  const double y = std::tan(x.data());
  return {"tan", y, {{x.node_, 1 + square(y)}}};
}
Value asin(const Value& x) {
  return {"asin", std::asin(x.data()), {{x.node_, 1 / std::sqrt((1 - x.data()) * (1 + x.data()))}}};
}
Value acos(const Value& x) {
  return {"acos", std::acos(x.data()), {{x.node_, -1 / std::sqrt((1 - x.data()) * (1 + x.data()))}}};
}
Value atan(const Value& x) { return {"atan", std::atan(x.data()), {{x.node_, 1 / (1 + square(x.data()))}}}; }
Value sinh(const Value& x) { return {"sinh", std::sinh(x.data()), {{x.node_, std::cosh(x.data())}}}; }
Value cosh(const Value& x) { return {"cosh", std::cosh(x.data()), {{x.node_, std::sinh(x.data())}}}; }
Value tanh(const Value& x) {
  const double y = std::tanh(x.data());
  return {"tanh", y, {{x.node_, 1 - square(y)}}};
}
Value asinh(const Value& x) {
  return {"asinh", std::asinh(x.data()), {{x.node_, 1 / std::hypot(x.data(), 1)}}};
}
Value acosh(const Value& x) {
  return {"acosh", std::acosh(x.data()), {{x.node_, 1 / std::sqrt((x.data() - 1) * (x.data() + 1))}}};
}
Value atanh(const Value& x) {
  return {"atanh", std::atanh(x.data()), {{x.node_, 1 / ((1 - x.data()) * (1 + x.data()))}}};
}

Value erf(const Value& x) {
  return {"erf", std::erf(x.data()), {{x.node_, kSlopeOfErf * std::exp(-square(x.data()))}}};
}
Value erfc(const Value& x) {
  return {"erfc", std::erfc(x.data()), {{x.node_, -kSlopeOfErf * std::exp(-square(x.data()))}}};
}
Value erfinv(const Value& x) {
  const double y = special::erfinv(x.data());
  return {"erfinv", y, {{x.node_, std::exp(square(y)) / kSlopeOfErf}}};
}
Value lgamma(const Value& x) {
  return {"lgamma", special::lgamma(x.data()), {{x.node_, special::digamma(x.data())}}};
}
Value digamma(const Value& x) {
  return {"digamma", special::digamma(x.data()), {{x.node_, special::polygamma(1, x.data())}}};
}

Value abs(const Value& x) { return {"abs", std::fabs(x.data()), {{x.node_, sign_of(x.data())}}}; }
Value floor(const Value& x) { return {"floor", std::floor(x.data()), {{x.node_, 0}}}; }
Value ceil(const Value& x) { return {"ceil", std::ceil(x.data()), {{x.node_, 0}}}; }
Value trunc(const Value& x) { return {"trunc", std::trunc(x.data()), {{x.node_, 0}}}; }
Value round(const Value& x) { return {"round", std::nearbyint(x.data()), {{x.node_, 0}}}; }

// A constant power must not see the log of a negative base; 0 ** 0 and its kin have slope 0 in the exponent.
Value pow(const Value& base, const Value& exponent) {
  const double x = base.data(), n = exponent.data(), y = std::pow(x, n);
  const double base_slope = n == 0 ? 0 : n * std::pow(x, n - 1);
  const double exponent_slope = x == 0 && n >= 0 ? 0 : y * std::log(x);
  return {"pow", y, {{base.node_, base_slope}, {exponent.node_, exponent_slope}}};
}
Value atan2(const Value& y, const Value& x) {
  const double length2 = square(x.data()) + square(y.data());
  return {"atan2",
          std::atan2(y.data(), x.data()),
          {{y.node_, x.data() / length2}, {x.node_, -y.data() / length2}}};
}
Value hypot(const Value& a, const Value& b) {
  const double y = std::hypot(a.data(), b.data());
  return {"hypot", y, {{a.node_, a.data() / y}, {b.node_, b.data() / y}}};
}
Value fmod(const Value& a, const Value& b) {
  const double quotient = std::trunc(a.data() / b.data());
  return {"fmod", std::fmod(a.data(), b.data()), {{a.node_, 1}, {b.node_, -quotient}}};
}
Value min(const Value& a, const Value& b) {
  const double y = std::isnan(a.data()) || a < b ? a.data() : b.data();
  return {"min", y, {{a.node_, share(a < b, a == b)}, {b.node_, share(b < a, a == b)}}};
}
Value max(const Value& a, const Value& b) {
  const double y = std::isnan(a.data()) || a > b ? a.data() : b.data();
  return {"max", y, {{a.node_, share(a > b, a == b)}, {b.node_, share(b > a, a == b)}}};
}
Value copysign(const Value& size, const Value& sign) {
  const double y = std::copysign(size.data(), sign.data());
  return {"copysign", y, {{size.node_, sign_of(size.data()) * std::copysign(1.0, y)}, {sign.node_, 0}}};
}
Value nextafter(const Value& x, const Value& towards) {
  return {"nextafter", std::nextafter(x.data(), towards.data()), {{x.node_, 1}, {towards.node_, 0}}};
}
Value polygamma(double n, const Value& x) {
  return {"polygamma", special::polygamma(n, x.data()), {{x.node_, special::polygamma(n + 1, x.data())}}};
}

}  // namespace rushlight::scalar
