// Formulas whose result is a truth value, and where, which reads one.
#pragma once

#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
struct Lt {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr Mask<S> forward(S a, S b) { return a < b; }
};

struct Le {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr Mask<S> forward(S a, S b) { return a <= b; }
};

struct Gt {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr Mask<S> forward(S a, S b) { return a > b; }
};

struct Ge {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr Mask<S> forward(S a, S b) { return a >= b; }
};

struct Eq {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr Mask<S> forward(S a, S b) { return a == b; }
};

struct Ne {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Number S> static constexpr Mask<S> forward(S a, S b) { return a != b; }
};

struct Isnan {
  static constexpr Info info{};
  template <Number S> static constexpr Mask<S> forward(S x) { return x != x; }
};

// Zero times a number is zero unless the number is infinite or NaN.
struct Isfinite {
  static constexpr Info info{};
  template <Number S> static constexpr Mask<S> forward(S x) { return x * 0 == 0; }
};

struct Isinf {
  static constexpr Info info{};
  template <Number S> static constexpr Mask<S> forward(S x) { return both(x == x, x * 0 != 0); }
};

struct Isposinf {
  static constexpr Info info{};
  template <Number S> static constexpr Mask<S> forward(S x) { return both(x > 0, x * 0 != 0); }
};

struct Isneginf {
  static constexpr Info info{};
  template <Number S> static constexpr Mask<S> forward(S x) { return both(x < 0, x * 0 != 0); }
};

struct Signbit {
  static constexpr Info info{.kinks = {0}, .integers = Integers::to_float};
  template <Floating S> static constexpr Mask<S> forward(S x) { return copysign(S(1), x) < 0; }
};

// |a - b| <= atol + rtol |b|; infinities are close to themselves alone, and so is NaN if equal_nan is not 0.
struct Isclose {
  struct Params { double rtol, atol, equal_nan; };
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr Mask<S> forward(S a, S b, Params p) {
    const S distance = abs(a - b);
    const auto near = both(distance * 0 == 0, distance <= S(p.atol) + S(p.rtol) * abs(b));
    const auto both_nan = both(a != a, b != b);
    return either(either(a == b, near), both(both_nan, S(p.equal_nan) != 0));
  }
};

struct LogicalAnd {
  static constexpr Info info{};
  template <Number S> static constexpr Mask<S> forward(S a, S b) { return both(a != 0, b != 0); }
};

struct LogicalOr {
  static constexpr Info info{};
  template <Number S> static constexpr Mask<S> forward(S a, S b) { return either(a != 0, b != 0); }
};

struct LogicalXor {
  static constexpr Info info{};
  template <Number S> static constexpr Mask<S> forward(S a, S b) {
    return either(both(a != 0, b == 0), both(a == 0, b != 0));
  }
};

struct LogicalNot {
  static constexpr Info info{};
  template <Number S> static constexpr Mask<S> forward(S x) { return x == 0; }
};

struct Where {
  static constexpr Info info{.mask_operands = 1};
  template <Number S> static constexpr S forward(Mask<S> m, S a, S b) { return select(m, a, b); }
  template <int I, Floating S> static constexpr S grad(S g, Mask<S> m, S, S, S) {
    return I == 0 ? S(0) : I == 1 ? select(m, g, S(0)) : select(m, S(0), g);
  }
};
// clang-format on

}  // namespace rushlight::math
