// What the positions of a convolution meet, as it lies in memory: the channels of a pixel side by side, zeros
// around the image. What one position meets under one row of the kernel is then a run of numbers, and the
// next position's run begins some pixels further on: rows of a matrix that overlap, which a product reads in
// place. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/gemm_block.h"
#include "rushlight/backend/cpu/turn_pixels.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

template <class T>
constexpr size_t bytes_of(int64_t numbers) {
  return static_cast<size_t>(numbers) * sizeof(T);
}

// Whether a group has enough output channels.
constexpr bool channels_fill_vectors(int64_t groups, int64_t out_channels) {
  return groups == 1 || out_channels >= 8;
}

// Numbers multiplied one after the other, and where they begin.
struct Run {
  int64_t at, count;
};

// Rows of a left operand, each of several runs, whose numbers lie `col` apart.
template <class T>
struct Runs {
  const Run *begin, *end;
  const T* data;
  int64_t col;
};

// Where such a row begins, and its row of the result.
struct Place {
  int64_t left, result;
};

// A tile's sums of `count` products more, its rows of A lying anywhere.
template <class T, int Rows, int Vectors>
RUSHLIGHT_INLINE void add_row_products(Vec<T> (&sum)[Rows][Vectors], int64_t count,
                                       const T* const (&rows)[Rows], int64_t col, const T* b) {
  for (int64_t at = 0; at != count * col; at += col, b += kPanelCols<T>) {
    Vec<T> right[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) right[v] = load(b + v * Vec<T>::kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      const Vec<T> left = Vec<T>::splat(rows[i][at]);
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) sum[i][v] = multiply_add(left, right[v], sum[i][v]);
    }
  }
}

// Tiles of rows one after the other; b holds the runs' rows of one panel of columns one after the other.
template <class T, int Rows, int Vectors>
[[gnu::noinline]] void multiply_run_column(int64_t count, const Place* places, const Runs<T>& left,
                                           const T* b, const Destination<T>& to, int64_t cols) {
  for (const Place* tile = places; tile != places + count * Rows; tile += Rows) {
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) ask_for_tile<1, Vectors>(Destination<T>{to.data + tile[i].result, 0});
    Vec<T> sum[Rows][Vectors];
    clear_tile(sum);
    const T* panel = b;
    for (const Run* run = left.begin; run != left.end; ++run) {
      const T* rows[Rows];
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) rows[i] = left.data + tile[i].left + run->at;
      add_row_products(sum, run->count, rows, left.col, panel);
      panel += run->count * kPanelCols<T>;
    }
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      const Destination<T> row{to.data + tile[i].result, 0, to.accumulate, to.bias};
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v)
        finish(row, 0, v * Vec<T>::kLanes, sum[i][v], cols - v * Vec<T>::kLanes);
    }
  }
}

template <class T>
using RunColumnFunction = void (*)(int64_t, const Place*, const Runs<T>&, const T*, const Destination<T>&,
                                   int64_t);

template <class T, int Vectors>
constexpr RunColumnFunction<T> kRunColumns[kTileRows] = {
    multiply_run_column<T, 1, Vectors>, multiply_run_column<T, 2, Vectors>,
    multiply_run_column<T, 3, Vectors>, multiply_run_column<T, 4, Vectors>,
    multiply_run_column<T, 5, Vectors>, multiply_run_column<T, 6, Vectors>};

// `count` rows of one panel of columns.
template <class T>
RUSHLIGHT_INLINE void multiply_runs(int64_t count, const Place* places, int64_t cols, const Runs<T>& left,
                                    const T* b, const Destination<T>& to) {
  const RunColumnFunction<T>* columns = cols > Vec<T>::kLanes ? kRunColumns<T, 2> : kRunColumns<T, 1>;
  for (int64_t i = 0; i < count;) {
    const int rows = next_tile_rows(count - i);
    const int64_t tiles = tiles_of_this_height(count - i);
    columns[rows - 1](tiles, places + i, left, b, to, cols);
    i += tiles * rows;
  }
}

// How the field of some rows of positions lies; the same for every image, group and row.
struct Field {
  SlideAxis d, h, w;  // taps rising
  int64_t channels;
  bool in_place;     // the image itself will do
  int64_t row_step;  // of the image's rows every so many-th is held
  int64_t rows, width;
  int64_t pixel, row, plane;  // strides

  // For `lines` rows of positions in one plane of them, of a group of `channels`.
  Field(const Slide& slide, const ImageOrder& order, int64_t channels, int64_t lines)
      : d(slide.axis[0].rising()), h(slide.axis[1].rising()), w(slide.axis[2].rising()), channels(channels) {
    in_place = order.channel == 1 && is_inside(d) && is_inside(h) && is_inside(w);
    row_step = h.taps == 1 && !in_place ? h.step : 1;
    rows = clamped(ceil_div(h.reach(lines), row_step), 0, h.reach(lines));
    width = w.positions > 0 && w.taps > 0 ? w.reach(w.positions) : 0;
    pixel = in_place ? order.pixel : channels;
    row = (in_place ? w.image : width) * pixel;
    plane = (in_place ? h.image : rows) * row;
  }
  static bool is_inside(const SlideAxis& a) {
    return a.first >= 0 && a.first + a.reach(a.positions) <= a.image;
  }

  // At least as many numbers as the field of `lines` rows of positions holds; they need not fit 64 bits.
  static double numbers(const Slide& slide, int64_t channels, int64_t lines) {
    const SlideAxis d = slide.axis[0], h = slide.axis[1].rising(), w = slide.axis[2].rising();
    return static_cast<double>(d.taps) * static_cast<double>(h.reach(lines)) *
           static_cast<double>(w.reach(w.positions)) * static_cast<double>(channels);
  }
  int64_t size() const { return d.taps * plane; }
  int64_t line_step() const { return h.step / row_step * row; }
  int64_t position_step() const { return w.step * pixel; }

  // The kernel's rows meet runs of so many numbers, or each tap one.
  bool taps_join() const { return pixel == channels && w.apart == 1; }
  int64_t run_length() const { return taps_join() ? w.taps * channels : channels; }
  int64_t runs() const { return d.taps * h.taps * (taps_join() ? 1 : w.taps); }
  int64_t depth() const { return d.taps * h.taps * w.taps * channels; }
  // Run i begins here, counted from a position's first element.
  int64_t run_at(int64_t i) const {
    const int64_t per_line = taps_join() ? 1 : w.taps;
    const int64_t tw = i % per_line, th = i / per_line % h.taps, td = i / per_line / h.taps;
    return td * (in_place ? d.apart : 1) * plane + th * h.apart / row_step * row + tw * w.apart * pixel;
  }

  // The field of rows [line, line + lines) of plane z of positions: in place, or written to `out`. x is the
  // first channel of the group in the image.
  template <class T>
  const T* make(const T* x, const ImageOrder& order, int64_t z, int64_t line, int64_t lines, T* out) const {
    const int64_t top = line * h.step + h.first, front = z * d.step + d.first;
    if (in_place) return x + front * plane + top * row + w.first * pixel;
    const int64_t held = ceil_div(h.reach(lines), row_step);
    for (int64_t td = 0; td < d.taps; ++td) {
      const int64_t depth = front + td * d.apart;
      const bool outside = depth < 0 || depth >= d.image;
      const T* from = x + depth * h.image * w.image * order.pixel;
      T* to = out + td * plane;
      if (outside)
        clear(to, held * row);
      else
        take_rows(from, order, top, held, to);
    }
    return out;
  }

 private:
  template <class T>
  static void clear(T* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = 0;
  }

  template <class T>
  void take_rows(const T* x, const ImageOrder& order, int64_t top, int64_t held, T* to) const {
    const int64_t left = clamped(-w.first, 0, width), right = clamped(w.image - w.first, left, width);
    const bool whole = w.first == 0 && width == w.image && row_step == 1;
    for (int64_t r = 0; r < held;) {
      const int64_t y = top + r * row_step;
      T* out = to + r * row;
      if (y < 0 || y >= h.image) {
        clear(out, row);
        ++r;
        continue;
      }
      const int64_t lines = whole ? smaller(held - r, h.image - y) : 1;
      clear(out, left * pixel);
      take_pixels(x + (y * w.image + w.first + left) * order.pixel, order, channels, lines * (right - left),
                  out + left * pixel, pixel);
      clear(out + right * pixel, (width - right) * pixel);
      r += lines;
    }
  }
};

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
