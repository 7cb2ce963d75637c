// Formulas on the bits of integers, and on truth values.
#pragma once

#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
struct BitwiseAnd {
  static constexpr Info info{};
  template <Bits S> static constexpr S forward(S a, S b) { return a & b; }
};

struct BitwiseOr {
  static constexpr Info info{};
  template <Bits S> static constexpr S forward(S a, S b) { return a | b; }
};

struct BitwiseXor {
  static constexpr Info info{};
  template <Bits S> static constexpr S forward(S a, S b) { return a ^ b; }
};

struct BitwiseNot {
  static constexpr Info info{};
  template <Bits S> static constexpr S forward(S x) { return ~x; }
};

struct BitwiseLeftShift {
  static constexpr Info info{};
  template <Integer S> static constexpr S forward(S a, S n) { return a << n; }
};

struct BitwiseRightShift {
  static constexpr Info info{};
  template <Integer S> static constexpr S forward(S a, S n) { return a >> n; }
};
// clang-format on

}  // namespace rushlight::math
