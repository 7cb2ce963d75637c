// What normalisation, softmax and cross-entropy need to know. All work on `rows` rows of `n` numbers side by
// side.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// y = (x - mean) / sqrt(variance + eps) * weight + bias; weight and bias may be null.
template <class T>
struct LayerNormArgs {
  int64_t rows = 0, n = 0;
  double eps = 1e-5;
  const T *x = nullptr, *weight = nullptr, *bias = nullptr;
  T* y = nullptr;
  T *mean = nullptr, *rstd = nullptr;  // one for each row
};

// Gradients that are null are not computed. grad_x may be `grad`.
template <class T>
struct LayerNormBackwardArgs {
  int64_t rows = 0, n = 0;
  const T *x = nullptr, *weight = nullptr, *mean = nullptr, *rstd = nullptr, *grad = nullptr;
  T *grad_x = nullptr, *grad_weight = nullptr, *grad_bias = nullptr;
};

// y = softmax(x) or, if `log`, its logarithm. y may be x.
template <class T>
struct SoftmaxArgs {
  int64_t rows = 0, n = 0;
  bool log = false;
  const T* x = nullptr;
  T* y = nullptr;
};

// From y, the result of the forward call. grad_x may be `grad`.
template <class T>
struct SoftmaxBackwardArgs {
  int64_t rows = 0, n = 0;
  bool log = false;
  const T *y = nullptr, *grad = nullptr;
  T* grad_x = nullptr;
};

// loss = sum or, if `mean`, mean over the rows whose target is not `ignored`, of logsumexp(logits) -
// logits[target].
template <class T>
struct CrossEntropyArgs {
  int64_t rows = 0, n = 0;
  bool mean = true;
  int64_t ignored = -100;
  const T* logits = nullptr;
  const int64_t* targets = nullptr;
  T* loss = nullptr;       // one number
  T* logsumexp = nullptr;  // one for each row, for backward
};

// grad_logits = (softmax(logits) - onehot(target)) * grad, from the logsumexp of the forward call.
template <class T>
struct CrossEntropyBackwardArgs {
  CrossEntropyArgs<T> forward;
  const T* grad = nullptr;  // one number
  T* grad_logits = nullptr;
};

}  // namespace rushlight::cpu
