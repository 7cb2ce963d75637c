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

// sums += the column sums of a few rows, which are added up in T.
template <class T>
void add_columns(int64_t rows, int64_t cols, const T* x, double* sums) {
  constexpr int64_t lanes = Vec<T>::kLanes,
                    width = 4 * lanes;  // enough that no addition waits for the one before
  for (int64_t j = 0; j < cols; j += width) {
    Vec<T> sum[4]{};
    for (int64_t i = 0; i < rows; ++i)
      for (int v = 0; v < 4; ++v) sum[v] += load_partial(x + i * cols + j + v * lanes, cols - j - v * lanes);
    T few[width];
    for (int v = 0; v < 4; ++v) store(few + v * lanes, sum[v]);
    for (int64_t i = 0; i < smaller(width, cols - j); ++i) sums[j + i] += few[i];
  }
}

// Many rows and a small weight: a few rows of g and x at a time serve all gradients while they are in cache.
// Each part of the rows makes sums of its own, which are added up in order.
template <class T>
struct ByRows {
  static constexpr int64_t kRowsOfPart = 512, kLeastParts = 8, kMostParts = 32;
  static constexpr int64_t kStep = 128;  // rows at a time: with what they meet they fit L2
  // Larger weights would leave no room for that, and sums of their size for each part would be read and
  // written more than g is; products with smaller ones end before they are at speed.
  static constexpr int64_t kMostWeights = 1 << 16, kMostOutputs = 2048 / sizeof(T),
                           kLeastOutputs = 2 * kTileRows;

  const LinearGradientsArgs<T>& a;
  int64_t parts = clamped(a.rows / kRowsOfPart, kLeastParts, kMostParts);
  int64_t depth = ceil_div(a.rows, parts), step = ceil_div(depth, ceil_div(depth, kStep));
  int64_t width = round_up(a.features, Vec<T>::kLanes), weights = a.outputs * width;
  int64_t whole = a.features / kPanelCols<T> * kPanelCols<T>;  // columns of x in full panels

  static bool fits(const LinearGradientsArgs<T>& a) {
    return a.grad_weight && a.rows >= kLeastParts * kRowsOfPart && a.features >= kPanelCols<T> &&
           a.outputs >= kLeastOutputs && a.outputs <= kMostOutputs && a.outputs * a.features <= kMostWeights;
  }

  void add_part(int64_t part, T* weight_sums, double* bias_sums) const {
    const Scratch packed_weight(a.grad_x ? packed_bytes<T>(a.features, a.outputs) : 0);
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
                        static_cast<T*>(packed_x.data()), Destination<T>{weight_sums, width, i > first});
      if (a.grad_bias) add_columns(rows, a.outputs, g, bias_sums);
    }
  }

  void run() const {
    const int64_t count = ceil_div(a.rows, depth);
    const Scratch of_weight(static_cast<size_t>(count * weights) * sizeof(T));
    const Scratch of_bias(static_cast<size_t>(a.grad_bias ? count * a.outputs : 0) * sizeof(double));
    T* weight_sums = static_cast<T*>(of_weight.data());
    double* bias_sums = static_cast<double*>(of_bias.data());
    parallel_for(count, [&](int64_t part) {
      double* sums = bias_sums + part * a.outputs;
      for (int64_t j = 0; a.grad_bias && j < a.outputs; ++j) sums[j] = 0;
      add_part(part, weight_sums + part * weights, sums);
    });
    parallel_ranges(a.outputs, count * width, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        add_up(a.features, weight_sums + i * width, count, weights,
               Destination<T>{a.grad_weight + i * a.features, a.features});
    });
    for (int64_t j = 0; a.grad_bias && j < a.outputs; ++j) {
      double sum = 0;
      for (int64_t part = 0; part < count; ++part) sum += bias_sums[part * a.outputs + j];
      a.grad_bias[j] = static_cast<T>(sum);
    }
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
