// Normalisation of channels by their own statistics: the image is read twice, forward and backward.
#include "rushlight/backend/cpu/channel_norm.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// Count, mean and sum of squared deviations, of parts that are added up in order: no large numbers cancel.
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void add(const Moments& part) {
    const double both = count + part.count, step = part.mean - mean;
    squares += part.squares + step * step * count * part.count / both;
    mean += step * part.count / both;
    count = both;
  }
};

// Of one plane, which stays in L1 between its two passes.
template <class T>
Moments moments_of(const T* x, int64_t n) {
  Vec<T> sum = 0, squares = 0;
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) sum += load_partial(x + j, n - j);
  const T mean = sum_of_lanes(sum) / static_cast<T>(n);
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) {
    const Vec<T> step = load_partial(x + j, n - j, mean) - Vec<T>::splat(mean);
    squares = multiply_add(step, step, squares);
  }
  return {static_cast<double>(n), mean, sum_of_lanes(squares)};
}

// body(offset) of each item's plane of one channel.
template <class Args, class Body>
RUSHLIGHT_INLINE void each_plane(const Args& args, int64_t channel, Body body) {
  for (int64_t item = 0; item < args.items; ++item) body((item * args.channels + channel) * args.plane);
}

template <class T>
void normalize_channel(const ChannelNormArgs<T>& args, int64_t c) {
  Moments all;
  each_plane(args, c, [&](int64_t at) { all.add(moments_of(args.x + at, args.plane)); });
  const double variance = all.squares / all.count, rstd = 1 / __builtin_sqrt(variance + args.eps);
  args.mean[c] = static_cast<T>(all.mean);
  args.variance[c] = static_cast<T>(variance);
  args.rstd[c] = static_cast<T>(rstd);
  const Vec<T> mean = Vec<T>::splat(args.mean[c]), shift = Vec<T>::splat(args.bias ? args.bias[c] : T(0));
  const Vec<T> scale = Vec<T>::splat(args.weight ? args.weight[c] * args.rstd[c] : args.rstd[c]);
  each_plane(args, c, [&](int64_t at) {
    for (int64_t j = 0; j < args.plane; j += Vec<T>::kLanes) {
      const int64_t left = args.plane - j;
      store_partial(args.y + at + j, multiply_add(load_partial(args.x + at + j, left) - mean, scale, shift),
                    left);
    }
  });
}

template <class T>
void channel_backward(const ChannelNormBackwardArgs<T>& args, int64_t c) {
  const Vec<T> mean = Vec<T>::splat(args.mean[c]);
  double sum = 0, product = 0;  // of grad, and of grad (x - mean)
  each_plane(args, c, [&](int64_t at) {
    Vec<T> sums = 0, products = 0;
    for (int64_t j = 0; j < args.plane; j += Vec<T>::kLanes) {
      const int64_t left = args.plane - j;
      const Vec<T> g = load_partial(args.grad + at + j, left);
      sums += g;
      products = multiply_add(g, load_partial(args.x + at + j, left) - mean, products);
    }
    sum += sum_of_lanes(sums);
    product += sum_of_lanes(products);
  });
  const double rstd = args.rstd[c], count = static_cast<double>(args.items * args.plane);
  if (args.grad_weight) args.grad_weight[c] = static_cast<T>(product * rstd);
  if (args.grad_bias) args.grad_bias[c] = static_cast<T>(sum);
  if (!args.grad_x) return;
  const double scale = (args.weight ? args.weight[c] : 1) * rstd;
  const Vec<T> slope = Vec<T>::splat(static_cast<T>(scale));
  const Vec<T> level = Vec<T>::splat(static_cast<T>(-scale * sum / count));
  const Vec<T> tilt = Vec<T>::splat(static_cast<T>(-scale * rstd * rstd * product / count));
  each_plane(args, c, [&](int64_t at) {
    for (int64_t j = 0; j < args.plane; j += Vec<T>::kLanes) {
      const int64_t left = args.plane - j;
      const Vec<T> centred = load_partial(args.x + at + j, left) - mean;
      const Vec<T> g = load_partial(args.grad + at + j, left);
      store_partial(args.grad_x + at + j, multiply_add(g, slope, multiply_add(centred, tilt, level)), left);
    }
  });
}

}  // namespace

template <class T>
void channel_norm(const ChannelNormArgs<T>& args) {
  parallel_ranges(args.channels, args.items * args.plane, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) normalize_channel(args, c);
  });
}

template <class T>
void channel_norm_backward(const ChannelNormBackwardArgs<T>& args) {
  parallel_ranges(args.channels, args.items * args.plane, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) channel_backward(args, c);
  });
}

template void channel_norm(const ChannelNormArgs<float>&);
template void channel_norm(const ChannelNormArgs<double>&);
template void channel_norm_backward(const ChannelNormBackwardArgs<float>&);
template void channel_norm_backward(const ChannelNormBackwardArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
