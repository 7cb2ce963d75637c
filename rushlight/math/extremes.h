// Formulas that choose the larger or the smaller: maximum, fmin, clamp ...
#pragma once

#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
// Of two equal operands each gets half of the gradient.
struct Maximum {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr S forward(S a, S b) { return max(a, b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return select(a == b, g * 0.5, select(I == 0 ? a < b : a > b, S(0), g));
  }
};

struct Minimum {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr S forward(S a, S b) { return min(a, b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return select(a == b, g * 0.5, select(I == 0 ? a > b : a < b, S(0), g));
  }
};

// NaN only if both are. Of two equal operands the first gets the gradient.
struct Fmax {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr S forward(S a, S b) {
    return select(a != a, b, select(b != b, a, max(a, b)));
  }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    const auto first = either(a >= b, b != b);
    return I == 0 ? select(first, g, S(0)) : select(first, S(0), g);
  }
};

struct Fmin {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr S forward(S a, S b) {
    return select(a != a, b, select(b != b, a, min(a, b)));
  }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    const auto first = either(a <= b, b != b);
    return I == 0 ? select(first, g, S(0)) : select(first, S(0), g);
  }
};

// A bound that is not wanted is infinite. The gradient passes at the bounds.
struct Clamp {
  struct Params { double low, high; };
  static constexpr Info info{.kinks = Kinks::at_attributes()};
  template <Real S> static constexpr S forward(S x, Params p) { return min(max(x, S(p.low)), S(p.high)); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    return select(both(x >= p.low, x <= p.high), g, S(0));
  }
};

struct ClampMin {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Real S> static constexpr S forward(S x, S low) { return max(x, low); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S low, S) {
    return select(I == 0 ? x >= low : x < low, g, S(0));
  }
};

struct ClampMax {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Real S> static constexpr S forward(S x, S high) { return min(x, high); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S high, S) {
    return select(I == 0 ? x <= high : x > high, g, S(0));
  }
};

// Where low > high the result is high.
struct ClampTensor {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Real S> static constexpr S forward(S x, S low, S high) { return min(max(x, low), high); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S low, S high, S) {
    return select(I == 0   ? both(x >= low, x <= high)
                  : I == 1 ? both(x < low, low < high)
                           : either(x > high, high < low), g, S(0));
  }
};
// clang-format on

}  // namespace rushlight::math
