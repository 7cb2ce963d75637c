// Formulas of angles and of hyperbolic functions: sin, atan2, tanh, sinc ...
#pragma once

#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
inline constexpr double kPi = 3.141592653589793238463;

struct Sin {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return sin(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g * cos(x); }
};

struct Cos {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return cos(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return -g * sin(x); }
};

struct Tan {
  static constexpr Info info{.domain = {-1.3, 1.3}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return tan(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return g * (1 + y * y); }
};

struct Asin {
  static constexpr Info info{.domain = {-0.95, 0.95}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return asin(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / sqrt((1 - x) * (1 + x)); }
};

struct Acos {
  static constexpr Info info{.domain = {-0.95, 0.95}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return acos(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return -g / sqrt((1 - x) * (1 + x)); }
};

struct Atan {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return atan(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / (1 + x * x); }
};

// The gradient at the origin is 0.
struct Atan2 {
  static constexpr Info info{.domain2 = {0.3, 3}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S a, S b) { return atan2(a, b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    const S square = a * a + b * b;
    return g * ((I == 0 ? b : -a) / select(square == 0, S(1), square));
  }
};

struct Sinh {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return sinh(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g * cosh(x); }
};

struct Cosh {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return cosh(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g * sinh(x); }
};

struct Tanh {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return tanh(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return g * (1 - y * y); }
};

struct Asinh {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return asinh(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / sqrt(x * x + 1); }
};

struct Acosh {
  static constexpr Info info{.domain = {1.05, 4}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return acosh(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / sqrt((x - 1) * (x + 1)); }
};

struct Atanh {
  static constexpr Info info{.domain = {-0.95, 0.95}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return atanh(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g / ((1 - x) * (1 + x)); }
};

struct Deg2rad {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return x * (kPi / 180); }
  template <int I, Floating S> static constexpr S grad(S g, S, S) { return g * (kPi / 180); }
};

struct Rad2deg {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return x * (180 / kPi); }
  template <int I, Floating S> static constexpr S grad(S g, S, S) { return g * (180 / kPi); }
};

// sin(pi x) / (pi x), and 1 at 0. Near 0 the two terms of the gradient cancel: its series takes their place.
struct Sinc {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) {
    const S t = x * kPi;
    return select(x == 0, S(1), sin(t) / t);
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    const S angle = x * kPi;
    const auto is_small = abs(angle) < 0.25;
    const S t = select(is_small, S(1), angle), u = angle * angle;
    const S higher = u * (1.0 / 30 - u * (1.0 / 840 - u * (1.0 / 45360 - u * (1.0 / 3991680))));
    const S near = angle * (higher - 1.0 / 3);
    return g * kPi * select(is_small, near, (cos(t) - sin(t) / t) / t);
  }
};
// clang-format on

}  // namespace rushlight::math
