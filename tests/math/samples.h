// Points inside the domain of a formula, and attributes to call it with.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <typeinfo>

#include "rushlight/math/call.h"
#include "rushlight/math/elementwise.h"
#include "rushlight/math/num.h"

namespace rushlight::math {

using Attributes = std::array<double, 3>;
using Operands = std::array<double, 3>;

// Distinct from every default, so that an attribute that is not read, or read as another, shows.
template <class Op>
inline constexpr Attributes attributes{0.7, 1.6, 2.3};
template <>
inline constexpr Attributes attributes<Clamp>{-0.8, 1.3};
template <>
inline constexpr Attributes attributes<Hardtanh>{-0.8, 1.3};
template <>
inline constexpr Attributes attributes<Softplus>{1.7, 2.5};
template <>
inline constexpr Attributes attributes<RoundDecimals>{2};
template <>
inline constexpr Attributes attributes<Polygamma>{2};

// Where the formula has a kink that its Info cannot state: softplus jumps a little at its threshold.
template <class Op>
bool is_special(double) {
  return false;
}
template <>
inline bool is_special<Softplus>(double x) {
  return std::abs(x * attributes<Softplus>[0] - attributes<Softplus>[1]) < 0.01;
}

template <class Op>
bool near_kink(const Operands& x) {
  constexpr double kNear = 0.01;
  const Kinks kinks = Op::info.kinks;
  bool near = is_special<Op>(x[0]);
  for (int i = 0; i < arity<Op>; ++i) {
    auto is_near = [&](double place) { near |= std::abs(x[i] - place) < kNear; };
    for (int k = 0; k < kinks.count; ++k) is_near(kinks.at[k]);
    for (int j = 0; kinks.ties && j < i; ++j) is_near(x[j]);
    for (int p = 0; kinks.attributes && p < param_count<Op>; ++p) {
      is_near(attributes<Op>[p]);
      is_near(-attributes<Op>[p]);
    }
  }
  return near;
}

// The same numbers on every machine.
class Samples {
 public:
  double between(Interval range) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return range.low + (range.high - range.low) * static_cast<double>(state_ >> 11) * 0x1p-53;
  }

  template <class Op>
  Operands away_from_kinks() {
    Operands x;
    do {
      for (int i = 0; i < 3; ++i) x[i] = between(i == 0 ? Op::info.domain : Op::info.domain2);
      for (int i = 0; i < 3; ++i)
        if (Op::info.mask_operands >> i & 1) x[i] = x[i] > 0;
    } while (near_kink<Op>(x));
    return x;
  }

 private:
  uint64_t state_ = 7;
};

template <class Op, class T>
auto evaluate(const Operands& x) {
  const Num<T> operands[] = {x[0], x[1], x[2]};
  return apply_forward<Op>(operands, attributes<Op>.data());
}

template <class Op, int I>
double gradient(double g, const Operands& x) {
  const Num<double> operands[] = {x[0], x[1], x[2]};
  const Num<double> y = evaluate<Op, double>(x);
  return apply_grad<Op, I>(Num<double>(g), operands, y, attributes<Op>.data()).value;
}

}  // namespace rushlight::math
