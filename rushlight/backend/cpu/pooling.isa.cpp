// Pooling: the lanes of a vector are the positions of a row, or a pixel's channels.
#include "rushlight/backend/cpu/pooling.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// What of a window is inside the image along one axis: where it begins, and how many taps that is.
struct Span {
  int64_t at, count;
};
Span inside(const PoolAxis& a, int64_t position) {
  const int64_t start = position * a.stride - a.padding;
  const int64_t skipped = start < 0 ? ceil_div(-start, a.dilation) : 0;
  const int64_t at = start + skipped * a.dilation;
  return {at, smaller(a.size - skipped, ceil_div(a.image - at, a.dilation))};
}

// The largest numbers under as many windows as a vector has lanes, and how far they stand from the windows'
// first taps.
template <class T>
struct Largest {
  Vec<T> most;
  typename Vec<T>::Bits where;
};
// load(step) -> the windows' numbers so far from their first taps.
template <class T, class Load>
RUSHLIGHT_INLINE Largest<T> largest(const MaxPoolArgs<T>& args, Span slices, Span rows, Span columns,
                                    Load load) {
  using Bits = typename Vec<T>::Bits;
  using Integer = typename Vec<T>::Integer;
  const int64_t slice_step = args.slices.dilation * args.rows.image * args.columns.image,
                row_step = args.rows.dilation * args.columns.image;
  Vec<T> most = load(0);
  Bits where{};
  for (int64_t s = 0; s < slices.count; ++s)
    for (int64_t r = 0; r < rows.count; ++r) {
      int64_t step = s * slice_step + r * row_step;
      for (int64_t c = 0; c < columns.count; ++c, step += args.columns.dilation) {
        const Vec<T> value = load(step);
        const auto taken = (value > most) | (value != value);
        most = select(taken, value, most);
        where = taken.bits ? static_cast<Integer>(step) - Bits{} : where;
      }
    }
  return {most, where};
}
template <class T>
int64_t first_place(const MaxPoolArgs<T>& args, Span slices, Span rows, Span columns) {
  return (slices.at * args.rows.image + rows.at) * args.columns.image + columns.at;
}

// Lane i is from[i * stride], for the first `count` lanes; no memory beyond the last of them is touched.
template <class T, int... I>
RUSHLIGHT_INLINE Vec<T> every_second(const T* from, int64_t count, std::integer_sequence<int, I...>) {
  constexpr int lanes = Vec<T>::kLanes;
  const Vec<T> low = load_partial(from, 2 * count - 1);
  const Vec<T> high = load_partial(from + lanes - 1, 2 * count - lanes);
  return Vec<T>(__builtin_shufflevector(low.lanes, high.lanes, (I < lanes / 2 ? 2 * I : 2 * I + 1)...));
}
template <class T>
RUSHLIGHT_INLINE Vec<T> load_strided(const T* from, int64_t stride, int64_t count) {
  if (stride == 1) return load_partial(from, count);
  if (stride == 2) return every_second(from, count, std::make_integer_sequence<int, Vec<T>::kLanes>{});
  Vec<T> x = 0;
  for (int i = 0; i < smaller(count, Vec<T>::kLanes); ++i) x.lanes[i] = from[i * stride];
  return x;
}

// Positions [j, j + count) of a row of results, count <= kLanes, whose windows meet the same `columns.count`
// columns.
template <class T>
RUSHLIGHT_INLINE void largest_of_row(const MaxPoolArgs<T>& args, const T* volume, Span slices, Span rows,
                                     Span columns, int64_t count, T* y, int64_t* places) {
  const int64_t stride = args.columns.stride, first = first_place(args, slices, rows, columns);
  const Largest<T> found =
      largest(args, slices, rows, columns, [&](int64_t step) __attribute__((always_inline)) {
        return load_strided(volume + first + step, stride, count);
      });
  store_partial(y, found.most, count);
  for (int i = 0; i < smaller(count, Vec<T>::kLanes); ++i) places[i] = first + i * stride + found.where[i];
}

template <class T>
void largest_of_volume(const MaxPoolArgs<T>& args, const T* volume, T* y, int64_t* places) {
  const PoolAxis& c = args.columns;
  const int64_t before =
      smaller(c.positions, ceil_div(c.padding, c.stride));  // their windows begin in the padding
  const int64_t last = c.image + c.padding - c.dilation * (c.size - 1) - 1;  // where a whole window may begin
  const int64_t whole = clamped(last < 0 ? 0 : last / c.stride + 1, before, c.positions);
  for (int64_t i = 0; i < args.slices.positions * args.rows.positions; ++i) {
    const Span slices = inside(args.slices, i / args.rows.positions),
               rows = inside(args.rows, i % args.rows.positions);
    const auto one = [&](int64_t j) {
      largest_of_row(args, volume, slices, rows, inside(c, j), 1, y + j, places + j);
    };
    for (int64_t j = 0; j < before; ++j) one(j);
    for (int64_t j = before; j < whole; j += Vec<T>::kLanes)
      largest_of_row(args, volume, slices, rows, Span{j * c.stride - c.padding, c.size}, whole - j, y + j,
                     places + j);
    for (int64_t j = whole; j < c.positions; ++j) one(j);
    y += c.positions;
    places += c.positions;
  }
}

template <class T>
void largest_of_volumes(const MaxPoolArgs<T>& args) {
  const int64_t from = args.slices.image * args.rows.image * args.columns.image,
                to = args.slices.positions * args.rows.positions * args.columns.positions;
  parallel_ranges(args.items * args.channels, from, [&](int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v)
      largest_of_volume(args, args.x + v * from, args.y + v * to, args.places + v * to);
  });
}

// A position's channels.
template <class T>
void largest_of_pixels(const MaxPoolArgs<T>& args, const T* image, Span slices, Span rows, Span columns, T* y,
                       int64_t* places) {
  const int64_t first = first_place(args, slices, rows, columns);
  for (int64_t c = 0; c < args.channels; c += Vec<T>::kLanes) {
    const int64_t left = args.channels - c;
    const Largest<T> found =
        largest(args, slices, rows, columns, [&](int64_t step) __attribute__((always_inline)) {
          return load_partial(image + (first + step) * args.channels + c, left);
        });
    store_partial(y + c, found.most, left);
    for (int i = 0; i < smaller(left, Vec<T>::kLanes); ++i) places[c + i] = first + found.where[i];
  }
}

template <class T>
void largest_by_pixel(const MaxPoolArgs<T>& args) {
  const int64_t from = args.slices.image * args.rows.image * args.columns.image * args.channels,
                row = args.columns.positions * args.channels,
                rows_of_item = args.slices.positions * args.rows.positions;
  parallel_ranges(args.items * rows_of_item, row, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Span slices = inside(args.slices, i % rows_of_item / args.rows.positions),
                 rows = inside(args.rows, i % args.rows.positions);
      for (int64_t j = 0; j < args.columns.positions; ++j) {
        const int64_t to = i * row + j * args.channels;
        largest_of_pixels(args, args.x + i / rows_of_item * from, slices, rows, inside(args.columns, j),
                          args.y + to, args.places + to);
      }
    }
  });
}

}  // namespace

template <class T>
void max_pool(const MaxPoolArgs<T>& args) {
  args.by_pixel ? largest_by_pixel(args) : largest_of_volumes(args);
}

template <class T>
void max_pool_gradient(const MaxPoolGradientArgs<T>& args) {
  // One run is what may be written without a look at others: a volume, or an image that lies by pixel.
  const int64_t channels = args.by_pixel ? args.channels : 1, runs = args.items * args.channels / channels;
  const int64_t from = args.positions * channels, to = args.volume * channels;
  parallel_ranges(runs, to, [&](int64_t begin, int64_t end) {
    for (int64_t run = begin; run < end; ++run) {
      T* grad_x = args.grad_x + run * to;
      for (int64_t i = 0; i < to; ++i) grad_x[i] = 0;
      const T* grad = args.grad + run * from;
      const int64_t* places = args.places + run * from;
      for (int64_t i = 0; i < from; i += channels)
        for (int64_t c = 0; c < channels; ++c) grad_x[places[i + c] * channels + c] += grad[i + c];
    }
  });
}

template void max_pool(const MaxPoolArgs<float>&);
template void max_pool(const MaxPoolArgs<double>&);
template void max_pool_gradient(const MaxPoolGradientArgs<float>&);
template void max_pool_gradient(const MaxPoolGradientArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
