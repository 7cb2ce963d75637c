// Formulas of exponentials and logarithms: exp, log1p, sigmoid, logaddexp ...
#pragma once

#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
inline constexpr double kLn2 = 0.693147180559945309417;
inline constexpr double kLn10 = 2.302585092994045684018;

struct Exp {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return exp(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return g * y; }
};

struct Exp2 {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return exp2(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return g * y * kLn2; }
};

struct Expm1 {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return expm1(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return g * (y + 1); }
};

struct Log {
  static constexpr Info info{.domain = {0.05, 4}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return log(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / x; }
};

struct Log2 {
  static constexpr Info info{.domain = {0.05, 4}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return log2(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / (x * kLn2); }
};

struct Log10 {
  static constexpr Info info{.domain = {0.05, 4}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return log10(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / (x * kLn10); }
};

struct Log1p {
  static constexpr Info info{.domain = {-0.9, 4}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return log1p(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / (x + 1); }
};

// exp(-x) may overflow: then the result is 0, as it should be.
template <Floating S>
constexpr S sigmoid(S x) { return 1 / (1 + exp(-x)); }

struct Sigmoid {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return sigmoid(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return g * ((1 - y) * y); }
};

struct Logit {
  static constexpr Info info{.domain = {0.05, 0.95}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return log(x / (1 - x)); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / (x * (1 - x)); }
};

// log(exp(x) + 1)
template <Floating S>
constexpr S softplus(S x) { return max(x, S(0)) + log1p(exp(-abs(x))); }

// a - b, where equal infinities are no distance apart.
template <Floating S>
constexpr S distance(S a, S b) { return select(a == b, S(0), a - b); }

struct Logaddexp {
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S a, S b) {
    return max(a, b) + log1p(exp(-abs(distance(a, b))));
  }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return g * sigmoid(I == 0 ? distance(a, b) : distance(b, a));
  }
};

struct Logaddexp2 {
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S a, S b) {
    return max(a, b) + log1p(exp2(-abs(distance(a, b)))) / kLn2;
  }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return g * sigmoid((I == 0 ? distance(a, b) : distance(b, a)) * kLn2);
  }
};

// x log y, where 0 log 0 is 0.
struct Xlogy {
  static constexpr Info info{.domain2 = {0.05, 4}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x, S y) {
    return x * log(select(both(x == 0, y == y), S(1), y));
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S y, S) {
    return I == 0 ? g * log(select(both(x == 0, y <= 0), S(1), y)) : g * (x / y);
  }
};
// clang-format on

}  // namespace rushlight::math
