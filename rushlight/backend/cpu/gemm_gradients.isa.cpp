// The gradients of a linear layer: three products, or one pass over the rows.
#include "rushlight/backend/cpu/gemm.h"
#include "rushlight/backend/cpu/gemm_block.h"
#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/backend/cpu/scratch.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

template <class T>
void gemm(const GemmArgs<T>&);
template <class T>
void reduce(const ReductionArgs<T>&);

namespace {

// sums (+)= the column sums of a rows x cols matrix.
template <class T>
void add_columns(int64_t rows, int64_t cols, const T* x, bool accumulate, T* sums) {
  constexpr int64_t lanes = Vec<T>::kLanes, together = 4;  // enough that no addition waits for the one before
  for (int64_t j = 0; j < cols; j += together * lanes) {
    Vec<T> sum[together];
    for (int v = 0; v < together; ++v)
      sum[v] = accumulate ? load_partial(sums + j + v * lanes, cols - j - v * lanes) : Vec<T>(0);
    for (int64_t i = 0; i < rows; ++i)
      for (int v = 0; v < together; ++v)
        sum[v] += load_partial(x + i * cols + j + v * lanes, cols - j - v * lanes);
    for (int v = 0; v < together; ++v) store_partial(sums + j + v * lanes, sum[v], cols - j - v * lanes);
  }
}

// Many rows and a small weight: a few rows of g and x at a time serve all gradients while they are in cache.
// Each part of the rows makes sums of its own, which are added up in order.
template <class T>
struct ByRows {
  static constexpr int64_t kParts = 16, kStep = 128;
  static constexpr int64_t kLeastRows = kParts * 2 * kStep, kMostWeights = 1 << 16,
                           kMostOutputs = 2048 / sizeof(T);

  const LinearGradientsArgs<T>& a;
  int64_t depth = ceil_div(a.rows, kParts), step = ceil_div(depth, ceil_div(depth, kStep));
  int64_t width = round_up(a.features, Vec<T>::kLanes), weights = a.outputs * width;
  T* partial_weight = nullptr;
  T* partial_bias = nullptr;

  static bool fits(const LinearGradientsArgs<T>& a) {
    return a.grad_weight && a.rows >= kLeastRows && a.outputs <= kMostOutputs &&
           a.outputs * a.features <= kMostWeights && a.rows >= 2 * (a.outputs + a.features);
  }

  void part(int64_t part) const {
    const int64_t whole = a.features / kPanelCols<T> * kPanelCols<T>;
    const Scratch packed_weight(packed_bytes<T>(a.features, a.outputs));
    const Scratch packed_x(packed_bytes<T>(a.features - whole, step));
    Panels<T> weight{};
    if (a.grad_x)
      weight = pack_panels(a.outputs, a.features, a.weight, a.weight_row, a.weight_col,
                           static_cast<T*>(packed_weight.data()));
    const int64_t first = part * depth, last = smaller(a.rows, first + depth);
    for (int64_t i = first; i < last; i += step) {
      const int64_t rows = smaller(step, last - i);
      const T *g = a.g + i * a.outputs, *x = a.x + i * a.features;
      if (a.grad_x)
        multiply_block(rows, a.features, a.outputs, LeftMatrix<T>{g, a.outputs, 1}, weight,
                       Destination<T>{a.grad_x + i * a.features, a.features});
      multiply_in_place(a.outputs, a.features, whole, rows, LeftMatrix<T>{g, 1, a.outputs}, x, a.features, 1,
                        static_cast<T*>(packed_x.data()),
                        Destination<T>{partial_weight + part * weights, width, i > first});
      if (a.grad_bias) add_columns(rows, a.outputs, g, i > first, partial_bias + part * a.outputs);
    }
  }

  void add_up_parts() const {
    const int64_t count = ceil_div(a.rows, depth);
    parallel_ranges(a.outputs, count * width, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        add_up(a.features, partial_weight + i * width, count, weights,
               Destination<T>{a.grad_weight + i * a.features, a.features});
    });
    if (a.grad_bias) add_columns(count, a.outputs, partial_bias, false, a.grad_bias);
  }

  void run() {
    const Scratch sums(static_cast<size_t>(kParts * (weights + a.outputs)) * sizeof(T));
    partial_weight = static_cast<T*>(sums.data());
    partial_bias = partial_weight + kParts * weights;
    parallel_for(ceil_div(a.rows, depth), [&](int64_t i) { part(i); });
    add_up_parts();
  }
};

}  // namespace

template <class T>
void linear_gradients(const LinearGradientsArgs<T>& a) {
  if (ByRows<T>::fits(a)) return ByRows<T>{a}.run();
  if (a.grad_x)
    gemm(GemmArgs<T>{.m = a.rows,
                     .n = a.features,
                     .k = a.outputs,
                     .a = a.g,
                     .a_row = a.outputs,
                     .b = a.weight,
                     .b_row = a.weight_row,
                     .b_col = a.weight_col,
                     .c = a.grad_x,
                     .c_row = a.features});
  if (a.grad_weight)
    gemm(GemmArgs<T>{.m = a.outputs,
                     .n = a.features,
                     .k = a.rows,
                     .a = a.g,
                     .a_row = 1,
                     .a_col = a.outputs,
                     .b = a.x,
                     .b_row = a.features,
                     .c = a.grad_weight,
                     .c_row = a.features});
  if (a.grad_bias) {
    ReductionArgs<T> sums;
    sums.reduced = a.rows, sums.inner = a.outputs;
    sums.x = a.g, sums.y = a.grad_bias;
    reduce(sums);
  }
}

template void linear_gradients(const LinearGradientsArgs<float>&);
template void linear_gradients(const LinearGradientsArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
