// A block of a product whose operands come from memory, A with its columns in lines, as in the gradient of a
// weight. What it reads of a row is short and the rows lie pages apart, so the machine does not foresee them:
// both operands are packed, and what is packed next is asked for while tiles are multiplied. Only for
// *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/gemm.h"
#include "rushlight/backend/cpu/gemm_block.h"
#include "rushlight/backend/cpu/scratch.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// So few rows that packing B for them does not pay.
constexpr int64_t kFewRows = 4 * kTileRows;

// Rows of a block: its packed A, and what of A is asked for meanwhile, fit L2.
constexpr int64_t kStreamedRows = 288;
static_assert(kStreamedRows % kTileRows == 0);

// Whether A's columns lie in memory and the operands together are too large for the caches; C large enough
// for packing them to pay.
template <class T>
bool is_streamed(const GemmArgs<T>& g) {
  constexpr int64_t kCached = (4 << 20) / sizeof(T), kLeastCols = 6 * kPanelCols<T>;
  return g.a_row == 1 && g.b_col == 1 && g.a_col > 1 && g.m > kFewRows && g.n >= kLeastCols &&
         (g.m + g.n) * g.k >= kCached;
}

// Rows of a matrix that will be needed soon, asked for a few lines of the cache at a time.
template <class T>
class RowsAhead {
 public:
  // All of them in `turns` turns.
  RowsAhead(const T* data, int64_t row, int64_t rows, int64_t cols, int64_t turns)
      : data_(data),
        row_(row),
        lines_of_row_(ceil_div(place_in_line(data) + cols, kLine)),
        rest_(rows * lines_of_row_),
        turn_(ceil_div(rest_, turns)) {}
  RUSHLIGHT_INLINE void ask() {
    const int64_t count = smaller(turn_, rest_);
    rest_ -= count;
    for (int64_t i = 0; i < count; ++i) {
      __builtin_prefetch(data_ + line_ * kLine, 0, 2);
      if (++line_ < lines_of_row_) continue;
      line_ = 0;
      data_ += row_;
    }
  }

 private:
  static constexpr int64_t kLine = 64 / sizeof(T);
  static int64_t place_in_line(const T* data) {
    return static_cast<int64_t>(reinterpret_cast<uintptr_t>(data) / sizeof(T)) % kLine;
  }
  const T* data_;
  int64_t row_, lines_of_row_, rest_, turn_, line_ = 0;
};

// Rows [i, i + m) and columns [j, j + n) of C, `depth` numbers of their sums at a time.
template <class T>
class StreamedBlock {
 public:
  StreamedBlock(const GemmArgs<T>& g, const Destination<T>& to, int64_t depth, int64_t i, int64_t m,
                int64_t j, int64_t n)
      : g_(g), to_(to.at(i, j)), depth_(depth), i_(i), m_(m), j_(j), n_(n) {}
  // (Inlined, it would slow small products down, whose code stands beside it.)
  [[gnu::noinline]] void multiply() {
    for (int64_t p = 0; p < g_.k; p += depth_) multiply_depth(p, rows_from(p));
  }

 private:
  static constexpr int64_t kCols = kPanelCols<T>;

  // How many rows of B, and columns of A, are taken next from p on.
  int64_t rows_from(int64_t p) const { return clamped(g_.k - p, 0, depth_); }
  const T* left(int64_t p) const { return g_.a + i_ * g_.a_row + p * g_.a_col; }
  const T* right(int64_t p, int64_t c) const { return g_.b + p * g_.b_row + (j_ + c) * g_.b_col; }
  int64_t tiles() const { return ceil_div(m_, kTileRows); }

  // The panel after that of column c.
  RowsAhead<T> next_panel(int64_t p, int64_t c) const {
    if (c + kCols >= n_) p += depth_, c = -kCols;
    return {right(p, c + kCols), g_.b_row, rows_from(p), smaller(n_ - c - kCols, kCols), tiles()};
  }

  void multiply_depth(int64_t p, int64_t k) {
    pack_left(m_, k, LeftMatrix<T>{left(p), g_.a_row, g_.a_col}, left_);
    RowsAhead<T> next_left(left(p + depth_), g_.a_col, rows_from(p + depth_), m_,
                           tiles() * ceil_div(n_, kCols));
    const Destination<T> to = p == 0 ? to_ : Destination<T>{to_.data, to_.row, true};
    for (int64_t c = 0; c < n_; c += kCols) {
      const int64_t cols = smaller(n_ - c, kCols);
      pack_panel(k, cols, right(p, c), g_.b_row, g_.b_col, panel_);
      multiply_panel(k, cols, to.at(0, c), next_panel(p, c), next_left);
    }
  }

  // Tile by tile, and between two of them some lines of the next panel are asked for, and of the A whose turn
  // comes after all panels.
  void multiply_panel(int64_t k, int64_t cols, const Destination<T>& to, RowsAhead<T> next_panel,
                      RowsAhead<T>& next_left) {
    const Panels<T> panel{panel_, 0, kCols};
    for (int64_t r = 0; r < m_;) {
      next_panel.ask();
      next_left.ask();
      const int rows = next_tile_rows(m_ - r);
      multiply_packed_block(rows, cols, k, left_ + r * k, panel, to.at(r, 0));
      r += rows;
    }
  }

  const GemmArgs<T>& g_;
  Destination<T> to_;
  int64_t depth_, i_, m_, j_, n_;
  Scratch memory_{static_cast<size_t>((kCols + m_) * depth_) * sizeof(T)};
  T* panel_ = static_cast<T*>(memory_.data());
  T* left_ = panel_ + kCols * depth_;
};

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
