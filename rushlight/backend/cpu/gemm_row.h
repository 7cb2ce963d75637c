// Serial pieces of a row times a matrix, which read the matrix in place and in straight lines. Only for
// *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/gemm_block.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// Sums that no addition has to wait for.
constexpr int kRowSums = 4;

// The sum of the products of two rows of k numbers.
template <class T>
RUSHLIGHT_INLINE T dot_product(int64_t k, const T* a, const T* b) {
  constexpr int lanes = Vec<T>::kLanes;
  Vec<T> sum[kRowSums] = {0, 0, 0, 0};
  int64_t p = 0;
  for (; p + kRowSums * lanes <= k; p += kRowSums * lanes)
#pragma GCC unroll 4
    for (int s = 0; s < kRowSums; ++s)
      sum[s] = multiply_add(load(a + p + s * lanes), load(b + p + s * lanes), sum[s]);
  for (; p < k; p += lanes)
    sum[0] = multiply_add(load_partial(a + p, k - p), load_partial(b + p, k - p), sum[0]);
  return sum_of_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// C (1 x n) from B's columns, which have no gaps along k as A has none.
template <class T>
void multiply_by_columns(int64_t n, int64_t k, const T* a, const T* b, int64_t b_col,
                         const Destination<T>& to) {
  for (int64_t j = 0; j < n; ++j, b += b_col) finish(to, 0, j, Vec<T>::splat(dot_product(k, a, b)), 1);
}

// c += a[0] b[0] + ..., each b a row of n numbers.
template <class T, int Rows>
RUSHLIGHT_INLINE void add_rows(int64_t n, LeftMatrix<T> a, const T* b, int64_t b_row, T* c) {
  Vec<T> left[Rows];
#pragma GCC unroll 4
  for (int s = 0; s < Rows; ++s) left[s] = Vec<T>::splat(a.at(0, s).data[0]);
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) {
    Vec<T> sum = load_partial(c + j, n - j);
#pragma GCC unroll 4
    for (int s = 0; s < Rows; ++s) sum = multiply_add(left[s], load_partial(b + s * b_row + j, n - j), sum);
    store_partial(c + j, sum, n - j);
  }
}

// C (1 x n) from B's rows, which have no gaps, some at a time. A block of C stays in L1.
template <class T>
void multiply_by_rows(int64_t n, int64_t k, LeftMatrix<T> a, const T* b, int64_t b_row, T* c) {
  constexpr int64_t kBlock = 4096, kRows = 4;
  __builtin_memset(c, 0, static_cast<size_t>(n) * sizeof(T));
  for (int64_t j = 0; j < n; j += kBlock) {
    const int64_t cols = smaller(kBlock, n - j);
    int64_t p = 0;
    for (; p + kRows <= k; p += kRows) add_rows<T, kRows>(cols, a.at(0, p), b + p * b_row + j, b_row, c + j);
    for (; p < k; ++p) add_rows<T, 1>(cols, a.at(0, p), b + p * b_row + j, b_row, c + j);
  }
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
