// Layer normalisation and its relative without means, rms_norm, forward and backward in one pass each over a
// row that stays in L1.
#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/moments.h"
#include "rushlight/backend/cpu/row_kernels.h"
#include "rushlight/backend/cpu/row_loops.h"
#include "rushlight/backend/cpu/scratch.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

template <class T>
void normalize_row(const LayerNormArgs<T>& args, int64_t i) {
  const T *x = args.x + i * args.n, *weight = args.weight, *bias = args.bias;
  T* y = args.y + i * args.n;
  const Statistics<T> row =
      args.mean ? statistics_of(x, args.n) : Statistics<T>{.mean = 0, .variance = mean_square_of(x, args.n)};
  const T mean = row.mean, rstd = static_cast<T>(1 / __builtin_sqrt(row.variance + args.eps));
  if (args.mean) args.mean[i] = mean;
  args.rstd[i] = rstd;
  each_vector<T>(args.n, [=](int64_t j, auto part) {
    Vec<T> value = (load(x + j, part) - Vec<T>::splat(mean)) * Vec<T>::splat(rstd);
    if (weight) value = value * load(weight + j, part);
    if (bias) value += load(bias + j, part);
    store(y + j, value, part);
  });
}

// The gradients of weight and bias are sums over rows: one partial sum for each of a fixed number of chunks.
template <class T>
struct LayerNormBackward {
  using V = Vec<T>;
  static constexpr int64_t kMaxChunks = 64, kBlockRows = 256;

  const LayerNormBackwardArgs<T>& args;
  int64_t chunk_rows = clamped(ceil_div(args.rows, kMaxChunks), 8, args.rows + 8);
  int64_t chunks = ceil_div(args.rows, chunk_rows);
  int64_t width = round_up(args.n, V::kLanes);  // of a partial sum: whole vectors
  Scratch scratch{static_cast<size_t>(2 * chunks * width) * sizeof(T)};
  T* partial = static_cast<T*>(scratch.data());

  // A row at one of its vectors.
  template <class Part>
  V normalized(int64_t i, int64_t j, Part part) const {
    const T mean = args.mean ? args.mean[i] : 0;
    return (load(args.x + i * args.n + j, part, mean) - V::splat(mean)) * V::splat(args.rstd[i]);
  }
  template <class Part>
  V grad(int64_t i, int64_t j, Part part) const {
    return load(args.grad + i * args.n + j, part);
  }
  template <class Part>
  V weighted(V grad, int64_t j, Part part) const {
    return args.weight ? grad * load(args.weight + j, part) : grad;
  }

  // Adds Rows rows to the partial sums, which are then read and written once for all of them, and writes
  // grad_x = rstd * (g - mean(g) - y * mean(g y)), g = grad * weight; rms_norm's takes no mean away.
  template <int Rows>
  void rows(int64_t i, T* weight_sum, T* bias_sum) const {
    V sum[Rows], product_sum[Rows];
    for (int r = 0; r < Rows; ++r) sum[r] = product_sum[r] = 0;
    each_vector<T>(args.n, [&](int64_t j, auto part) {
      V weight_grad = load(weight_sum + j), bias_grad = load(bias_sum + j);
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r) {
        const V y = normalized(i + r, j, part), g = grad(i + r, j, part), w = weighted(g, j, part);
        sum[r] += w;
        product_sum[r] = multiply_add(w, y, product_sum[r]);
        weight_grad = multiply_add(g, y, weight_grad);
        bias_grad += g;
      }
      store(weight_sum + j, weight_grad);
      store(bias_sum + j, bias_grad);
    });
    for (int r = 0; args.grad_x && r < Rows; ++r)
      write_row(i + r, sum_of_lanes(sum[r]), sum_of_lanes(product_sum[r]));
  }

  void write_row(int64_t i, T sum, T product_sum) const {
    const V mean = V::splat(args.mean ? sum / static_cast<T>(args.n) : 0),
            product_mean = V::splat(product_sum / static_cast<T>(args.n));
    each_vector<T>(args.n, [&](int64_t j, auto part) {
      const V centered = weighted(grad(i, j, part), j, part) - mean - normalized(i, j, part) * product_mean;
      store(args.grad_x + i * args.n + j, centered * V::splat(args.rstd[i]), part);
    });
  }

  void block(int64_t i, int64_t end, T* sums) const {
    for (int64_t j = 0; j < 2 * width; j += V::kLanes) store(sums + j, V(0));
    for (; i + 4 <= end; i += 4) rows<4>(i, sums, sums + width);
    for (; i < end; ++i) rows<1>(i, sums, sums + width);
  }

  // A sum grows over the rows of one block and then joins those of the others.
  void chunk(int64_t c) const {
    T* sums = partial + 2 * c * width;
    const int64_t end = smaller(args.rows, (c + 1) * chunk_rows);
    int64_t i = c * chunk_rows;
    block(i, smaller(i + kBlockRows, end), sums);
    if (chunk_rows <= kBlockRows) return;
    const Scratch more(static_cast<size_t>(2 * width) * sizeof(T));
    T* next = static_cast<T*>(more.data());
    while ((i += kBlockRows) < end) {
      block(i, smaller(i + kBlockRows, end), next);
      for (int64_t j = 0; j < 2 * width; j += V::kLanes) store(sums + j, load(sums + j) + load(next + j));
    }
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
