// Formulas that round: floor, round, frac ...
#pragma once

#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
struct Floor {
  static constexpr Info info{.domain = {-1.9, -1.1}};
  template <Real S> static constexpr S forward(S x) { return floor(x); }
  template <int I, Floating S> static constexpr S grad(S, S, S) { return 0; }
};

struct Ceil {
  static constexpr Info info{.domain = {-1.9, -1.1}};
  template <Real S> static constexpr S forward(S x) { return ceil(x); }
  template <int I, Floating S> static constexpr S grad(S, S, S) { return 0; }
};

struct Trunc {
  static constexpr Info info{.domain = {-1.9, -1.1}};
  template <Real S> static constexpr S forward(S x) { return trunc(x); }
  template <int I, Floating S> static constexpr S grad(S, S, S) { return 0; }
};

struct Round {
  static constexpr Info info{.domain = {0.6, 1.4}};
  template <Real S> static constexpr S forward(S x) { return round(x); }
  template <int I, Floating S> static constexpr S grad(S, S, S) { return 0; }
};

// To multiples of 10^-decimals. Powers of ten are exact, their inverses are not: hence the divisions.
struct RoundDecimals {
  struct Params { double decimals; };
  static constexpr Info info{.domain = {1.001, 1.004}};
  template <Floating S> static constexpr S forward(S x, Params p) {
    const S decimals = p.decimals, scale = pow(S(10), abs(decimals));
    return select(decimals < 0, round(x / scale) * scale, round(x * scale) / scale);
  }
  template <int I, Floating S> static constexpr S grad(S, S, S, Params) { return 0; }
};

struct Frac {
  static constexpr Info info{.domain = {-1.9, -1.1}};
  template <Floating S> static constexpr S forward(S x) { return x - trunc(x); }
  template <int I, Floating S> static constexpr S grad(S g, S, S) { return g; }
};
// clang-format on

}  // namespace rushlight::math
