// Formulas of the error and gamma functions.
#pragma once

#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
inline constexpr double kTwoBySqrtPi = 1.128379167095512573896;

struct Erf {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return erf(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    return g * (kTwoBySqrtPi * exp(-x * x));
  }
};

struct Erfc {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return erfc(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    return g * (-kTwoBySqrtPi * exp(-x * x));
  }
};

struct Erfinv {
  static constexpr Info info{.domain = {-0.95, 0.95}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return erfinv(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) {
    return g * (exp(y * y) / kTwoBySqrtPi);
  }
};

struct Lgamma {
  static constexpr Info info{.domain = {0.1, 5}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return lgamma(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g * digamma(x); }
};

struct Digamma {
  static constexpr Info info{.domain = {0.1, 5}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return digamma(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g * polygamma(1, x); }
};

struct Polygamma {
  struct Params { double n; };
  static constexpr Info info{.domain = {0.3, 5}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x, Params p) { return polygamma(p.n, x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    return g * polygamma(p.n + 1, x);
  }
};
// clang-format on

}  // namespace rushlight::math
