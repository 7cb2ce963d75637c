// Softmax, log-softmax and cross-entropy by rows, forward and backward.
#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/row_kernels.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd_math.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// NaNs are skipped here; they come back through the sum of exponentials.
template <class T>
T largest_of(const T* x, int64_t n) {
  constexpr T kLowest = -static_cast<T>(__builtin_inf());
  Vec<T> top = Vec<T>::splat(kLowest);
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) top = larger_of(load_partial(x + j, n - j, kLowest), top);
  return largest_lane(top);
}

// exp(x - shift); a row of nothing but -inf has shift -inf and gives NaN, as PyTorch does.
template <class T>
RUSHLIGHT_INLINE Vec<T> shifted_exp(const T* x, int64_t count, Vec<T> shift) {
  return exp_of_nonpositive(load_partial(x, count, -static_cast<T>(__builtin_inf())) - shift);
}

template <class T>
T sum_of_exp(const T* x, int64_t n, T largest) {
  const Vec<T> shift = Vec<T>::splat(largest);
  Vec<T> sum = 0;
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes)
    sum += select(first_lanes<T>(n - j), shifted_exp(x + j, n - j, shift), Vec<T>(0));
  return sum_of_lanes(sum);
}

template <class T>
void softmax_row(const T* x, T* y, int64_t n) {
  const Vec<T> shift = Vec<T>::splat(largest_of(x, n));
  Vec<T> sum = 0;
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) {
    const Vec<T> e = select(first_lanes<T>(n - j), shifted_exp(x + j, n - j, shift), Vec<T>(0));
    store_partial(y + j, e, n - j);
    sum += e;
  }
  const Vec<T> factor = Vec<T>::splat(1 / sum_of_lanes(sum));
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes)
    store_partial(y + j, load_partial(y + j, n - j) * factor, n - j);
}

template <class T>
T log_of_sum(T sum) {
  return static_cast<T>(__builtin_log(sum));
}

template <class T>
void log_softmax_row(const T* x, T* y, int64_t n) {
  const T largest = largest_of(x, n);
  const Vec<T> shift = Vec<T>::splat(largest), log_sum = Vec<T>::splat(log_of_sum(sum_of_exp(x, n, largest)));
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes)
    store_partial(y + j, load_partial(x + j, n - j) - shift - log_sum, n - j);
}

template <class T>
void softmax_backward_row(const T* y, const T* grad, T* grad_x, int64_t n) {
  Vec<T> sum = 0;
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes)
    sum = multiply_add(load_partial(y + j, n - j), load_partial(grad + j, n - j), sum);
  const Vec<T> mean = Vec<T>::splat(sum_of_lanes(sum));
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes)
    store_partial(grad_x + j, load_partial(y + j, n - j) * (load_partial(grad + j, n - j) - mean), n - j);
}

template <class T>
void log_softmax_backward_row(const T* y, const T* grad, T* grad_x, int64_t n) {
  Vec<T> sums = 0;
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) sums += load_partial(grad + j, n - j);
  const Vec<T> sum = Vec<T>::splat(sum_of_lanes(sums));
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) {
    const Vec<T> p = exp_of_nonpositive(load_partial(y + j, n - j));
    store_partial(grad_x + j, load_partial(grad + j, n - j) - p * sum, n - j);
  }
}

// How many rows count for the loss.
template <class T>
int64_t counted_rows(const CrossEntropyArgs<T>& args) {
  int64_t count = 0;
  for (int64_t i = 0; i < args.rows; ++i) count += args.targets[i] != args.ignored;
  return count;
}

template <class T>
int64_t first_bad_target(const CrossEntropyArgs<T>& args) {
  for (int64_t i = 0; i < args.rows; ++i)
    if (args.targets[i] != args.ignored && (args.targets[i] < 0 || args.targets[i] >= args.n)) return i;
  return -1;
}

template <class T>
double loss_of_row(const CrossEntropyArgs<T>& args, int64_t i) {
  const T* x = args.logits + i * args.n;
  const T largest = largest_of(x, args.n), log_sum = log_of_sum(sum_of_exp(x, args.n, largest));
  args.logsumexp[i] = largest + log_sum;
  if (args.targets[i] == args.ignored) return 0;
  return static_cast<double>(largest - x[args.targets[i]]) + log_sum;
}

template <class T>
void cross_entropy_backward_row(const CrossEntropyArgs<T>& args, int64_t i, T grad, T* to) {
  if (args.targets[i] == args.ignored) {
    __builtin_memset(to, 0, static_cast<size_t>(args.n) * sizeof(T));
    return;
  }
  const Vec<T> factor = Vec<T>::splat(grad), shift = Vec<T>::splat(args.logsumexp[i]);
  for (int64_t j = 0; j < args.n; j += Vec<T>::kLanes)
    store_partial(to + j, shifted_exp(args.logits + i * args.n + j, args.n - j, shift) * factor, args.n - j);
  to[args.targets[i]] -= grad;
}

}  // namespace

template <class T>
void softmax(const SoftmaxArgs<T>& args) {
  const auto row = args.log ? log_softmax_row<T> : softmax_row<T>;
  parallel_ranges(args.rows, 2 * args.n, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) row(args.x + i * args.n, args.y + i * args.n, args.n);
  });
}

template <class T>
void softmax_backward(const SoftmaxBackwardArgs<T>& args) {
  const auto row = args.log ? log_softmax_backward_row<T> : softmax_backward_row<T>;
  parallel_ranges(args.rows, args.n, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      row(args.y + i * args.n, args.grad + i * args.n, args.grad_x + i * args.n, args.n);
  });
}

template <class T>
int64_t cross_entropy(const CrossEntropyArgs<T>& args) {
  if (const int64_t bad = first_bad_target(args); bad >= 0) return bad;
  const int64_t size = items_per_chunk(args.rows, 2 * args.n), chunks = ceil_div(args.rows, size);
  const Scratch scratch(static_cast<size_t>(chunks) * sizeof(double));
  double* partial = static_cast<double*>(scratch.data());
  parallel_for(chunks, [&](int64_t chunk) {
    double sum = 0;
    for (int64_t i = chunk * size; i < smaller(args.rows, (chunk + 1) * size); ++i)
      sum += loss_of_row(args, i);
    partial[chunk] = sum;
  });
  double loss = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) loss += partial[chunk];
  *args.loss = static_cast<T>(args.mean ? loss / static_cast<double>(counted_rows(args)) : loss);
  return -1;
}

template <class T>
void cross_entropy_backward(const CrossEntropyBackwardArgs<T>& args) {
  const CrossEntropyArgs<T>& forward = args.forward;
  const T grad = forward.mean ? *args.grad / static_cast<T>(counted_rows(forward)) : *args.grad;
  parallel_ranges(forward.rows, 2 * forward.n, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      cross_entropy_backward_row(forward, i, grad, args.grad_logits + i * forward.n);
  });
}

template void softmax(const SoftmaxArgs<float>&);
template void softmax(const SoftmaxArgs<double>&);
template void softmax_backward(const SoftmaxBackwardArgs<float>&);
template void softmax_backward(const SoftmaxBackwardArgs<double>&);
template int64_t cross_entropy(const CrossEntropyArgs<float>&);
template int64_t cross_entropy(const CrossEntropyArgs<double>&);
template void cross_entropy_backward(const CrossEntropyBackwardArgs<float>&);
template void cross_entropy_backward(const CrossEntropyBackwardArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
