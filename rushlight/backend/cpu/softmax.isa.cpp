// Softmax, log-softmax and cross-entropy by rows, forward and backward.
#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/row_kernels.h"
#include "rushlight/backend/cpu/row_loops.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd_math.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// NaNs are skipped here; they come back through the sum of exponentials.
template <class T>
T largest_of(const T* x, int64_t n) {
  constexpr T kLowest = -static_cast<T>(__builtin_inf());
  const auto larger = [](Vec<T> a, Vec<T> b) { return larger_of(a, b); };
  return largest_lane(fold_vectors<T>(
      n, Vec<T>::splat(kLowest),
      [=](Vec<T> top, int64_t j, auto part) { return larger_of(load(x + j, part, kLowest), top); }, larger));
}

// exp(x - shift); a row of nothing but -inf has shift -inf and gives NaN, as PyTorch does.
template <class T, class Part>
RUSHLIGHT_INLINE Vec<T> shifted_exp(const T* x, Part part, Vec<T> shift) {
  return exp_of_nonpositive(load(x, part, -static_cast<T>(__builtin_inf())) - shift);
}

template <class T>
T sum_of_exp(const T* x, int64_t n, T largest) {
  const Vec<T> shift = Vec<T>::splat(largest);
  return sum_over<T>(n, [=](Vec<T> sum, int64_t j, auto part) {
    return sum + inside(shifted_exp(x + j, part, shift), part);
  });
}

template <class T>
void softmax_row(const T* x, T* y, int64_t n) {
  const Vec<T> shift = Vec<T>::splat(largest_of(x, n));
  const T sum = sum_over<T>(n, [=](Vec<T> sum, int64_t j, auto part) {
    const Vec<T> e = inside(shifted_exp(x + j, part, shift), part);
    store(y + j, e, part);
    return sum + e;
  });
  const Vec<T> factor = Vec<T>::splat(1 / sum);
  each_vector<T>(n, [=](int64_t j, auto part) { store(y + j, load(y + j, part) * factor, part); });
}

template <class T>
T log_of_sum(T sum) {
  return static_cast<T>(__builtin_log(sum));
}

template <class T>
void log_softmax_row(const T* x, T* y, int64_t n) {
  const T largest = largest_of(x, n);
  const Vec<T> shift = Vec<T>::splat(largest), log_sum = Vec<T>::splat(log_of_sum(sum_of_exp(x, n, largest)));
  each_vector<T>(n, [=](int64_t j, auto part) { store(y + j, load(x + j, part) - shift - log_sum, part); });
}

template <class T>
void softmax_backward_row(const T* y, const T* grad, T* grad_x, int64_t n) {
  const Vec<T> mean = Vec<T>::splat(sum_over<T>(n, [=](Vec<T> sum, int64_t j, auto part) {
    return multiply_add(load(y + j, part), load(grad + j, part), sum);
  }));
  each_vector<T>(n, [=](int64_t j, auto part) {
    store(grad_x + j, load(y + j, part) * (load(grad + j, part) - mean), part);
  });
}

template <class T>
void log_softmax_backward_row(const T* y, const T* grad, T* grad_x, int64_t n) {
  const Vec<T> sum = Vec<T>::splat(
      sum_over<T>(n, [=](Vec<T> sum, int64_t j, auto part) { return sum + load(grad + j, part); }));
  each_vector<T>(n, [=](int64_t j, auto part) {
    store(grad_x + j, load(grad + j, part) - exp_of_nonpositive(load(y + j, part)) * sum, part);
  });
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
  const T* x = args.logits + i * args.n;
  each_vector<T>(
      args.n, [=](int64_t j, auto part) { store(to + j, shifted_exp(x + j, part, shift) * factor, part); });
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
