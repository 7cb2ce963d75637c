// Normalisation of channels by their own statistics: the image is read twice, forward and backward. What is
// added up is cut by shapes alone, in parts so short that none of their numbers is lost in the sum.
#include "rushlight/backend/cpu/channel_norm.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/moments.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

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
Line<T> finish_statistics(const ChannelNormArgs<T>& args, int64_t c, const Moments& all) {
  const double variance = all.squares / all.count;
  args.mean[c] = static_cast<T>(all.mean);
  args.variance[c] = static_cast<T>(variance);
  args.rstd[c] = static_cast<T>(1 / __builtin_sqrt(variance + args.eps));
  return Line<T>::of(args, c);
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
  return {static_cast<T>(scale), static_cast<T>(-scale * rstd * rstd * product / count),
          static_cast<T>(-scale * sum / count)};
}

// -- channel after channel

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

template <class T, bool Relu>
void normalize_channel(const ChannelNormArgs<T>& args, int64_t c) {
  Moments all;
  each_plane(args, c, [&](int64_t at) { add_moments(args.x + at, args.plane, all); });
  const Lines<T> lines(finish_statistics(args, c, all));
  each_plane(args, c, [&](int64_t at) {
    for (int64_t j = 0; j < args.plane; j += Vec<T>::kLanes) {
      const int64_t left = args.plane - j;
      store_partial(args.y + at + j, lines.template at<Relu>(load_partial(args.x + at + j, left)), left);
    }
  });
}

// Of grad, and of grad (x - mean).
template <class T>
struct Sums {
  Vec<T> grad, product;
};

template <class T, bool Relu>
void channel_backward(const ChannelNormBackwardArgs<T>& args, int64_t c) {
  const Lines<T> lines(Line<T>::of(args, c));
  double sum = 0, product = 0;
  each_piece(args, c, [&](int64_t at, int64_t count) {
    const Sums<T> sums = fold_vectors<T>(
        count, Sums<T>{0, 0},
        [&](Sums<T> so_far, int64_t j, auto part) {
          const Vec<T> x = load(args.x + at + j, part);
          const Vec<T> g = lines.template passed<Relu>(load(args.grad + at + j, part), x);
          return Sums<T>{so_far.grad + g, multiply_add(g, x - lines.mean, so_far.product)};
        },
        [](Sums<T> a, Sums<T> b) { return Sums<T>{a.grad + b.grad, a.product + b.product}; });
    sum += sum_of_lanes(sums.grad);
    product += sum_of_lanes(sums.product);
  });
  const Plane<T> of = finish_gradients(args, c, sum, product);
  if (!args.grad_x) return;
  const Vec<T> slope = Vec<T>::splat(of.slope), tilt = Vec<T>::splat(of.tilt),
               level = Vec<T>::splat(of.level);
  each_plane(args, c, [&](int64_t at) {
    for (int64_t j = 0; j < args.plane; j += Vec<T>::kLanes) {
      const int64_t left = args.plane - j;
      const Vec<T> x = load_partial(args.x + at + j, left);
      const Vec<T> g = lines.template passed<Relu>(load_partial(args.grad + at + j, left), x);
      store_partial(args.grad_x + at + j, multiply_add(g, slope, multiply_add(x - lines.mean, tilt, level)),
                    left);
    }
  });
}

// -- pixel after pixel: parts of some rows, a row being a pixel's channels

struct Parts {
  int64_t rows, some, count;

  template <class Args>
  explicit Parts(const Args& args)
      : rows(args.items * args.plane),
        some(items_per_chunk(rows, args.channels)),
        count(ceil_div(rows, some)) {}
  int64_t size(int64_t part) const { return smaller(some, rows - part * some); }
  // body(first row, rows, part)
  template <class Body>
  void each(Body body) const {
    parallel_for(count, [&](int64_t part) { body(part * some, size(part), part); });
  }
};

// The sums over the rows of body(row) of some channels, two at a time so that additions need not wait.
template <class T, class Body>
RUSHLIGHT_INLINE Vec<T> sum_of_rows(int64_t rows, Body body) {
  Vec<T> even = 0, odd = 0;
  int64_t r = 0;
  for (; r + 1 < rows; r += 2) {
    even += body(r);
    odd += body(r + 1);
  }
  if (r < rows) even += body(r);
  return even + odd;
}

// Columns of numbers, one of each kind for each channel.
template <class T, int Kinds>
struct ChannelTable {
  int64_t channels;
  Scratch memory{static_cast<size_t>(Kinds * channels) * sizeof(T)};
  T* column(int kind) const { return static_cast<T*>(memory.data()) + kind * channels; }
};

// The lines of some channels, from a table of their means, scales and shifts.
template <class T>
RUSHLIGHT_INLINE Lines<T> lines_of(const ChannelTable<T, 3>& table, int64_t c, int64_t left) {
  return {load_partial(table.column(0) + c, left), load_partial(table.column(1) + c, left),
          load_partial(table.column(2) + c, left)};
}
template <class T>
void set_line(const ChannelTable<T, 3>& table, int64_t c, const Line<T>& line) {
  table.column(0)[c] = line.mean, table.column(1)[c] = line.scale, table.column(2)[c] = line.shift;
}

template <class T, bool Relu>
void normalize_pixels(const ChannelNormArgs<T>& args) {
  const Parts parts(args);
  const int64_t channels = args.channels;
  const Scratch scratch(static_cast<size_t>(2 * parts.count * channels) * sizeof(T));
  T *means = static_cast<T*>(scratch.data()), *squares = means + parts.count * channels;
  parts.each([&](int64_t first, int64_t rows, int64_t part) {
    for (int64_t c = 0; c < channels; c += Vec<T>::kLanes) {
      const int64_t left = channels - c;
      const auto at = [&](int64_t r) { return load_partial(args.x + (first + r) * channels + c, left); };
      const Vec<T> pivot = at(0);  // near the mean, so that large numbers do not drown the small
      const Vec<T> mean = pivot + sum_of_rows<T>(rows, [&](int64_t r) { return at(r) - pivot; }) /
                                      Vec<T>(static_cast<double>(rows));
      store_partial(means + part * channels + c, mean, left);
      store_partial(squares + part * channels + c,
                    sum_of_rows<T>(rows,
                                   [&](int64_t r) {
                                     const Vec<T> step = at(r) - mean;
                                     return step * step;
                                   }),
                    left);
    }
  });
  const ChannelTable<T, 3> table{channels};
  for (int64_t c = 0; c < channels; ++c) {
    Moments all;
    for (int64_t p = 0; p < parts.count; ++p)
      all.add({static_cast<double>(parts.size(p)), means[p * channels + c], squares[p * channels + c]});
    set_line(table, c, finish_statistics(args, c, all));
  }
  parts.each([&](int64_t first, int64_t rows, int64_t) {
    for (int64_t at = first * channels; at < (first + rows) * channels; at += channels)
      for (int64_t c = 0; c < channels; c += Vec<T>::kLanes) {
        const int64_t left = channels - c;
        const Lines<T> lines = lines_of(table, c, left);
        store_partial(args.y + at + c, lines.template at<Relu>(load_partial(args.x + at + c, left)), left);
      }
  });
}

template <class T, bool Relu>
void pixels_backward(const ChannelNormBackwardArgs<T>& args) {
  const Parts parts(args);
  const int64_t channels = args.channels;
  const Scratch scratch(static_cast<size_t>(2 * parts.count * channels) * sizeof(T));
  T *sums = static_cast<T*>(scratch.data()), *products = sums + parts.count * channels;
  const ChannelTable<T, 3> table{channels};
  for (int64_t c = 0; c < channels; ++c) set_line(table, c, Line<T>::of(args, c));
  parts.each([&](int64_t first, int64_t rows, int64_t part) {
    for (int64_t c = 0; c < channels; c += Vec<T>::kLanes) {
      const int64_t left = channels - c;
      const Lines<T> lines = lines_of(table, c, left);
      const auto x = [&](int64_t r) { return load_partial(args.x + (first + r) * channels + c, left); };
      const auto grad = [&](int64_t r) {
        const Vec<T> g = load_partial(args.grad + (first + r) * channels + c, left);
        return Relu ? lines.template passed<Relu>(g, x(r)) : g;
      };
      store_partial(sums + part * channels + c, sum_of_rows<T>(rows, grad), left);
      store_partial(products + part * channels + c,
                    sum_of_rows<T>(rows, [&](int64_t r) { return grad(r) * (x(r) - lines.mean); }), left);
    }
  });
  const ChannelTable<T, 3> planes{channels};
  T *slope = planes.column(0), *tilt = planes.column(1), *level = planes.column(2);
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0, product = 0;
    for (int64_t p = 0; p < parts.count; ++p)
      sum += sums[p * channels + c], product += products[p * channels + c];
    const Plane<T> of = finish_gradients(args, c, sum, product);
    slope[c] = of.slope, tilt[c] = of.tilt, level[c] = of.level;
  }
  if (!args.grad_x) return;
  parts.each([&](int64_t first, int64_t rows, int64_t) {
    for (int64_t at = first * channels; at < (first + rows) * channels; at += channels)
      for (int64_t c = 0; c < channels; c += Vec<T>::kLanes) {
        const int64_t left = channels - c;
        const auto of = [&](const T* column) { return load_partial(column + c, left); };
        const Lines<T> lines = lines_of(table, c, left);
        const Vec<T> x = of(args.x + at);
        const Vec<T> g = lines.template passed<Relu>(of(args.grad + at), x);
        store_partial(args.grad_x + at + c,
                      multiply_add(g, of(slope), multiply_add(x - lines.mean, of(tilt), of(level))), left);
      }
  });
}

}  // namespace

template <class T>
void channel_norm(const ChannelNormArgs<T>& args) {
  with_relu(args.relu, [&]<bool Relu>() {
    if (args.by_pixel) return normalize_pixels<T, Relu>(args);
    parallel_ranges(args.channels, args.items * args.plane, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) normalize_channel<T, Relu>(args, c);
    });
  });
}

template <class T>
void channel_norm_backward(const ChannelNormBackwardArgs<T>& args) {
  with_relu(args.relu, [&]<bool Relu>() {
    if (args.by_pixel) return pixels_backward<T, Relu>(args);
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
