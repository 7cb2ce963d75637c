// Matrix products, as three loops and, with the same sums in the same order, in blocks.
#include <algorithm>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/shortcuts.h"

namespace rushlight::reference {

namespace {

// An operand of a batched product: a matrix of sizes and strides at each batch offset.
struct Matrices {
  Layout batch;  // broadcast over the result's leading dimensions
  int64_t row = 0, column = 0;
};
Matrices matrices(const Layout& layout, IntSpan batch_shape, bool vector_is_row) {
  int rank = layout.rank();
  Matrices m;
  if (rank == 1) {
    (vector_is_row ? m.column : m.row) = layout.stride(0);
  } else {
    m.row = layout.stride(rank - 2);
    m.column = layout.stride(rank - 1);
  }
  Strides strides(batch_shape.size(), 0);
  int own = rank > 2 ? rank - 2 : 0;
  for (int d = 0; d < own; ++d)
    if (layout.size(d) != 1) strides[batch_shape.size() - static_cast<size_t>(own - d)] = layout.stride(d);
  m.batch = Layout(batch_shape, {strides.data(), strides.size()}, layout.offset());
  return m;
}

// One product of a batch; `to` is rows x columns, side by side.
template <class Total>
struct Product {
  int64_t rows, columns, inner;
  const Total *x, *y;
  int64_t x_row, x_column, y_row, y_column;
  Total* to;
};

template <class Total>
void multiply_naively(const Product<Total>& p) {
  for (int64_t i = 0; i < p.rows; ++i)
    for (int64_t j = 0; j < p.columns; ++j) {
      Total total = 0;
      for (int64_t k = 0; k < p.inner; ++k)
        total += p.x[i * p.x_row + k * p.x_column] * p.y[k * p.y_row + j * p.y_column];
      p.to[i * p.columns + j] = total;
    }
}

// Totals that do not wait for each other, and for which each number that is read serves eight times.
constexpr int64_t kBlock = 8;

// REQUIRES: columns of y side by side, as they are in a row-major matrix of more than one.
template <class Total>
void multiply_block(const Product<Total>& p, int64_t i, int64_t j) {
  Total totals[kBlock][kBlock] = {};
  const Total *x = p.x + i * p.x_row, *y = p.y + j;
  for (int64_t k = 0; k < p.inner; ++k, x += p.x_column, y += p.y_row)
    for (int64_t r = 0; r < kBlock; ++r)
      for (int64_t c = 0; c < kBlock; ++c) totals[r][c] += x[r * p.x_row] * y[c];
  for (int64_t r = 0; r < kBlock; ++r) std::copy_n(totals[r], kBlock, p.to + (i + r) * p.columns + j);
}

template <class Total>
void multiply_in_blocks(const Product<Total>& p) {
  const int64_t rows = p.rows / kBlock * kBlock, columns = p.columns / kBlock * kBlock;
  for (int64_t i = 0; i < rows; i += kBlock)
    for (int64_t j = 0; j < columns; j += kBlock) multiply_block(p, i, j);
  // What the blocks leave over: a strip at the right of them, and the rows below.
  Product<Total> right = p, below = p;
  right.rows = rows, right.columns = p.columns - columns, right.y += columns * p.y_column;
  for (int64_t i = 0; i < rows; ++i) {
    right.rows = 1, right.x = p.x + i * p.x_row, right.to = p.to + i * p.columns + columns;
    multiply_naively(right);
  }
  below.rows = p.rows - rows, below.x += rows * p.x_row, below.to += rows * p.columns;
  multiply_naively(below);
}

}  // namespace

bool matmul(const KernelCall& call) {
  DType wide = total_type(call.in[0].dtype());
  Tensor a = row_major_in(wide, call.in[0]), b = row_major_in(wide, call.in[1]);
  const Tensor& out = call.out[0];
  int64_t inner = a.shape().back();
  int64_t rows = a.rank() > 1 ? a.size(-2) : 1, columns = b.rank() > 1 ? b.size(-1) : 1;
  size_t tail = static_cast<size_t>(a.rank() > 1) + static_cast<size_t>(b.rank() > 1);
  IntSpan batch = out.shape().first(out.shape().size() - tail);
  Matrices left = matrices(a.layout(), batch, true), right = matrices(b.layout(), batch, false);
  SmallVector<int64_t, 16> starts;
  for_each_offset(left.batch, [&](int64_t start) { starts.push_back(start); });
  Tensor totals = empty(out.shape(), wide);
  const bool in_blocks = blocked_products();
  visit_total(wide, [&]<class Total>(TypeTag<Total>) {
    const Total *x = a.data<Total>(), *y = b.data<Total>();
    Total* to = totals.data<Total>();
    size_t next = 0;
    for_each_offset(right.batch, [&](int64_t b_start) {
      int64_t a_start = starts[next++];
      const Product<Total> product{rows,     columns,     inner,     x + a_start,  y + b_start,
                                   left.row, left.column, right.row, right.column, to};
      in_blocks&& right.column == 1 ? multiply_in_blocks(product) : multiply_naively(product);
      to += rows * columns;
    });
  });
  copy_elements(out, totals);
  return true;
}

// Output j stands in panel j / 16, column j % 16; its scales for input k in group k / (features / groups).
bool linear_packed(const KernelCall& call) {
  Tensor x = row_major_in(DType::float64, call.in[0]), w = row_major_in(DType::float64, call.in[1]);
  Tensor scale = call.in[2].defined() ? row_major_in(DType::float64, call.in[2]) : Tensor();
  Tensor bias = call.in[3].defined() ? row_major_in(DType::float64, call.in[3]) : Tensor();
  const Tensor& out = call.out[0];
  int64_t features = w.size(1), outputs = out.shape().back(), groups = scale.defined() ? scale.size(1) : 1;
  int64_t group_size = std::max<int64_t>(features / groups, 1);
  Tensor totals = empty(out.shape(), DType::float64);
  double* to = totals.data<double>();
  for (int64_t at = 0; at < out.numel(); ++at) {
    int64_t i = at / outputs, j = at % outputs, panel = j / 16, column = j % 16;
    double total = bias.defined() ? bias.data<double>()[j] : 0;
    for (int64_t k = 0; k < features; ++k) {
      int64_t group = panel * groups + k / group_size;
      double factor = scale.defined() ? scale.data<double>()[group * 16 + column] : 1;
      total += x.data<double>()[i * features + k] * w.data<double>()[(panel * features + k) * 16 + column] *
               factor;
    }
    to[at] = total;
  }
  copy_elements(out, totals);
  return true;
}

}  // namespace rushlight::reference
