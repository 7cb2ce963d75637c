// Normalisation of channels whose images lie pixel after pixel, and of these the largest in windows: what a
// max pool behind it would read and write is never in memory.
#include "rushlight/backend/cpu/channel_lines.h"
#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/scratch.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// What joining a part's sums of a channel costs, in numbers that are only read.
constexpr int64_t kJoinCost = 16;

// -- parts of some rows, which are pixels, or lines of windows of pixels

struct Parts {
  static constexpr int64_t kLeastPixels = 64;  // so that joining the parts costs little
  int64_t rows, some, count;

  Parts(int64_t all, int64_t pixels_of_row, int64_t channels)
      : rows(all),
        some(clamped(ceil_div(kLeastPixels, pixels_of_row), items_per_chunk(all, pixels_of_row * channels),
                     all + 1)),
        count(ceil_div(all, some)) {}
  int64_t size(int64_t part) const { return smaller(some, rows - part * some); }
  // body(first row, rows, part)
  template <class Body>
  void each(Body body) const {
    parallel_for(count, [&](int64_t part) { body(part * some, size(part), part); });
  }
};

// body(row, rows, channel, channels left) of some rows and a vector of channels: few rows at a time, so that
// memory is read in a straight line whatever the number of channels.
template <class T, class Body>
RUSHLIGHT_INLINE void each_block(int64_t rows, int64_t channels, Body body) {
  constexpr int64_t kRows = 8;
  for (int64_t r = 0; r < rows; r += kRows)
    for (int64_t c = 0; c < channels; c += Vec<T>::kLanes) body(r, smaller(kRows, rows - r), c, channels - c);
}

// The sums over the rows of body(row) of some channels, two at a time so that additions need not wait.
template <class Sum, class Body>
RUSHLIGHT_INLINE Sum sum_of_rows(int64_t rows, Body body) {
  Sum even{}, odd{};
  int64_t r = 0;
  for (; r + 1 < rows; r += 2) {
    even += body(r);
    odd += body(r + 1);
  }
  if (r < rows) even += body(r);
  return even += odd;
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

// Finds each channel's statistics and with them its line.
template <class T>
void find_lines(const ChannelNormArgs<T>& args, const ChannelTable<T, 3>& table) {
  const Parts parts(args.items * args.plane, 1, args.channels);
  const int64_t channels = args.channels;
  const Scratch scratch(static_cast<size_t>(2 * parts.count * channels) * sizeof(T));
  T *means = static_cast<T*>(scratch.data()), *squares = means + parts.count * channels;
  parts.each([&](int64_t first, int64_t rows, int64_t part) {
    const T* x = args.x + first * channels;
    T *mean = means + part * channels, *square = squares + part * channels;
    for (int64_t c = 0; c < channels; ++c) mean[c] = square[c] = 0;
    each_block<T>(rows, channels, [&](int64_t row, int64_t count, int64_t c, int64_t left) {
      const Vec<T> pivot = load_partial(x + c, left);  // near the mean: large numbers do not drown the small
      const Vec<T> sum = sum_of_rows<Vec<T>>(
          count, [&](int64_t r) { return load_partial(x + (row + r) * channels + c, left) - pivot; });
      store_partial(mean + c, load_partial(mean + c, left) + sum, left);
    });
    for (int64_t c = 0; c < channels; ++c) mean[c] = x[c] + mean[c] / static_cast<T>(rows);
    each_block<T>(rows, channels, [&](int64_t row, int64_t count, int64_t c, int64_t left) {
      const Vec<T> middle = load_partial(mean + c, left);
      const Vec<T> sum = sum_of_rows<Vec<T>>(count, [&](int64_t r) {
        const Vec<T> step = load_partial(x + (row + r) * channels + c, left) - middle;
        return step * step;
      });
      store_partial(square + c, load_partial(square + c, left) + sum, left);
    });
  });
  parallel_ranges(channels, kJoinCost * parts.count, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      Moments all;
      for (int64_t p = 0; p < parts.count; ++p)
        all.add({static_cast<double>(parts.size(p)), means[p * channels + c], squares[p * channels + c]});
      set_line(table, c, finish_statistics(args, c, all));
    }
  });
}

template <class T, bool Relu>
void normalize(const ChannelNormArgs<T>& args, const ChannelTable<T, 3>& table) {
  const int64_t channels = args.channels;
  Parts(args.items * args.plane, 1, channels).each([&](int64_t first, int64_t rows, int64_t) {
    for (int64_t at = first * channels; at < (first + rows) * channels; at += channels)
      for (int64_t c = 0; c < channels; c += Vec<T>::kLanes) {
        const int64_t left = channels - c;
        const Lines<T> lines = lines_of(table, c, left);
        store_partial(args.y + at + c, lines.template at<Relu>(load_partial(args.x + at + c, left)), left);
      }
  });
}

// -- backward

// Sums of the gradients that pass, and of these times x - mean: a row of each for every part.
template <class T>
struct PartSums {
  int64_t parts, channels;
  ChannelTable<T, 2> memory{parts * channels};

  T* grads(int64_t part) const { return memory.column(0) + part * channels; }
  T* products(int64_t part) const { return memory.column(1) + part * channels; }
  void clear(int64_t part) const {
    for (int64_t c = 0; c < channels; ++c) grads(part)[c] = products(part)[c] = 0;
  }
  void add(int64_t part, int64_t c, const Sums<T>& more, int64_t left) const {
    const auto add_to = [&](T* sum, Vec<T> of) {
      store_partial(sum + c, load_partial(sum + c, left) + of, left);
    };
    add_to(grads(part), more.grad);
    add_to(products(part), more.product);
  }
};

// From the sums of all parts: what grad_x is of grad and x.
template <class T>
void find_planes(const ChannelNormBackwardArgs<T>& args, const PartSums<T>& sums,
                 const ChannelTable<T, 3>& planes) {
  parallel_ranges(args.channels, kJoinCost * sums.parts, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      double sum = 0, product = 0;
      for (int64_t p = 0; p < sums.parts; ++p) sum += sums.grads(p)[c], product += sums.products(p)[c];
      const Plane<T> of = finish_gradients(args, c, sum, product);
      planes.column(0)[c] = of.slope, planes.column(1)[c] = of.tilt, planes.column(2)[c] = of.level;
    }
  });
}

// Some channels' planes.
template <class T>
struct Planes {
  Vec<T> slope, tilt, level;

  Planes(const ChannelTable<T, 3>& table, int64_t c, int64_t left)
      : slope(load_partial(table.column(0) + c, left)),
        tilt(load_partial(table.column(1) + c, left)),
        level(load_partial(table.column(2) + c, left)) {}
  RUSHLIGHT_INLINE Vec<T> at(Vec<T> grad, Vec<T> step) const {
    return multiply_add(grad, slope, multiply_add(step, tilt, level));
  }
};

template <class T, bool Relu>
void backward(const ChannelNormBackwardArgs<T>& args, const ChannelTable<T, 3>& table) {
  const int64_t channels = args.channels;
  const Parts parts(args.items * args.plane, 1, channels);
  const PartSums<T> sums{needs_sums(args) ? parts.count : 0, channels};
  const auto add_part = [&](int64_t first, int64_t rows, int64_t part) {
    sums.clear(part);
    each_block<T>(rows, channels, [&](int64_t row, int64_t count, int64_t c, int64_t left) {
      const Lines<T> lines = lines_of(table, c, left);
      sums.add(part, c,
               sum_of_rows<Sums<T>>(count,
                                    [&](int64_t r) {
                                      const int64_t at = (first + row + r) * channels + c;
                                      const Vec<T> x = load_partial(args.x + at, left);
                                      const Vec<T> grad =
                                          lines.template passed<Relu>(load_partial(args.grad + at, left), x);
                                      return Sums<T>{grad, grad * (x - lines.mean)};
                                    }),
               left);
    });
  };
  if (sums.parts > 0) parts.each(add_part);
  const ChannelTable<T, 3> planes{channels};
  find_planes(args, sums, planes);
  if (!args.grad_x) return;
  parts.each([&](int64_t first, int64_t rows, int64_t) {
    for (int64_t at = first * channels; at < (first + rows) * channels; at += channels)
      for (int64_t c = 0; c < channels; c += Vec<T>::kLanes) {
        const int64_t left = channels - c;
        const Lines<T> lines = lines_of(table, c, left);
        const Vec<T> x = reads_x<Relu>(args) ? load_partial(args.x + at + c, left) : Vec<T>(0);
        const Vec<T> g = lines.template passed<Relu>(load_partial(args.grad + at + c, left), x);
        store_partial(args.grad_x + at + c, Planes<T>(planes, c, left).at(g, step_of(args, x, lines.mean)),
                      left);
      }
  });
}

// -- the largest of each window of pool x pool pixels

// Lines of windows. What they leave over at the right and below is nobody's.
struct Windows {
  int64_t pool, height, width, across, down, lines;

  template <class Args>
  explicit Windows(const Args& args)
      : pool(args.pool),
        height(args.plane / args.width),
        width(args.width),
        across(width / pool),
        down(height / pool),
        lines(args.items * down) {}
  int64_t pixels_of_line() const { return pool * width; }
  // Its first pixel.
  int64_t pixel(int64_t line, int64_t window) const {
    return (line / down * height + line % down * pool) * width + window * pool;
  }
};

// The largest of some channels of a window, what it is made of, and which pixel of the window: the first of
// equals, the last that is no number.
template <class T>
struct Largest {
  Vec<T> y, x, place = 0;

  RUSHLIGHT_INLINE Largest(const Lines<T>& lines, const Windows& windows, const T* first, int64_t channels,
                           int64_t left)
      : x(load_partial(first, left)) {
    y = lines.template at<false>(x);
    for (int64_t i = 0; i < windows.pool; ++i)
      for (int64_t j = i == 0; j < windows.pool; ++j) {
        const Vec<T> other = load_partial(first + (i * windows.width + j) * channels, left);
        const Vec<T> value = lines.template at<false>(other);
        const auto larger = (value > y) | (value != value);
        y = select(larger, value, y);
        x = select(larger, other, x);
        place = select(larger, Vec<T>::splat(static_cast<T>(i * windows.pool + j)), place);
      }
  }
  template <bool Relu>
  RUSHLIGHT_INLINE Vec<T> passed(Vec<T> grad) const {
    return Relu ? select(y > Vec<T>(0), grad, Vec<T>(0)) : grad;
  }
};

template <class T, bool Relu>
void normalize_windows(const ChannelNormArgs<T>& args, const ChannelTable<T, 3>& table) {
  const Windows windows(args);
  const int64_t channels = args.channels;
  parallel_ranges(windows.lines, windows.pixels_of_line() * channels, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line)
      for (int64_t j = 0; j < windows.across; ++j)
        for (int64_t c = 0; c < channels; c += Vec<T>::kLanes) {
          const int64_t left = channels - c;
          const Lines<T> lines = lines_of(table, c, left);
          const Largest<T> most(lines, windows, args.x + windows.pixel(line, j) * channels + c, channels,
                                left);
          store_partial(args.y + (line * windows.across + j) * channels + c,
                        Relu ? max(most.y, Vec<T>(0)) : most.y, left);
        }
  });
}

// The gradient of one window's pixels: the one that made the largest takes it.
template <class T, bool Relu>
RUSHLIGHT_INLINE void give_window(const ChannelNormBackwardArgs<T>& args, const Windows& windows,
                                  const Lines<T>& lines, const Planes<T>& planes, int64_t first, Vec<T> grad,
                                  int64_t left) {
  const Largest<T> most(lines, windows, args.x + first, args.channels, left);
  grad = most.template passed<Relu>(grad);
  for (int64_t i = 0; i < windows.pool; ++i)
    for (int64_t j = 0; j < windows.pool; ++j) {
      const int64_t at = first + (i * windows.width + j) * args.channels;
      const Vec<T> x = load_partial(args.x + at, left);
      const auto taken = most.place == Vec<T>::splat(static_cast<T>(i * windows.pool + j));
      store_partial(args.grad_x + at, planes.at(select(taken, grad, Vec<T>(0)), step_of(args, x, lines.mean)),
                    left);
    }
}

// Of pixels that are in no window.
template <class T>
void give_rest(const ChannelNormBackwardArgs<T>& args, const ChannelTable<T, 3>& table,
               const ChannelTable<T, 3>& planes, int64_t first, int64_t last) {
  for (int64_t at = first * args.channels; at < last * args.channels; at += args.channels)
    for (int64_t c = 0; c < args.channels; c += Vec<T>::kLanes) {
      const int64_t left = args.channels - c;
      const Vec<T> step = step_of(args, load_partial(args.x + at + c, left), lines_of(table, c, left).mean);
      store_partial(args.grad_x + at + c, Planes<T>(planes, c, left).at(Vec<T>(0), step), left);
    }
}

template <class T, bool Relu>
void windows_backward(const ChannelNormBackwardArgs<T>& args, const ChannelTable<T, 3>& table) {
  const Windows windows(args);
  const int64_t channels = args.channels;
  const Parts parts(windows.lines, windows.pixels_of_line(), channels);
  const PartSums<T> sums{needs_sums(args) ? parts.count : 0, channels};
  const auto add_part = [&](int64_t first, int64_t count, int64_t part) {
    sums.clear(part);
    for (int64_t line = first; line < first + count; ++line)
      each_block<T>(windows.across, channels, [&](int64_t window, int64_t some, int64_t c, int64_t left) {
        const Lines<T> lines = lines_of(table, c, left);
        sums.add(part, c,
                 sum_of_rows<Sums<T>>(
                     some,
                     [&](int64_t j) {
                       const int64_t at = window + j;
                       const Largest<T> most(lines, windows, args.x + windows.pixel(line, at) * channels + c,
                                             channels, left);
                       const T* grads = args.grad + (line * windows.across + at) * channels + c;
                       const Vec<T> grad = most.template passed<Relu>(load_partial(grads, left));
                       return Sums<T>{grad, grad * (most.x - lines.mean)};
                     }),
                 left);
      });
  };
  if (sums.parts > 0) parts.each(add_part);
  const ChannelTable<T, 3> planes{channels};
  find_planes(args, sums, planes);
  if (!args.grad_x) return;
  parts.each([&](int64_t first, int64_t count, int64_t) {
    for (int64_t line = first; line < first + count; ++line) {
      for (int64_t j = 0; j < windows.across; ++j)
        for (int64_t c = 0; c < channels; c += Vec<T>::kLanes) {
          const int64_t left = channels - c;
          const Vec<T> grad = load_partial(args.grad + (line * windows.across + j) * channels + c, left);
          give_window<T, Relu>(args, windows, lines_of(table, c, left), Planes<T>(planes, c, left),
                               windows.pixel(line, j) * channels + c, grad, left);
        }
      const int64_t corner = windows.pixel(line, 0);
      for (int64_t i = 0; i < windows.pool; ++i)
        give_rest(args, table, planes, corner + i * windows.width + windows.across * windows.pool,
                  corner + (i + 1) * windows.width);
      if (line % windows.down == windows.down - 1)
        give_rest(args, table, planes, corner + windows.pool * windows.width,
                  corner + (windows.height - (windows.down - 1) * windows.pool) * windows.width);
    }
  });
}

}  // namespace

template <class T>
void normalize_pixels(const ChannelNormArgs<T>& args) {
  const ChannelTable<T, 3> table{args.channels};
  if (args.given_mean)
    for (int64_t c = 0; c < args.channels; ++c) set_line(table, c, given_statistics(args, c));
  else
    find_lines(args, table);
  with_relu(args.relu, [&]<bool Relu>() {
    args.pool > 1 ? normalize_windows<T, Relu>(args, table) : normalize<T, Relu>(args, table);
  });
}

template <class T>
void pixels_backward(const ChannelNormBackwardArgs<T>& args) {
  const ChannelTable<T, 3> table{args.channels};
  for (int64_t c = 0; c < args.channels; ++c) set_line(table, c, Line<T>::of(args, c));
  with_relu(args.relu, [&]<bool Relu>() {
    args.pool > 1 ? windows_backward<T, Relu>(args, table) : backward<T, Relu>(args, table);
  });
}

template void normalize_pixels(const ChannelNormArgs<float>&);
template void normalize_pixels(const ChannelNormArgs<double>&);
template void pixels_backward(const ChannelNormBackwardArgs<float>&);
template void pixels_backward(const ChannelNormBackwardArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
