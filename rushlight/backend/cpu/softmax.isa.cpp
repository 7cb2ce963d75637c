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

template <class T>
double weight_of(const CrossEntropyArgs<T>& args, int64_t target) {
  return args.weight ? static_cast<double>(args.weight[target]) : 1;
}

// What a mean divides by.
template <class T>
double weight_of_targets(const CrossEntropyArgs<T>& args) {
  double sum = 0;
  for (int64_t i = 0; i < args.rows; ++i)
    if (args.targets[i] != args.ignored) sum += weight_of(args, args.targets[i]);
  return sum;
}

template <class T>
int64_t first_bad_target(const CrossEntropyArgs<T>& args) {
  for (int64_t i = 0; i < args.rows; ++i)
    if (args.targets[i] != args.ignored && (args.targets[i] < 0 || args.targets[i] >= args.n)) return i;
  return -1;
}

template <class T, class Part>
RUSHLIGHT_INLINE Vec<T> weights_at(const CrossEntropyArgs<T>& args, int64_t j, Part part) {
  return args.weight ? load(args.weight + j, part) : Vec<T>(1);
}

// The weighed sum over all classes of -log p = largest - x + log_sum. A class without weight adds nothing,
// however unlikely it is.
template <class T>
double loss_of_all_classes(const CrossEntropyArgs<T>& args, const T* x, T largest, T log_sum) {
  return sum_over<T>(args.n, [&](Vec<T> sum, int64_t j, auto part) {
    const Vec<T> weight = weights_at(args, j, part),
                 minus_log = Vec<T>::splat(largest) - load(x + j, part) + Vec<T>::splat(log_sum);
    return sum + inside(select(weight == Vec<T>(0), Vec<T>(0), weight * minus_log), part);
  });
}

template <class T>
double loss_of_row(const CrossEntropyArgs<T>& args, int64_t i) {
  const T* x = args.logits + i * args.n;
  const T largest = largest_of(x, args.n), log_sum = log_of_sum(sum_of_exp(x, args.n, largest));
  args.logsumexp[i] = largest + log_sum;
  const int64_t target = args.targets[i];
  if (target == args.ignored) return 0;
  const double share = (1 - args.smoothing) * weight_of(args, target);
  double loss = share == 0 ? 0 : share * (static_cast<double>(largest - x[target]) + log_sum);
  if (args.smoothing != 0)
    loss += args.smoothing / static_cast<double>(args.n) * loss_of_all_classes(args, x, largest, log_sum);
  return loss;
}

// grad * (softmax(logits) * the sum of all shares - shares).
template <class T>
void cross_entropy_backward_row(const CrossEntropyArgs<T>& args, int64_t i, double grad, double weight_of_all,
                                T* to) {
  const int64_t target = args.targets[i];
  if (target == args.ignored) {
    __builtin_memset(to, 0, static_cast<size_t>(args.n) * sizeof(T));
    return;
  }
  const double spread = grad * args.smoothing / static_cast<double>(args.n),
               share = grad * (1 - args.smoothing) * weight_of(args, target);
  const Vec<T> factor(share + spread * weight_of_all), shift = Vec<T>::splat(args.logsumexp[i]),
                                                       of_each(spread);
  const T* x = args.logits + i * args.n;
  each_vector<T>(args.n, [&](int64_t j, auto part) {
    Vec<T> value = shifted_exp(x + j, part, shift) * factor;
    if (spread != 0) value = value - of_each * weights_at(args, j, part);
    store(to + j, value, part);
  });
  to[target] -= static_cast<T>(share);
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
    for (int64_t i = chunk * size; i < smaller(args.rows, (chunk + 1) * size); ++i) {
      const double loss = loss_of_row(args, i);
      if (args.each_row) args.loss[i] = static_cast<T>(loss);
      sum += loss;
    }
    partial[chunk] = sum;
  });
  if (args.each_row) return -1;
  double loss = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) loss += partial[chunk];
  *args.loss = static_cast<T>(args.mean ? loss / weight_of_targets(args) : loss);
  return -1;
}

template <class T>
void cross_entropy_backward(const CrossEntropyBackwardArgs<T>& args) {
  const CrossEntropyArgs<T>& forward = args.forward;
  const double total = forward.mean && !forward.each_row ? weight_of_targets(forward) : 1;
  const double divisor = total == 0 ? 1 : total;  // then no row has a share in the loss
  double weight_of_all = 0;
  for (int64_t j = 0; j < forward.n; ++j) weight_of_all += weight_of(forward, j);
  parallel_ranges(forward.rows, 2 * forward.n, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const double grad = args.grad[forward.each_row ? i : 0] / divisor;
      cross_entropy_backward_row(forward, i, grad, weight_of_all, args.grad_logits + i * forward.n);
    }
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
