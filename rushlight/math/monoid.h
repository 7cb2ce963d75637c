// How reductions put two partial results together, and what they start from.
#pragma once

#include <cstdint>
#include <limits>

#include "rushlight/math/number.h"

namespace rushlight::math {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Every monoid's combine is associative (sums but for rounding), and combine(identity, x) counts x alone.

// clang-format off
struct Sum {
  template <Number S> static constexpr S identity() { return 0; }
  template <Number S> static constexpr S combine(S a, S b) { return a + b; }
};

struct Product {
  template <Number S> static constexpr S identity() { return 1; }
  template <Number S> static constexpr S combine(S a, S b) { return a * b; }
};

// NaN wins. An integer's infinities are its lowest and highest number.
struct Max {
  template <Number S> static constexpr S identity() {
    return S::kKind == NumberKind::boolean ? 0 : -kInfinity;
  }
  template <Number S> static constexpr S combine(S a, S b) { return max(a, b); }
};

struct Min {
  template <Number S> static constexpr S identity() { return kInfinity; }
  template <Number S> static constexpr S combine(S a, S b) { return min(a, b); }
};

// 1 if any operand is not 0, NaN included.
struct Any {
  template <Number S> static constexpr S identity() { return 0; }
  template <Number S> static constexpr S combine(S a, S b) {
    return select(either(a != 0, b != 0), S(1), S(0));
  }
};

struct All {
  template <Number S> static constexpr S identity() { return 1; }
  template <Number S> static constexpr S combine(S a, S b) {
    return select(both(a != 0, b != 0), S(1), S(0));
  }
};
// clang-format on

// A number and where it stands, or nothing yet.
template <class S>
struct Placed {
  S value = 0;
  int64_t index = -1;

  constexpr bool empty() const { return index < 0; }
};

// The first of the largest (smallest) numbers, or the first NaN. For numbers whose Mask is bool.
template <class Extreme>
struct ArgExtreme {
  template <Number S>
  static constexpr Placed<S> identity() {
    return {};
  }
  template <Number S>
  static constexpr Placed<S> combine(Placed<S> a, Placed<S> b) {
    if (a.empty() || b.empty()) return a.empty() ? b : a;
    const bool a_wins = wins(a.value, b.value), b_wins = wins(b.value, a.value);
    return a_wins != b_wins ? (a_wins ? a : b) : (a.index < b.index ? a : b);
  }

 private:
  template <Number S>
  static constexpr bool wins(S a, S b) {
    const S extreme = Extreme::combine(a, b);
    return extreme != extreme ? a != a : a == extreme;
  }
};
using ArgMax = ArgExtreme<Max>;
using ArgMin = ArgExtreme<Min>;

}  // namespace rushlight::math
