// Formulas of powers and roots: pow, square, sqrt, hypot ...
#pragma once

#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
// The gradient of x^0 is 0, of 0^y with respect to y too.
struct Pow {
  static constexpr Info info{.domain = {0.1, 3}};
  template <Real S> static constexpr S forward(S a, S b) { return pow(a, b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S y) {
    return I == 0 ? g * (b * pow(a, select(b == 0, S(0), b - 1)))
                  : g * (y * log(select(both(a == 0, b >= 0), S(1), a)));
  }
};

struct Square {
  static constexpr Info info{};
  template <Real S> static constexpr S forward(S x) { return x * x; }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g * (2 * x); }
};

struct Sqrt {
  static constexpr Info info{.domain = {0.05, 4}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return sqrt(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return g / (2 * y); }
};

struct Rsqrt {
  static constexpr Info info{.domain = {0.05, 4}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return 1 / sqrt(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return g * -0.5 * (y * y * y); }
};

struct Reciprocal {
  static constexpr Info info{.domain = {0.3, 4}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return 1 / x; }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return -g * (y * y); }
};

struct Hypot {
  static constexpr Info info{.domain = {0.3, 3}};
  template <Floating S> static constexpr S forward(S a, S b) { return hypot(a, b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S y) {
    return g * ((I == 0 ? a : b) / y);
  }
};
// clang-format on

}  // namespace rushlight::math
