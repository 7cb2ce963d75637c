// Matrix products as three loops.
#include <algorithm>

#include "rushlight/backend/reference/kernels.h"

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
  visit_total(wide, [&]<class Total>(TypeTag<Total>) {
    const Total *x = a.data<Total>(), *y = b.data<Total>();
    Total* to = totals.data<Total>();
    size_t next = 0;
    for_each_offset(right.batch, [&](int64_t b_start) {
      int64_t a_start = starts[next++];
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j) {
          Total total = 0;
          for (int64_t k = 0; k < inner; ++k)
            total +=
                x[a_start + i * left.row + k * left.column] * y[b_start + k * right.row + j * right.column];
          *to++ = total;
        }
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
