// Matrix products and attention.
#include <cmath>
#include <limits>

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
    int64_t features = x.shape().back(), outputs = weight.size(0), rows = x.numel() / features;
    if (grad_x.defined()) {
      GemmArgs<T> args;
      args.m = rows, args.n = features, args.k = outputs;
      args.a = pointer<T>(g), args.a_row = outputs;
      args.b = pointer<T>(weight), args.b_row = weight.stride(0), args.b_col = weight.stride(1);
      args.c = pointer<T>(grad_x), args.c_row = features;
      floating_kernels<T>().gemm(args);
    }
    if (grad_weight.defined()) {
      GemmArgs<T> args;
      args.m = outputs, args.n = features, args.k = rows;
      args.a = pointer<T>(g), args.a_row = 1, args.a_col = outputs;
      args.b = pointer<T>(x), args.b_row = features;
      args.c = pointer<T>(grad_weight), args.c_row = features;
      floating_kernels<T>().gemm(args);
    }
    if (grad_bias.defined()) sum_rows(rows, outputs, pointer<T>(g), pointer<T>(grad_bias));
    return true;
  });
}

// -- attention

namespace {

// (batch..., heads, tokens, size) as kernels see it; declines what has no single batch step or scattered
// heads.
struct Heads {
  int64_t batch = 1, heads = 1, tokens = 0, size = 0;
  HeadStrides strides;
};
bool heads_of(const Tensor& t, Heads& heads) {
  const Layout& layout = t.layout();
  int rank = layout.rank();
  heads.tokens = layout.size(rank - 2);
  heads.size = layout.size(rank - 1);
  heads.strides.token = layout.stride(rank - 2);
  if (heads.size != 1 && layout.stride(rank - 1) != 1) return false;
  if (rank >= 3) {
    heads.heads = layout.size(rank - 3);
    heads.strides.head = layout.stride(rank - 3);
  }
  for (int d = rank - 4; d >= 0; --d) {
    if (layout.size(d) == 1) continue;
    if (heads.batch == 1)
      heads.strides.batch = layout.stride(d);
    else if (layout.stride(d) != heads.strides.batch * heads.batch)
      return false;
    heads.batch *= layout.size(d);
  }
  return true;
}
// Halves are computed in float32.
Tensor side_by_side(const Tensor& t) {
  Heads heads;
  return !is_half(t.dtype()) && heads_of(t, heads) ? t : row_major_as(t, compute_type(t.dtype()));
}

// What a kernel writes for `result`, whose numbers may be halves. Undefined where that is.
Tensor written_for(const Tensor& result) {
  return result.defined() && is_half(result.dtype()) ? empty(result.shape(), DType::float32) : result;
}
void finish(const Tensor& result, const Tensor& written) {
  if (result.defined() && !written.is_same(result)) copy_elements(result, written);
}

// The mask as numbers to be added, as many as it has: strides are 0 where it is broadcast. Declines one that
// is broadcast in some leading dimensions only.
bool mask_of(const Tensor& mask, const Tensor& q, int64_t keys, Tensor& numbers, HeadStrides& strides) {
  if (mask.rank() == 0) return false;
  Shape shape = to_ints(mask.shape());
  shape.back() = keys;
  numbers = mask;
  if (mask.dtype() != q.dtype() || !mask.is_contiguous() || mask.size(-1) != keys) {
    numbers = empty(IntList(shape), q.dtype());
    copy_elements(numbers, mask);
    if (mask.dtype() == DType::boolean)
      with_floating(q.dtype(), [&](auto tag) {
        using T = typename decltype(tag)::type;
        for (T& v : std::span(pointer<T>(numbers), static_cast<size_t>(numbers.numel())))
          v = v != 0 ? T(0) : -std::numeric_limits<T>::infinity();
        return true;
      });
  }
  const int rank = numbers.rank(), lead = q.rank() - rank;
  const auto step = [&](int d) { return d >= 0 && numbers.size(d) > 1 ? numbers.layout().stride(d) : 0; };
  strides = {0, step(rank - 3), step(rank - 2)};
  bool spread = false;
  for (int d = q.rank() - 4; d >= 0; --d) {
    if (q.size(d) == 1) continue;
    const bool own = d >= lead && numbers.size(d - lead) > 1;
    if (strides.batch == 0 && own && !spread)
      strides.batch = step(d - lead);
    else if (own == (strides.batch == 0))
      return false;
    spread |= !own;
  }
  return true;
}

PhiloxKey key_of_dropout(const Tensor& key) {
  const auto* words = pointer<const uint64_t>(key);
  return {words[0], words[1]};
}

template <class T>
bool attention_args(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                    const Tensor& dropout_key, const Tensor& out, const Tensor& logsumexp, const Attrs& attrs,
                    AttentionArgs<T>& args) {
  args::Attention a(attrs);
  Heads hq, hk, hv, ho;
  if (!heads_of(q, hq) || !heads_of(k, hk) || !heads_of(v, hv) || !heads_of(out, ho)) return false;
  args.batch = hq.batch, args.heads = hq.heads, args.shared_heads = hk.heads, args.queries = hq.tokens,
  args.keys = hk.tokens, args.head_size = hq.size, args.value_size = hv.size;
  args.causal = a.is_causal;
  args.scale = a.scale.value_or(1 / std::sqrt(static_cast<double>(hq.size)));
  args.q = pointer<T>(q), args.q_strides = hq.strides;
  args.k = pointer<T>(k), args.k_strides = hk.strides;
  args.v = pointer<T>(v), args.v_strides = hv.strides;
  args.output = pointer<T>(out), args.output_strides = ho.strides;
  args.logsumexp = pointer<T>(logsumexp);
  args.mask = pointer<T>(mask);
  args.dropout_p = a.dropout_p;
  if (a.dropout_p > 0) args.dropout_key = key_of_dropout(dropout_key);
  return true;
}

}  // namespace

bool attention(const KernelCall& call) {
  if (call.out[0].numel() == 0 || call.in[1].numel() == 0) return false;
  Tensor q = side_by_side(call.in[0]), k = side_by_side(call.in[1]), v = side_by_side(call.in[2]), mask;
  Tensor rows = call.out.size() > 1 ? call.out[1] : empty(q.shape().first(q.shape().size() - 1), q.dtype());
  Tensor y = written_for(call.out[0]);
  return with_floating(q.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    AttentionArgs<T> args;
    if (call.in[3].defined() && !mask_of(call.in[3], q, k.size(-2), mask, args.mask_strides)) return false;
    if (!attention_args(q, k, v, mask, call.in[4], y, rows, call.attrs, args)) return false;
    floating_kernels<T>().attention(args);
    finish(call.out[0], y);
    return true;
  });
}

// Inputs: grad; query, key, value, mask, dropout's key; result, logsumexp. The gradient of a mask needs the
// whole matrix.
bool attention_backward(const KernelCall& call) {
  if (call.out[3].defined()) return false;
  for (size_t i = 1; i < 4; ++i)
    if (call.in[i].numel() == 0) return false;
  Tensor g = side_by_side(call.in[0]), q = side_by_side(call.in[1]), k = side_by_side(call.in[2]),
         v = side_by_side(call.in[3]), y = side_by_side(call.in[6]), mask;
  const Tensor grads[] = {written_for(call.out[0]), written_for(call.out[1]), written_for(call.out[2])};
  Heads hg, heads[3];
  for (size_t i = 0; i < 3; ++i)
    if (grads[i].defined() && !heads_of(grads[i], heads[i])) return false;
  return with_floating(q.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    AttentionBackwardArgs<T> args;
    if (call.in[4].defined() && !mask_of(call.in[4], q, k.size(-2), mask, args.forward.mask_strides))
      return false;
    if (g.dtype() != q.dtype() || !heads_of(g, hg) ||
        !attention_args(q, k, v, mask, call.in[5], y, call.in[7], call.attrs, args.forward))
      return false;
    args.grad_output = pointer<T>(g), args.grad_output_strides = hg.strides;
    args.grad_q = pointer<T>(grads[0]), args.grad_q_strides = heads[0].strides;
    args.grad_k = pointer<T>(grads[1]), args.grad_k_strides = heads[1].strides;
    args.grad_v = pointer<T>(grads[2]), args.grad_v_strides = heads[2].strides;
    floating_kernels<T>().attention_backward(args);
    for (size_t i = 0; i < 3; ++i) finish(call.out[i], grads[i]);
    return true;
  });
}

}  // namespace rushlight::cpu
