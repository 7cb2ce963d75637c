// What normalising channels shares between the ways that images lie. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/channel_norm.h"
#include "rushlight/backend/cpu/moments.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// What y is of x: (x - mean) scale + shift. Forward and backward, where it says what the relu cut off, it is
// the same to the bit.
template <class T>
struct Line {
  T mean, scale, shift;

  template <class Args>
  static Line of(const Args& args, int64_t c) {
    return {args.mean[c], args.weight ? args.weight[c] * args.rstd[c] : args.rstd[c],
            args.bias ? args.bias[c] : T(0)};
  }
};
template <class T>
struct Lines {
  Vec<T> mean, scale, shift;

  explicit Lines(const Line<T>& one)
      : mean(Vec<T>::splat(one.mean)), scale(Vec<T>::splat(one.scale)), shift(Vec<T>::splat(one.shift)) {}
  Lines(Vec<T> means, Vec<T> scales, Vec<T> shifts) : mean(means), scale(scales), shift(shifts) {}

  template <bool Relu>
  RUSHLIGHT_INLINE Vec<T> at(Vec<T> x) const {
    const Vec<T> y = multiply_add(x - mean, scale, shift);
    return Relu ? max(y, Vec<T>(0)) : y;
  }
  // The gradient that passes the relu.
  template <bool Relu>
  RUSHLIGHT_INLINE Vec<T> passed(Vec<T> grad, Vec<T> x) const {
    return Relu ? select(at<false>(x) > Vec<T>(0), grad, Vec<T>(0)) : grad;
  }
};

// body<true or false>()
template <class Body>
RUSHLIGHT_INLINE void with_relu(bool relu, Body body) {
  if (relu)
    body.template operator()<true>();
  else
    body.template operator()<false>();
}

// Writes channel c's statistics.
template <class T>
Line<T> finish_statistics(const ChannelNormArgs<T>& args, int64_t c, double mean, double variance) {
  args.mean[c] = static_cast<T>(mean);
  args.variance[c] = static_cast<T>(variance);
  args.rstd[c] = static_cast<T>(1 / __builtin_sqrt(variance + args.eps));
  return Line<T>::of(args, c);
}
template <class T>
Line<T> finish_statistics(const ChannelNormArgs<T>& args, int64_t c, const Moments& all) {
  return finish_statistics(args, c, all.mean, all.squares / all.count);
}
template <class T>
Line<T> given_statistics(const ChannelNormArgs<T>& args, int64_t c) {
  return finish_statistics(args, c, args.given_mean[c], args.given_variance[c]);
}

// What grad_x is of grad and x: grad slope + (x - mean) tilt + level.
template <class T>
struct Plane {
  T slope, tilt, level;
};
// From the sums of grad and of grad (x - mean), which are the gradients of bias and weight.
template <class T>
Plane<T> finish_gradients(const ChannelNormBackwardArgs<T>& args, int64_t c, double sum, double product) {
  const double rstd = args.rstd[c], count = static_cast<double>(args.items * args.plane);
  if (args.grad_weight) args.grad_weight[c] = static_cast<T>(product * rstd);
  if (args.grad_bias) args.grad_bias[c] = static_cast<T>(sum);
  const double scale = (args.weight ? args.weight[c] : 1) * rstd;
  if (args.given) return {static_cast<T>(scale), 0, 0};
  return {static_cast<T>(scale), static_cast<T>(-scale * rstd * rstd * product / count),
          static_cast<T>(-scale * sum / count)};
}

// Of the gradients that pass, and of these times x - mean.
template <class T>
struct Sums {
  Vec<T> grad = 0, product = 0;

  RUSHLIGHT_INLINE Sums& operator+=(const Sums& more) {
    grad += more.grad, product += more.product;
    return *this;
  }
};

template <class T>
bool needs_sums(const ChannelNormBackwardArgs<T>& args) {
  return !args.given || args.grad_weight || args.grad_bias;
}
// Whether a pixel's gradient depends on it.
template <bool Relu, class T>
bool reads_x(const ChannelNormBackwardArgs<T>& args) {
  return Relu || !args.given;
}
// How far x is from the mean, where its gradient depends on that: where the statistics move with x. (Times a
// slope of 0 it would not do: x may be infinite.)
template <class T>
RUSHLIGHT_INLINE Vec<T> step_of(const ChannelNormBackwardArgs<T>& args, Vec<T> x, Vec<T> mean) {
  return args.given ? Vec<T>(0) : x - mean;
}

// Images that lie pixel after pixel (channel_norm_pixels.isa.cpp).
template <class T>
void normalize_pixels(const ChannelNormArgs<T>& args);
template <class T>
void pixels_backward(const ChannelNormBackwardArgs<T>& args);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
