// Serial pieces of a matrix product: the register tile, panels of B, blocks of tiles. Only for *.isa.cpp
// files.
#pragma once

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// A tile's accumulators, one row of B and one number of A fill the 16 registers of AVX2: 6 x 2 + 2 + 1.
constexpr int kTileRows = 6;
template <class T>
constexpr int64_t kPanelCols = 2 * Vec<T>::kLanes;

template <class T>
struct LeftMatrix {
  const T* data;
  int64_t row, col;
  RUSHLIGHT_INLINE LeftMatrix at(int64_t i, int64_t p) const { return {data + i * row + p * col, row, col}; }
};

// The right operand, cut into panels of kPanelCols columns. The last can be read as far as vectors that hold
// wanted columns reach.
template <class T>
struct Panels {
  const T* data;
  int64_t panel, row;  // strides
  RUSHLIGHT_INLINE Panels at(int64_t p, int64_t j) const {
    return {data + p * row + j / kPanelCols<T> * panel, panel, row};
  }
};

// Where the product goes, and what is added to it on the way.
template <class T>
struct Destination {
  T* data;
  int64_t row;
  bool accumulate = false;
  const T* bias = nullptr;
  const T* residual = nullptr;
  int64_t residual_row = 0;
  RUSHLIGHT_INLINE Destination at(int64_t i, int64_t j) const {
    return {data + i * row + j,
            row,
            accumulate,
            bias ? bias + j : nullptr,
            residual ? residual + i * residual_row + j : nullptr,
            residual_row};
  }
};

// How many rows to take next of those that remain: no thin tile at the end (7 = 4 + 3, not 6 + 1).
constexpr int next_tile_rows(int64_t remaining) {
  if (remaining >= 2 * kTileRows || remaining <= kTileRows)
    return static_cast<int>(smaller(remaining, kTileRows));
  return static_cast<int>((remaining + 1) / 2);
}

constexpr int64_t tiles_of_this_height(int64_t remaining) {
  if (remaining % kTileRows == 0) return remaining / kTileRows;
  return remaining >= 2 * kTileRows ? remaining / kTileRows - 1 : 1;
}

// One vector of a product on its way to C, of which only the first `cols` lanes may be columns of C.
template <class T>
RUSHLIGHT_INLINE void finish(const Destination<T>& to, int64_t i, int64_t j, Vec<T> sum, int64_t cols) {
  T* c = to.data + i * to.row + j;
  if (to.accumulate) sum += load_partial(c, cols);
  if (to.bias) sum += load_partial(to.bias + j, cols);
  if (to.residual) sum += load_partial(to.residual + i * to.residual_row + j, cols);
  store_partial(c, sum, cols);
}

// A whole tile at once: each question is asked once.
template <class T, int Rows, int Vectors>
RUSHLIGHT_INLINE void finish_tile(const Destination<T>& to, Vec<T> (&sum)[Rows][Vectors]) {
  const auto add = [&](const T* from, int64_t row) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) sum[i][v] += load(from + i * row + v * Vec<T>::kLanes);
  };
  if (to.accumulate) add(to.data, to.row);
  if (to.bias) add(to.bias, 0);
  if (to.residual) add(to.residual, to.residual_row);
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) store(to.data + i * to.row + v * Vec<T>::kLanes, sum[i][v]);
}

// Before the sums are made, so that memory is there when they are.
template <int Rows, int Vectors, class T>
RUSHLIGHT_INLINE void ask_for_tile(const Destination<T>& to) {
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) __builtin_prefetch(to.data + i * to.row + v * Vec<T>::kLanes);
  if (!to.residual) return;
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v)
      __builtin_prefetch(to.residual + i * to.residual_row + v * Vec<T>::kLanes);
}

template <class T, int Rows, int Vectors>
RUSHLIGHT_INLINE void clear_tile(Vec<T> (&sum)[Rows][Vectors]) {
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) sum[i][v] = 0;
}

// A tile's sums of k products more.
template <class T, int Rows, int Vectors>
RUSHLIGHT_INLINE void add_products(Vec<T> (&sum)[Rows][Vectors], int64_t k, LeftMatrix<T> a, const T* b,
                                   int64_t b_row) {
  for (int64_t p = 0; p < k; ++p) {
    Vec<T> right[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) right[v] = load(b + v * Vec<T>::kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      const Vec<T> left = Vec<T>::splat(a.data[i * a.row]);
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) sum[i][v] = multiply_add(left, right[v], sum[i][v]);
    }
    a.data += a.col;
    b += b_row;
  }
}

// cols may end inside the last of the Vectors.
template <class T, int Rows, int Vectors>
RUSHLIGHT_INLINE void finish_columns(const Destination<T>& to, Vec<T> (&sum)[Rows][Vectors], int64_t cols) {
  if (cols == Vectors * Vec<T>::kLanes) return finish_tile(to, sum);
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) finish(to, i, v * Vec<T>::kLanes, sum[i][v], cols - v * Vec<T>::kLanes);
}

// Rows x cols of C in registers, over all k.
template <class T, int Rows, int Vectors>
RUSHLIGHT_INLINE void multiply_tile(int64_t k, LeftMatrix<T> a, const T* b, int64_t b_row,
                                    const Destination<T>& to, int64_t cols) {
  ask_for_tile<Rows, Vectors>(to);
  Vec<T> sum[Rows][Vectors];
  clear_tile(sum);
  add_products(sum, k, a, b, b_row);
  finish_columns(to, sum, cols);
}

// `count` tiles one below the other; `step` leads from one tile of A to the next. (What has more than two
// words goes by reference: on the stack, its pieces would be written in one width and copied in another, and
// wait.)
template <class T, int Rows, int Vectors>
[[gnu::noinline]] void multiply_column(int64_t count, int64_t k, const LeftMatrix<T>& first, int64_t step,
                                       const T* b, int64_t b_row, const Destination<T>& to, int64_t cols) {
  LeftMatrix<T> a = first;
  Destination<T> tile = to;
  for (int64_t i = 0; i < count; ++i) {
    multiply_tile<T, Rows, Vectors>(k, a, b, b_row, tile, cols);
    a.data += step;
    tile.data += Rows * to.row;
    if (to.residual) tile.residual += Rows * to.residual_row;
  }
}

template <class T>
using ColumnFunction = void (*)(int64_t, int64_t, const LeftMatrix<T>&, int64_t, const T*, int64_t,
                                const Destination<T>&, int64_t);

template <class T, int Vectors>
constexpr ColumnFunction<T> kColumns[kTileRows] = {
    multiply_column<T, 1, Vectors>, multiply_column<T, 2, Vectors>, multiply_column<T, 3, Vectors>,
    multiply_column<T, 4, Vectors>, multiply_column<T, 5, Vectors>, multiply_column<T, 6, Vectors>};

// C (m x n) from tiles. One panel of B stays in L1 while A's rows pass by. tile_of(i, rows) is the tile of A
// that begins in row i; the tiles of one height lie rows * step apart.
template <class T, class TileOf>
RUSHLIGHT_INLINE void multiply_tiles(int64_t m, int64_t n, int64_t k, TileOf tile_of, int64_t step,
                                     Panels<T> b, const Destination<T>& to) {
  for (int64_t j = 0; j < n; j += kPanelCols<T>) {
    const T* panel = b.at(0, j).data;
    const int64_t cols = smaller(n - j, kPanelCols<T>);
    const ColumnFunction<T>* columns = cols > Vec<T>::kLanes ? kColumns<T, 2> : kColumns<T, 1>;
    for (int64_t i = 0; i < m;) {
      const int rows = next_tile_rows(m - i);
      const int64_t count = tiles_of_this_height(m - i);
      columns[rows - 1](count, k, tile_of(i, rows), rows * step, panel, b.row, to.at(i, j), cols);
      i += count * rows;
    }
  }
}

// A in place. Few rows at a time, so that they stay in L1 while the panels pass by, and a panel for as long.
template <class T>
void multiply_block(int64_t m, int64_t n, int64_t k, LeftMatrix<T> a, Panels<T> b, const Destination<T>& to) {
  constexpr int64_t kPassBytes = 8192;
  const int64_t fitting = kPassBytes / static_cast<int64_t>(sizeof(T)) / (k + 1) / kTileRows;
  const int64_t rows = clamped(fitting, 4, 20) * kTileRows;
  for (int64_t i = 0; i < m; i += rows)
    multiply_tiles(
        smaller(rows, m - i), n, k, [&](int64_t r, int) { return a.at(i + r, 0); }, a.row, b, to.at(i, 0));
}

// The same with packed A: tile after tile, each column by column (pack_left).
template <class T>
void multiply_packed_block(int64_t m, int64_t n, int64_t k, const T* a, Panels<T> b,
                           const Destination<T>& to) {
  multiply_tiles(m, n, k, [&](int64_t i, int rows) { return LeftMatrix<T>{a + i * k, 1, rows}; }, k, b, to);
}

// A as tiles one after the other, each column by column.
template <class T>
void pack_left(int64_t m, int64_t k, LeftMatrix<T> a, T* out) {
  for (int64_t i = 0; i < m;) {
    const int rows = next_tile_rows(m - i);
    const T* from = a.data + i * a.row;
    if (a.row == 1 && rows == kTileRows)
      for (int64_t p = 0; p < k; ++p)
        __builtin_memcpy(out + p * kTileRows, from + p * a.col, kTileRows * sizeof(T));
    else
      for (int r = 0; r < rows; ++r)
        for (int64_t p = 0; p < k; ++p) out[p * rows + r] = from[r * a.row + p * a.col];
    out += rows * k;
    i += rows;
  }
}

// kLanes columns of B that lie side by side in memory (b_row == 1) become kLanes numbers of each packed row.
template <class T>
RUSHLIGHT_INLINE void pack_transposed(int64_t k, int64_t cols, const T* b, int64_t b_col, T* out) {
  constexpr int lanes = Vec<T>::kLanes;
  for (int64_t p = 0; p < k; p += lanes) {
    const int64_t depth = smaller(k - p, lanes);
    Vec<T> square[lanes];
#pragma GCC unroll 16
    for (int j = 0; j < lanes; ++j)
      square[j] = j >= cols        ? Vec<T>(0)
                  : depth == lanes ? load(b + j * b_col + p)
                                   : load_partial(b + j * b_col + p, depth);
    transpose<lanes / 2>(square);
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i)
      if (i < depth) store(out + (p + i) * kPanelCols<T>, square[i]);
  }
}

// Packs B's columns [0, n), n <= kPanelCols, as one panel: k rows of kPanelCols numbers, zeros after column
// n.
template <class T>
void pack_panel(int64_t k, int64_t n, const T* b, int64_t b_row, int64_t b_col, T* out) {
  constexpr int lanes = Vec<T>::kLanes;
  if (b_row == 1) {
    pack_transposed(k, n, b, b_col, out);
    pack_transposed(k, n - lanes, b + lanes * b_col, b_col, out + lanes);
  } else if (b_col == 1) {
    constexpr int64_t kAhead = 16;  // rows often lie too far apart for the machine to foresee them
    for (int64_t p = 0; p < k; ++p)
      for (int v = 0; v < 2; ++v) {
        __builtin_prefetch(b + smaller(p + kAhead, k - 1) * b_row + v * lanes);
        store(out + p * kPanelCols<T> + v * lanes, load_partial(b + p * b_row + v * lanes, n - v * lanes));
      }
  } else {
    for (int64_t p = 0; p < k; ++p)
      for (int64_t j = 0; j < kPanelCols<T>; ++j)
        out[p * kPanelCols<T> + j] = j < n ? b[p * b_row + j * b_col] : T(0);
  }
}

template <class T>
Panels<T> pack_panels(int64_t k, int64_t n, const T* b, int64_t b_row, int64_t b_col, T* out) {
  for (int64_t j = 0; j < n; j += kPanelCols<T>)
    pack_panel(k, smaller(n - j, kPanelCols<T>), b + j * b_col, b_row, b_col, out + j * k);
  return {out, k * kPanelCols<T>, kPanelCols<T>};
}

template <class T>
size_t packed_bytes(int64_t n, int64_t k) {
  return static_cast<size_t>(round_up(n, kPanelCols<T>) * k) * sizeof(T);
}

// The first `whole` columns of B, full panels whose rows lie in memory, are read there; the rest is packed.
template <class T>
void multiply_in_place(int64_t m, int64_t n, int64_t whole, int64_t k, LeftMatrix<T> a, const T* b,
                       int64_t b_row, int64_t b_col, T* packed, const Destination<T>& to) {
  if (whole) multiply_block(m, whole, k, a, Panels<T>{b, kPanelCols<T>, b_row}, to);
  if (whole == n) return;
  const Panels<T> rest = pack_panels(k, n - whole, b + whole * b_col, b_row, b_col, packed);
  multiply_block(m, n - whole, k, a, rest, to.at(0, whole));
}

// A row of C, or a piece of one, from `count` partial sums that lie `stride` apart.
template <class T>
void add_up(int64_t cols, const T* partial, int64_t count, int64_t stride, const Destination<T>& to) {
  for (int64_t j = 0; j < cols; j += Vec<T>::kLanes) {
    Vec<T> sum = load(partial + j);
    for (int64_t part = 1; part < count; ++part) sum += load(partial + part * stride + j);
    finish(to, 0, j, sum, smaller(cols - j, Vec<T>::kLanes));
  }
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
