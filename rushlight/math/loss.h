// Formulas of the terms that losses add up.
#pragma once

#include "rushlight/math/arithmetic.h"
#include "rushlight/math/exponential.h"
#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
struct SquaredDifference {
  static constexpr Info info{};
  template <Real S> static constexpr S forward(S a, S b) { return (a - b) * (a - b); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return g * (2 * (I == 0 ? a - b : b - a));
  }
};

// Unsigned differences wrap below 0: the smaller is taken from the larger.
struct AbsoluteDifference {
  static constexpr Info info{.kinks = Kinks::at_ties()};
  template <Real S> static constexpr S forward(S a, S b) { return abs(max(a, b) - min(a, b)); }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S) {
    return g * sign(I == 0 ? a - b : b - a);
  }
};

// Half the square near 0, from |a - b| = delta on its tangent.
struct Huber {
  struct Params { double delta; };
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S a, S b, Params p) {
    const S size = abs(a - b);
    return select(size <= p.delta, 0.5 * size * size, p.delta * (size - 0.5 * S(p.delta)));
  }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S, Params p) {
    return g * min(max(I == 0 ? a - b : b - a, S(-p.delta)), S(p.delta));
  }
};

// huber / beta, and for beta = 0 the absolute difference.
struct SmoothL1 {
  struct Params { double beta; };
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S a, S b, Params p) {
    const S size = abs(a - b), beta = p.beta;
    return select(size < beta, 0.5 * size * size / beta, size - 0.5 * beta);
  }
  template <int I, Floating S> static constexpr S grad(S g, S a, S b, S, Params p) {
    const S difference = I == 0 ? a - b : b - a;
    return g * select(difference == 0, S(0), min(max(difference / p.beta, S(-1)), S(1)));
  }
};

// -(t log x + (1 - t) log(1 - x)), the logarithms no lower than -100.
struct Bce {
  static constexpr Info info{.domain = {0.05, 0.95}, .domain2 = {0.05, 0.95}};
  template <Floating S> static constexpr S forward(S x, S t) {
    return (t - 1) * max(log1p(-x), S(-100)) - t * max(log(x), S(-100));
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S t, S) {
    return I == 0 ? g * (x - t) / max((1 - x) * x, S(1e-12)) : g * (log1p(-x) - log(x));
  }
};

// bce of sigmoid(x), its first term times weight, put together so that nothing cancels and nothing overflows.
struct BceWithLogits {
  static constexpr Info info{.domain2 = {0.05, 0.95}, .kinks = {0}};
  template <Floating S> static constexpr S tail(S x) { return log1p(exp(-abs(x))); }
  template <Floating S> static constexpr S forward(S x, S t, S weight) {
    return (1 - t) * max(x, S(0)) + weight * t * max(-x, S(0)) + (1 + (weight - 1) * t) * tail(x);
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S t, S weight, S) {
    return I == 0   ? g * (sigmoid(x) * (1 + (weight - 1) * t) - weight * t)
           : I == 1 ? g * (weight * softplus(-x) - softplus(x))
                    : g * (t * softplus(-x));
  }
};

// t (log t - x) for log-probabilities x, where 0 log 0 is 0, without a slope.
struct KlTerm {
  static constexpr Info info{.domain2 = {0.05, 0.95}};
  template <Floating S> static constexpr S log_or_zero(S t) { return log(select(t == 0, S(1), t)); }
  template <Floating S> static constexpr S forward(S x, S t) { return t * (log_or_zero(t) - x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S t, S) {
    return I == 0 ? -g * t : g * (log_or_zero(t) + select(t == 0, S(0), S(1)) - x);
  }
};

// The same for targets given as log-probabilities.
struct KlTermOfLog {
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S x, S t) { return exp(t) * (t - x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S t, S) {
    return I == 0 ? -g * exp(t) : g * (exp(t) * (t - x + 1));
  }
};

// log(1 + exp(-x t)) for targets -1 and 1.
struct SoftMargin {
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S x, S t) { return softplus(-x * t); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S t, S) {
    return -g * (sigmoid(-x * t) * (I == 0 ? t : x));
  }
};
// clang-format on

}  // namespace rushlight::math
