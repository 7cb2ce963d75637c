// What a matrix product, and the gradients of a linear layer, need to know.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// C = A B (+ C) (+ bias) (+ residual) for each of `batch` products; A is m x k, B is k x n, C is m x n.
// Strides count elements. A transposed operand is one with its strides swapped; C's columns lie side by side.
// From product to product the operands move on by `a_batch` ...; every `run` products they start anew at
// multiples of `a_run` and `b_run` (0: never).
// C may be the residual, but overlaps no other operand. Bits depend on the shapes and strides, not on the
// thread count nor on where operands begin.
template <class T>
struct GemmArgs {
  int64_t m = 0, n = 0, k = 0;
  const T* a = nullptr;
  int64_t a_row = 0, a_col = 1;
  const T* b = nullptr;
  int64_t b_row = 0, b_col = 1;
  T* c = nullptr;
  int64_t c_row = 0;
  bool accumulate = false;      // onto what C holds
  const T* bias = nullptr;      // n numbers, one for each column
  const T* residual = nullptr;  // m x n, columns side by side
  int64_t residual_row = 0;
  int64_t batch = 1, a_batch = 0, b_batch = 0, c_batch = 0, residual_batch = 0;
  int64_t run = 0, a_run = 0, b_run = 0;
};

// The gradients of y = x W^T + b, of which some may be null and are not wanted then: of x it is g W, of W it
// is g^T x, of b the sums of g's columns. All matrices but W are rows without gaps.
template <class T>
struct LinearGradientsArgs {
  int64_t rows = 0, features = 0, outputs = 0;
  const T* g = nullptr;       // rows x outputs
  const T* x = nullptr;       // rows x features
  const T* weight = nullptr;  // outputs x features
  int64_t weight_row = 0, weight_col = 1;
  T* grad_x = nullptr;
  T* grad_weight = nullptr;
  T* grad_bias = nullptr;
};

}  // namespace rushlight::cpu
