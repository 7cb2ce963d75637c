// Layer normalisation, forward and backward in one pass each over a row that stays in L1.
#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/row_kernels.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

template <class T>
T mean_of(const T* x, int64_t n) {
  Vec<T> sum = 0;
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) sum += load_partial(x + j, n - j);
  return sum_of_lanes(sum) / static_cast<T>(n);
}

template <class T>
T variance_of(const T* x, int64_t n, T mean) {
  Vec<T> sum = 0;
  for (int64_t j = 0; j < n; j += Vec<T>::kLanes) {
    const Vec<T> difference = load_partial(x + j, n - j, mean) - Vec<T>::splat(mean);
    sum = multiply_add(difference, difference, sum);
  }
  return sum_of_lanes(sum) / static_cast<T>(n);
}

template <class T>
void normalize_row(const LayerNormArgs<T>& args, int64_t i) {
  const T* x = args.x + i * args.n;
  T* y = args.y + i * args.n;
  const T mean = mean_of(x, args.n), variance = variance_of(x, args.n, mean);
  const T rstd = static_cast<T>(1 / __builtin_sqrt(variance + args.eps));
  args.mean[i] = mean;
  args.rstd[i] = rstd;
  for (int64_t j = 0; j < args.n; j += Vec<T>::kLanes) {
    const int64_t left = args.n - j;
    Vec<T> value = (load_partial(x + j, left) - Vec<T>::splat(mean)) * Vec<T>::splat(rstd);
    if (args.weight) value = value * load_partial(args.weight + j, left);
    if (args.bias) value += load_partial(args.bias + j, left);
    store_partial(y + j, value, left);
  }
}

// The gradients of weight and bias are sums over rows: one partial sum for each of a fixed number of chunks.
template <class T>
struct LayerNormBackward {
  using V = Vec<T>;
  static constexpr int64_t kMaxChunks = 64;

  const LayerNormBackwardArgs<T>& args;
  int64_t chunk_rows = clamped(ceil_div(args.rows, kMaxChunks), 8, args.rows + 8);
  int64_t chunks = ceil_div(args.rows, chunk_rows);
  int64_t width = round_up(args.n, V::kLanes);  // of a partial sum: whole vectors
  Scratch scratch{static_cast<size_t>(2 * chunks * width) * sizeof(T)};
  T* partial = static_cast<T*>(scratch.data());

  V normalized(int64_t i, int64_t j) const {
    return (load_partial(args.x + i * args.n + j, args.n - j, args.mean[i]) - V::splat(args.mean[i])) *
           V::splat(args.rstd[i]);
  }
  V grad(int64_t i, int64_t j) const { return load_partial(args.grad + i * args.n + j, args.n - j); }
  V weighted(V grad, int64_t j) const {
    return args.weight ? grad * load_partial(args.weight + j, args.n - j) : grad;
  }

  // Adds the row to the partial sums and writes grad_x = rstd * (g - mean(g) - y * mean(g y)), g = grad *
  // weight.
  void row(int64_t i, T* weight_sum, T* bias_sum) const {
    V sum = 0, product_sum = 0;
    for (int64_t j = 0; j < args.n; j += V::kLanes) {
      const V y = normalized(i, j), g = grad(i, j), w = weighted(g, j);
      sum += w;
      product_sum = multiply_add(w, y, product_sum);
      store(weight_sum + j, multiply_add(g, y, load(weight_sum + j)));
      store(bias_sum + j, g + load(bias_sum + j));
    }
    if (!args.grad_x) return;
    const V mean = V::splat(sum_of_lanes(sum) / static_cast<T>(args.n));
    const V product_mean = V::splat(sum_of_lanes(product_sum) / static_cast<T>(args.n));
    for (int64_t j = 0; j < args.n; j += V::kLanes) {
      const V centered = weighted(grad(i, j), j) - mean - normalized(i, j) * product_mean;
      store_partial(args.grad_x + i * args.n + j, centered * V::splat(args.rstd[i]), args.n - j);
    }
  }

  void chunk(int64_t c) const {
    T* sums = partial + 2 * c * width;
    for (int64_t j = 0; j < 2 * width; j += V::kLanes) store(sums + j, V(0));
    for (int64_t i = c * chunk_rows; i < smaller(args.rows, (c + 1) * chunk_rows); ++i)
      row(i, sums, sums + width);
  }

  void add_up(const T* first, T* to) const {
    for (int64_t j = 0; j < args.n; j += V::kLanes) {
      V sum = 0;
      for (int64_t c = 0; c < chunks; ++c) sum += load(first + 2 * c * width + j);
      store_partial(to + j, sum, args.n - j);
    }
  }

  void run() const {
    parallel_for(chunks, [&](int64_t c) { chunk(c); });
    if (args.grad_weight) add_up(partial, args.grad_weight);
    if (args.grad_bias) add_up(partial + width, args.grad_bias);
  }
};

}  // namespace

template <class T>
void layer_norm(const LayerNormArgs<T>& args) {
  parallel_ranges(args.rows, args.n, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) normalize_row(args, i);
  });
}

template <class T>
void layer_norm_backward(const LayerNormBackwardArgs<T>& args) {
  LayerNormBackward<T>{args}.run();
}

template void layer_norm(const LayerNormArgs<float>&);
template void layer_norm(const LayerNormArgs<double>&);
template void layer_norm_backward(const LayerNormBackwardArgs<float>&);
template void layer_norm_backward(const LayerNormBackwardArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
