// Normalisation of channels: by their own statistics the image is read twice, forward and backward. What is
// added up is cut by shapes alone, in parts so short that none of their numbers is lost in the sum. Here,
// images that lie channel after channel.
#include "rushlight/backend/cpu/channel_lines.h"
#include "rushlight/backend/cpu/chunks.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// body(offset) of each item's plane of one channel.
template <class Args, class Body>
RUSHLIGHT_INLINE void each_plane(const Args& args, int64_t channel, Body body) {
  for (int64_t item = 0; item < args.items; ++item) body((item * args.channels + channel) * args.plane);
}

// body(offset, count) of each piece of these planes.
template <class Args, class Body>
RUSHLIGHT_INLINE void each_piece(const Args& args, int64_t channel, Body body) {
  each_plane(args, channel, [&](int64_t at) {
    for (int64_t j = 0; j < args.plane; j += kPieceNumbers)
      body(at + j, smaller(kPieceNumbers, args.plane - j));
  });
}

template <class T>
Line<T> find_statistics(const ChannelNormArgs<T>& args, int64_t c) {
  Moments all;
  each_plane(args, c, [&](int64_t at) { add_moments(args.x + at, args.plane, all); });
  return finish_statistics(args, c, all);
}

template <class T, bool Relu>
void normalize_channel(const ChannelNormArgs<T>& args, int64_t c) {
  const Lines<T> lines(args.given_mean ? given_statistics(args, c) : find_statistics(args, c));
  each_plane(args, c, [&](int64_t at) {
    for (int64_t j = 0; j < args.plane; j += Vec<T>::kLanes) {
      const int64_t left = args.plane - j;
      store_partial(args.y + at + j, lines.template at<Relu>(load_partial(args.x + at + j, left)), left);
    }
  });
}

template <class T, bool Relu>
void channel_backward(const ChannelNormBackwardArgs<T>& args, int64_t c) {
  const Lines<T> lines(Line<T>::of(args, c));
  double sum = 0, product = 0;
  const auto add_piece = [&](int64_t at, int64_t count) {
    const Sums<T> sums = fold_vectors<T>(
        count, Sums<T>{0, 0},
        [&](Sums<T> so_far, int64_t j, auto part) {
          const Vec<T> x = load(args.x + at + j, part);
          const Vec<T> g = lines.template passed<Relu>(load(args.grad + at + j, part), x);
          return Sums<T>{so_far.grad + g, multiply_add(g, x - lines.mean, so_far.product)};
        },
        [](Sums<T> a, Sums<T> b) { return a += b; });
    sum += sum_of_lanes(sums.grad);
    product += sum_of_lanes(sums.product);
  };
  if (needs_sums(args)) each_piece(args, c, add_piece);
  const Plane<T> of = finish_gradients(args, c, sum, product);
  if (!args.grad_x) return;
  const Vec<T> slope = Vec<T>::splat(of.slope), tilt = Vec<T>::splat(of.tilt),
               level = Vec<T>::splat(of.level);
  each_plane(args, c, [&](int64_t at) {
    for (int64_t j = 0; j < args.plane; j += Vec<T>::kLanes) {
      const int64_t left = args.plane - j;
      const Vec<T> x = reads_x<Relu>(args) ? load_partial(args.x + at + j, left) : Vec<T>(0);
      const Vec<T> g = lines.template passed<Relu>(load_partial(args.grad + at + j, left), x);
      const Vec<T> step = step_of(args, x, lines.mean);
      store_partial(args.grad_x + at + j, multiply_add(g, slope, multiply_add(step, tilt, level)), left);
    }
  });
}

}  // namespace

template <class T>
void channel_norm(const ChannelNormArgs<T>& args) {
  if (args.by_pixel) return normalize_pixels(args);
  with_relu(args.relu, [&]<bool Relu>() {
    parallel_ranges(args.channels, args.items * args.plane, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) normalize_channel<T, Relu>(args, c);
    });
  });
}

template <class T>
void channel_norm_backward(const ChannelNormBackwardArgs<T>& args) {
  if (args.by_pixel) return pixels_backward(args);
  with_relu(args.relu, [&]<bool Relu>() {
    parallel_ranges(args.channels, args.items * args.plane, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) channel_backward<T, Relu>(args, c);
    });
  });
}

template void channel_norm(const ChannelNormArgs<float>&);
template void channel_norm(const ChannelNormArgs<double>&);
template void channel_norm_backward(const ChannelNormBackwardArgs<float>&);
template void channel_norm_backward(const ChannelNormBackwardArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
