// Formulas of arithmetic: add, mul, floor_divide, lerp ...
#pragma once

#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
struct Add {
  static constexpr Info info{};
  template <Number S> static constexpr S forward(S a, S b) { return a + b; }
  template <int I, Floating S> static constexpr S grad(S g, S, S, S) { return g; }
};

struct AddScaled {
  struct Params { double alpha; };
  static constexpr Info info{};
  template <Number S> static constexpr S forward(S a, S b, Params p) { return a + S(p.alpha) * b; }
  template <int I, Floating S> static constexpr S grad(S g, S, S, S, Params p) {
    return I == 0 ? g : g * p.alpha;
  }
};

struct Sub {
  static constexpr Info info{};
  template <Real S> static constexpr S forward(S a, S b) { return a - b; }
  template <int I, Floating S> static constexpr S grad(S g, S, S, S) { return I == 0 ? g : -g; }
};

struct SubScaled {
  struct Params { double alpha; };
  static constexpr Info info{};
  template <Real S> static constexpr S forward(S a, S b, Params p) { return a - S(p.alpha) * b; }
  template <int I, Floating S> static constexpr S grad(S g, S, S, S, Params p) {
    return I == 0 ? g : g * -p.alpha;
  }
};

struct Rsub {
  struct Params { double alpha; };
  static constexpr Info info{};
  template <Real S> static constexpr S forward(S a, S b, Params p) { return b - S(p.alpha) * a; }
  template <int I, Floating S> static constexpr S grad(S g, S, S, S, Params p) {
    return I == 0 ? g * -p.alpha : g;
  }
};

struct Mul {
  static constexpr Info info{};
  template <Number S> static constexpr S forward(S a, S b) { return a * b; }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) { return I == 0 ? g * b : g * a; }
};

struct Div {
  static constexpr Info info{.domain2 = {0.5, 3}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S a, S b) { return a / b; }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return I == 0 ? g / b : -g * (a / b / b);
  }
};

struct Neg {
  static constexpr Info info{};
  template <Real S> static constexpr S forward(S x) { return -x; }
  template <int I, Floating S> static constexpr S grad(S g, S, S) { return -g; }
};

struct Positive {
  static constexpr Info info{};
  template <Real S> static constexpr S forward(S x) { return x; }
  template <int I, Floating S> static constexpr S grad(S g, S, S) { return g; }
};

// -1, 0 or 1; 0 for NaN.
template <Number S>
constexpr S sign(S x) { return select(x > 0, S(1), select(x < 0, S(-1), S(0))); }

struct Abs {
  static constexpr Info info{.kinks = {0}};
  template <Real S> static constexpr S forward(S x) { return abs(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g * sign(x); }
};

struct Sign {
  static constexpr Info info{.kinks = {0}};
  template <Number S> static constexpr S forward(S x) { return sign(x); }
  template <int I, Floating S> static constexpr S grad(S, S, S) { return 0; }
};

struct Copysign {
  static constexpr Info info{.kinks = {0}, .integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S a, S b) { return copysign(a, b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return I == 0 ? g * sign(a) * copysign(S(1), b) : S(0);
  }
};

// Moves along with a, but for a == b stands still.
struct Nextafter {
  static constexpr Info info{.kinks = Kinks::at_ties(), .halves = false};
  template <Floating S> static constexpr S forward(S a, S b) { return nextafter(a, b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return I == 0 ? select(a == b, S(0), g) : S(0);
  }
};

struct Heaviside {
  static constexpr Info info{.kinks = {0}};
  template <Number S> static constexpr S forward(S x, S at_zero) {
    return select(x == 0, at_zero, select(x > 0, S(1), S(0)));
  }
};

template <Real S>
constexpr Mask<S> opposite_signs(S a, S b) { return either(both(a < 0, b > 0), both(a > 0, b < 0)); }

// floor(a / b), from the exact remainder: a / b itself may round up to the next integer.
template <Real S>
constexpr S floor_quotient(S a, S b) {
  const S rest = fmod(a, b);
  const S rough = (a - rest) / b;
  const S quotient = round(select(opposite_signs(rest, b), rough - 1, rough));
  const S signed_zero = a / b * 0;
  return select(b == 0, a / b, select(quotient == 0, signed_zero, quotient));
}

// a - b * floor(a / b), with the sign of b.
template <Real S>
constexpr S floor_remainder(S a, S b) {
  const S rest = fmod(a, b);
  return select(opposite_signs(rest, b), rest + b, rest);
}

struct FloorDivide {
  static constexpr Info info{.domain = {2.2, 2.8}, .domain2 = {0.96, 1.04}};
  template <Real S> static constexpr S forward(S a, S b) { return floor_quotient(a, b); }
  template <int I, Floating S> static constexpr S grad(S, S, S, S) { return 0; }
};

struct TruncDivide {
  static constexpr Info info{.domain = {-2.8, -2.2}, .domain2 = {0.96, 1.04}};
  template <Real S> static constexpr S forward(S a, S b) { return trunc(a / b); }
  template <int I, Floating S> static constexpr S grad(S, S, S, S) { return 0; }
};

struct Remainder {
  static constexpr Info info{.domain = {-2.8, -2.2}, .domain2 = {0.96, 1.04}};
  template <Real S> static constexpr S forward(S a, S b) { return floor_remainder(a, b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return I == 0 ? g : -g * floor_quotient(a, b);
  }
};

struct Fmod {
  static constexpr Info info{.domain = {-2.8, -2.2}, .domain2 = {0.96, 1.04}};
  template <Real S> static constexpr S forward(S a, S b) { return fmod(a, b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return I == 0 ? g : -g * trunc(a / b);
  }
};

// From the nearer end, so that weight 1 gives b exactly.
struct Lerp {
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S a, S b, S weight) {
    return select(abs(weight) < 0.5, a + weight * (b - a), b - (b - a) * (1 - weight));
  }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S weight, S) {
    return I == 0 ? g * (1 - weight) : I == 1 ? g * weight : g * (b - a);
  }
};

struct Addcmul {
  struct Params { double value; };
  static constexpr Info info{};
  template <Real S> static constexpr S forward(S x, S a, S b, Params p) { return x + S(p.value) * a * b; }
  template <int I, Floating S> static constexpr S grad(S g, S, S a, S b, S, Params p) {
    return I == 0 ? g : g * p.value * (I == 1 ? b : a);
  }
};

struct Addcdiv {
  struct Params { double value; };
  static constexpr Info info{.domain2 = {0.5, 3}};
  template <Floating S> static constexpr S forward(S x, S a, S b, Params p) { return x + S(p.value) * a / b; }
  template <int I, Floating S> static constexpr S grad(S g, S, S a, S b, S, Params p) {
    return I == 0 ? g : I == 1 ? g * p.value / b : g * -p.value * (a / b / b);
  }
};
// clang-format on

}  // namespace rushlight::math
