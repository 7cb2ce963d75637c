// Serial pieces of a product with few rows, which reads B once: in place and in straight lines. Only for
// *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/gemm_block.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

constexpr int64_t kFewRows = kTileRows;

// Rows numbers of one column of C: A's rows, and B's column, lie without gaps along k. Several sums, so that no
// addition waits for another.
template <class T, int Rows>
[[gnu::noinline]] void multiply_columns(int64_t n, int64_t k, LeftMatrix<T> a, const T* b, int64_t b_col,
                                        const Destination<T>& to) {
  constexpr int lanes = Vec<T>::kLanes, kParts = Rows == 1 ? 4 : Rows == 2 ? 2 : 1;
  for (int64_t j = 0; j < n; ++j, b += b_col) {
    Vec<T> sum[kParts][Rows];
#pragma GCC unroll 8
    for (int s = 0; s < kParts; ++s)
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) sum[s][i] = 0;
    int64_t p = 0;
    for (; p + kParts * lanes <= k; p += kParts * lanes)
#pragma GCC unroll 8
      for (int s = 0; s < kParts; ++s) {
        const Vec<T> right = load(b + p + s * lanes);
#pragma GCC unroll 8
        for (int i = 0; i < Rows; ++i)
          sum[s][i] = multiply_add(load(a.data + i * a.row + p + s * lanes), right, sum[s][i]);
      }
    for (; p < k; p += lanes) {
      const Vec<T> right = load_partial(b + p, k - p);
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i)
        sum[0][i] = multiply_add(load_partial(a.data + i * a.row + p, k - p), right, sum[0][i]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
      for (int s = 1; s < kParts; ++s) sum[0][i] += sum[s][i];
      finish(to, i, j, Vec<T>::splat(sum_of_lanes(sum[0][i])), 1);
    }
  }
}

template <class T>
using ColumnsFunction = void (*)(int64_t, int64_t, LeftMatrix<T>, const T*, int64_t, const Destination<T>&);
template <class T>
constexpr ColumnsFunction<T> kColumnsOfRows[kFewRows] = {multiply_columns<T, 1>, multiply_columns<T, 2>,
                                                         multiply_columns<T, 3>, multiply_columns<T, 4>,
                                                         multiply_columns<T, 5>, multiply_columns<T, 6>};

// C (m x n, m <= kFewRows) from B's columns, without gaps along k as A's rows are.
template <class T>
void multiply_by_columns(int64_t m, int64_t n, int64_t k, LeftMatrix<T> a, const T* b, int64_t b_col,
                         const Destination<T>& to) {
  kColumnsOfRows<T>[m - 1](n, k, a, b, b_col, to);
}

// c += left[0] right[0] + ..., each of them a row of n numbers.
template <class T, int Together>
RUSHLIGHT_INLINE void add_rows(int64_t n, LeftMatrix<T> a, const T* b, int64_t b_row, T* c) {
  Vec<T> left[Together];
#pragma GCC unroll 4
  for (int s = 0; s < Together; ++s) left[s] = Vec<T>::splat(a.at(0, s).data[0]);
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) {
    Vec<T> sum = load_partial(c + j, n - j);
#pragma GCC unroll 4
    for (int s = 0; s < Together; ++s)
      sum = multiply_add(left[s], load_partial(b + s * b_row + j, n - j), sum);
    store_partial(c + j, sum, n - j);
  }
}

// C (m x n) = A B from B's rows, which have no gaps, some at a time. Blocks of C stay in L1.
template <class T>
void multiply_by_rows(int64_t m, int64_t n, int64_t k, LeftMatrix<T> a, const T* b, int64_t b_row, T* c,
                      int64_t c_row) {
  constexpr int64_t kBlock = 4096, kTogether = 4;
  __builtin_memset(c, 0, static_cast<size_t>(m * c_row) * sizeof(T));
  for (int64_t j = 0; j < n; j += kBlock) {
    const int64_t cols = smaller(kBlock, n - j);
    int64_t p = 0;
    for (; p + kTogether <= k; p += kTogether)
      for (int64_t i = 0; i < m; ++i)
        add_rows<T, kTogether>(cols, a.at(i, p), b + p * b_row + j, b_row, c + i * c_row + j);
    for (; p < k; ++p)
      for (int64_t i = 0; i < m; ++i)
        add_rows<T, 1>(cols, a.at(i, p), b + p * b_row + j, b_row, c + i * c_row + j);
  }
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
