// Matrix products.
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

// Leading dimensions of a product, innermost first, those in one that both operands walk through in equal
// steps. An operand that is broadcast along a dimension takes steps of 0.
struct BatchRun {
  int64_t count, a_step, b_step;
};
SmallVector<BatchRun, 4> batch_runs(const Layout& a, const Layout& b, IntSpan batch) {
  const auto step = [&](const Layout& layout, size_t d) -> int64_t {
    const int own = static_cast<int>(d) - static_cast<int>(batch.size()) + layout.rank() - 2;
    return own >= 0 && layout.size(own) != 1 ? layout.stride(own) : 0;
  };
  SmallVector<BatchRun, 4> runs;
  for (size_t d = batch.size(); d-- > 0;) {
    if (batch[d] == 1) continue;
    const BatchRun next{batch[d], step(a, d), step(b, d)};
    BatchRun* last = runs.empty() ? nullptr : &runs.back();
    if (last && next.a_step == last->a_step * last->count && next.b_step == last->b_step * last->count)
      last->count *= next.count;
    else
      runs.push_back(next);
  }
  while (runs.size() < 2) runs.push_back({1, 0, 0});
  return runs;
}

template <class T>
struct Operand {
  const T* data;
  int64_t row, column;
};
template <class T>
Operand<T> operand(const Tensor& tensor, bool vector_is_row) {
  int rank = tensor.rank();
  const Layout& layout = tensor.layout();
  if (rank == 1)
    return {pointer<T>(tensor), vector_is_row ? 0 : layout.stride(0), vector_is_row ? layout.stride(0) : 0};
  return {pointer<T>(tensor), layout.stride(rank - 2), layout.stride(rank - 1)};
}

// The innermost two runs are the kernel's, the others are walked through here.
template <class T>
void multiply_runs(const GemmArgs<T>& inner, const SmallVector<BatchRun, 4>& runs) {
  int64_t times = 1;
  for (size_t i = 2; i < runs.size(); ++i) times *= runs[i].count;
  for (int64_t t = 0; t < times; ++t) {
    GemmArgs<T> args = inner;
    int64_t rest = t;
    for (size_t i = 2; i < runs.size(); ++i) {
      const int64_t place = rest % runs[i].count;
      rest /= runs[i].count;
      args.a += place * runs[i].a_step;
      args.b += place * runs[i].b_step;
    }
    args.c += t * inner.batch * inner.c_batch;
    floating_kernels<T>().gemm(args);
  }
}

}  // namespace

bool matmul(const KernelCall& call) {
  const Tensor& out = call.out[0];
  // A vector with gaps would have the whole matrix packed.
  const auto side_by_side = [](const Tensor& x) { return x.rank() == 1 ? row_major(x) : x; };
  const Tensor a = side_by_side(call.in[0]), b = side_by_side(call.in[1]);
  if (out.numel() == 0 || a.numel() == 0) return false;
  size_t tail = static_cast<size_t>(a.rank() > 1) + static_cast<size_t>(b.rank() > 1);
  IntSpan batch = out.shape().first(out.shape().size() - tail);
  const SmallVector<BatchRun, 4> runs = batch_runs(a.layout(), b.layout(), batch);
  return with_floating(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto left = operand<T>(a, true), right = operand<T>(b, false);
    GemmArgs<T> args;
    args.m = a.rank() > 1 ? a.size(-2) : 1;
    args.n = b.rank() > 1 ? b.size(-1) : 1;
    args.k = a.shape().back();
    args.a = left.data, args.a_row = left.row, args.a_col = left.column;
    args.b = right.data, args.b_row = right.row, args.b_col = right.column;
    args.c = pointer<T>(out);
    args.c_row = args.n;
    args.c_batch = args.m * args.n;
    args.a_batch = runs[0].a_step, args.b_batch = runs[0].b_step;
    if (runs[1].count > 1) args.run = runs[0].count, args.a_run = runs[1].a_step, args.b_run = runs[1].b_step;
    args.batch = runs[0].count * runs[1].count;
    multiply_runs(args, runs);
    return true;
  });
}

// input (rows, features) @ weight.T + bias + residual
bool linear(const KernelCall& call) {
  const Tensor &weight = call.in[1], &bias = call.in[2], &out = call.out[0];
  if (out.numel() == 0 || call.in[0].numel() == 0) return false;
  const Tensor x = row_major(call.in[0]), b = row_major(bias), residual = row_major(call.in[3]);
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    GemmArgs<T> args;
    args.k = x.shape().back();
    args.m = x.numel() / args.k;
    args.n = weight.size(0);
    args.a = pointer<T>(x), args.a_row = args.k;
    args.b = pointer<T>(weight), args.b_row = weight.stride(1), args.b_col = weight.stride(0);
    args.c = pointer<T>(out), args.c_row = args.n;
    args.bias = pointer<T>(b);
    args.residual = pointer<T>(residual), args.residual_row = args.n;
    floating_kernels<T>().gemm(args);
    return true;
  });
}

// Inputs: input, weight, scale, bias. Halves compute in float32.
bool linear_packed(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (out.numel() == 0) return true;
  Tensor x = row_major_as(call.in[0], DType::float32), w = row_major(call.in[1]);
  Tensor scale = row_major(call.in[2]), bias = row_major_as(call.in[3], DType::float32);
  Tensor y = out.dtype() == DType::float32 ? out : empty(out.shape(), DType::float32);
  PackedLinearArgs args;
  args.features = w.size(1), args.outputs = out.shape().back(), args.rows = out.numel() / args.outputs;
  args.x = pointer<float>(x);
  args.dtype = w.dtype(), args.weight = w.raw_data();
  if (scale.defined()) args.groups = scale.size(1), args.scale = pointer<float>(scale);
  args.bias = pointer<float>(bias);
  args.y = pointer<float>(y);
  kernels().packed_linear(args);
  if (!y.is_same(out)) copy_elements(out, y);
  return true;
}

// Inputs: grad, input, weight, bias, residual and result, of which the last three are not saved.
bool linear_backward(const KernelCall& call) {
  Tensor g = row_major(call.in[0]), x = row_major(call.in[1]);
  const Tensor &weight = call.in[2], &grad_x = call.out[0], &grad_weight = call.out[1],
               &grad_bias = call.out[2];
  if (g.numel() == 0 || x.numel() == 0 || g.dtype() != x.dtype()) return false;
  if (grad_x.defined() && !grad_x.is_contiguous()) return false;
  if (grad_weight.defined() && !grad_weight.is_contiguous()) return false;
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    LinearGradientsArgs<T> args;
    args.features = x.shape().back(), args.outputs = weight.size(0), args.rows = x.numel() / args.features;
    args.g = pointer<T>(g), args.x = pointer<T>(x);
    args.weight = pointer<T>(weight), args.weight_row = weight.stride(0), args.weight_col = weight.stride(1);
    args.grad_x = pointer<T>(grad_x);
    args.grad_weight = pointer<T>(grad_weight);
    args.grad_bias = pointer<T>(grad_bias);
    floating_kernels<T>().linear_gradients(args);
    return true;
  });
}

}  // namespace rushlight::cpu
