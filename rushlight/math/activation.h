// Formulas of activation functions: relu, gelu, softplus ...
#pragma once

#include "rushlight/math/arithmetic.h"
#include "rushlight/math/exponential.h"
#include "rushlight/math/number.h"

namespace rushlight::math {

// clang-format off
struct Relu {
  static constexpr Info info{.kinks = {0}};
  template <Real S> static constexpr S forward(S x) { return max(x, S(0)); }
  template <int I, Floating S> static constexpr S grad(S g, S, S y) { return select(y <= 0, S(0), g); }
};

struct Relu6 {
  static constexpr Info info{.domain = {-3, 9}, .kinks = {0, 6}};
  template <Real S> static constexpr S forward(S x) { return min(max(x, S(0)), S(6)); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    return select(either(x <= 0, x >= 6), S(0), g);
  }
};

struct Hardtanh {
  struct Params { double low, high; };
  static constexpr Info info{.kinks = Kinks::at_attributes()};
  template <Real S> static constexpr S forward(S x, Params p) { return min(max(x, S(p.low)), S(p.high)); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    return select(either(x <= p.low, x >= p.high), S(0), g);
  }
};

struct Threshold {
  struct Params { double threshold, value; };
  static constexpr Info info{.kinks = Kinks::at_attributes()};
  template <Real S> static constexpr S forward(S x, Params p) {
    return select(x <= p.threshold, S(p.value), x);
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    return select(x <= p.threshold, S(0), g);
  }
};

struct LeakyRelu {
  struct Params { double negative_slope; };
  static constexpr Info info{.kinks = {0}};
  template <Floating S> static constexpr S forward(S x, Params p) {
    return select(x > 0, x, x * p.negative_slope);
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    return select(x > 0, g, g * p.negative_slope);
  }
};

struct PreluElementwise {
  static constexpr Info info{.kinks = {0}};
  template <Floating S> static constexpr S forward(S x, S weight) { return select(x > 0, x, weight * x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S weight, S) {
    return I == 0 ? select(x > 0, g, g * weight) : select(x > 0, S(0), g * x);
  }
};

struct Elu {
  struct Params { double alpha; };
  static constexpr Info info{.kinks = {0}};
  template <Floating S> static constexpr S forward(S x, Params p) {
    return select(x <= 0, p.alpha * expm1(min(x, S(0))), x);
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    return select(x <= 0, g * (p.alpha * exp(min(x, S(0)))), g);
  }
};

struct Celu {
  struct Params { double alpha; };
  static constexpr Info info{.kinks = {0}};
  template <Floating S> static constexpr S forward(S x, Params p) {
    return select(x <= 0, p.alpha * expm1(min(x, S(0)) / p.alpha), x);
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    return select(x <= 0, g * exp(min(x, S(0)) / p.alpha), g);
  }
};

struct Selu {
  static constexpr double kScale = 1.0507009873554804934193349852946;
  static constexpr double kAlpha = 1.6732632423543772848170429916717;
  static constexpr Info info{.kinks = {0}};
  template <Floating S> static constexpr S forward(S x) {
    return kScale * select(x <= 0, kAlpha * expm1(min(x, S(0))), x);
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    return g * kScale * select(x <= 0, kAlpha * exp(min(x, S(0))), S(1));
  }
};

// P(Z < x) for a standard normal Z; erfc keeps the digits of the left tail. A number type may bring its own
// normal_probability and gelu_slope.
template <Floating S>
constexpr S normal_probability(S x) { return 0.5 * erfc(x * -0.707106781186547524401); }
template <Floating S>
constexpr S normal_density(S x) { return 0.398942280401432677940 * exp(-0.5 * x * x); }
template <Floating S>
constexpr S gelu_slope(S x) { return normal_probability(x) + x * normal_density(x); }

struct Gelu {
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S x) { return x * normal_probability(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g * gelu_slope(x); }
};

// With P(Z < x) taken as 0.5 (1 + tanh(u)) = sigmoid(2 u), where u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh {
  static constexpr double kTwoSlopes = 1.595769121605730711760, kCubic = 0.044715;
  static constexpr Info info{};
  template <Floating S> static constexpr S probability(S x) {
    return sigmoid(kTwoSlopes * x * (1 + kCubic * x * x));
  }
  template <Floating S> static constexpr S forward(S x) { return x * probability(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    const S probable = probability(x);
    return g * (probable * (1 + x * (1 - probable) * (kTwoSlopes * (1 + 3 * kCubic * x * x))));
  }
};

struct Silu {
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S x) { return x * sigmoid(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    const S y = sigmoid(x);
    return g * (y * (1 + x * (1 - y)));
  }
};

// tanh(softplus(x)) = n / (n + 2) where n = e^x (e^x + 2). From 20 on it is 1, and its slope 0.
struct Mish {
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S x) {
    const S e = exp(min(x, S(20))), n = e * (e + 2);
    return x * (n / (n + 2));
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    const S e = exp(min(x, S(20))), n = e * (e + 2), part = 1 / (n + 2);
    return g * (n * part + x * (4 * e * (1 + e)) * (part * part));
  }
};

// log(1 + exp(beta x)) / beta, and x itself where beta x > threshold.
struct Softplus {
  struct Params { double beta, threshold; };
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S x, Params p) {
    const S scaled = x * p.beta;
    return select(scaled > p.threshold, x, softplus(scaled) / p.beta);
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    const S scaled = x * p.beta;
    return select(scaled > p.threshold, g, g * sigmoid(scaled));
  }
};

struct LogSigmoid {
  static constexpr Info info{};
  template <Floating S> static constexpr S forward(S x) { return -softplus(-x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) { return g * sigmoid(-x); }
};

struct Softsign {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return x / (1 + abs(x)); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    const S size = 1 + abs(x);
    return g / (size * size);
  }
};

struct Tanhshrink {
  static constexpr Info info{.integers = Integers::to_float};
  template <Floating S> static constexpr S forward(S x) { return x - tanh(x); }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    const S t = tanh(x);
    return g * (t * t);
  }
};

struct Softshrink {
  struct Params { double lambd; };
  static constexpr Info info{.kinks = Kinks::at_attributes()};
  template <Floating S> static constexpr S forward(S x, Params p) {
    return select(abs(x) <= p.lambd, S(0), x - copysign(S(p.lambd), x));
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    return select(abs(x) <= p.lambd, S(0), g);
  }
};

struct Hardshrink {
  struct Params { double lambd; };
  static constexpr Info info{.kinks = Kinks::at_attributes()};
  template <Floating S> static constexpr S forward(S x, Params p) {
    return select(abs(x) <= p.lambd, S(0), x);
  }
  template <int I, Floating S> static constexpr S grad(S g, S x, S, Params p) {
    return select(abs(x) <= p.lambd, S(0), g);
  }
};

struct Hardsigmoid {
  static constexpr Info info{.domain = {-5, 5}, .kinks = {-3, 3}};
  template <Floating S> static constexpr S forward(S x) { return min(max(x + 3, S(0)), S(6)) / 6; }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    return select(abs(x) < 3, g / 6, S(0));
  }
};

struct Hardswish {
  static constexpr Info info{.domain = {-5, 5}, .kinks = {-3, 3}};
  template <Floating S> static constexpr S forward(S x) { return x * min(max(x + 3, S(0)), S(6)) / 6; }
  template <int I, Floating S> static constexpr S grad(S g, S x, S) {
    return select(x <= -3, S(0), select(x < 3, g * (x / 3 + 0.5), g));
  }
};
// clang-format on

}  // namespace rushlight::math
