// What normalisation, softmax and cross-entropy need to know. All work on `rows` rows of `n` numbers side by
// side.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// y = (x - mean) / sqrt(variance + eps) * weight + bias; weight and bias may be null. Without a place for the
// means it is rms_norm: nothing is taken away, and the variance is the mean of the squares.
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

// The loss of a row whose target is not `ignored` is the sum over its classes of share * (logsumexp(logits) -
// logit). The shares of the classes are `smoothing` / n and, for the target, 1 - `smoothing` more, times the
// classes' weights.
template <class T>
struct CrossEntropyArgs {
  int64_t rows = 0, n = 0;
  bool each_row =
      false;         // a loss for each row, else one number: their sum or, if `mean`, that over the sum of
  bool mean = true;  // the weights of the targets
  int64_t ignored = -100;
  double smoothing = 0;
  const T *logits = nullptr, *weight = nullptr;  // weight may be null
  const int64_t* targets = nullptr;
  T* loss = nullptr;
  T* logsumexp = nullptr;  // one for each row, for backward
};

// From the logsumexp of the forward call.
template <class T>
struct CrossEntropyBackwardArgs {
  CrossEntropyArgs<T> forward;
  const T* grad = nullptr;  // as many numbers as the loss had
  T* grad_logits = nullptr;
};

}  // namespace rushlight::cpu
