// Attention.
#include <cmath>
#include <limits>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

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

namespace {

// Queries, keys and values of a token lie one behind the other: (..., tokens, 3, heads, size) without gaps.
template <class T>
AttentionArgs<T> self_attention_args(const Tensor& qkv, const Attrs& attrs) {
  const args::SelfAttention a(attrs);
  AttentionArgs<T> args;
  args.queries = args.keys = qkv.size(-4);
  args.heads = args.shared_heads = qkv.size(-2);
  args.head_size = args.value_size = qkv.size(-1);
  const int64_t third = args.heads * args.head_size;
  args.batch = qkv.numel() / (3 * third * args.queries);
  args.causal = a.is_causal;
  args.scale = a.scale.value_or(1 / std::sqrt(static_cast<double>(args.head_size)));
  args.q = pointer<T>(qkv), args.k = args.q + third, args.v = args.k + third;
  args.q_strides = args.k_strides = args.v_strides = {3 * third * args.queries, args.head_size, 3 * third};
  args.output_strides = {third * args.queries, args.head_size, third};
  return args;
}

}  // namespace

bool self_attention(const KernelCall& call) {
  if (call.in[0].numel() == 0) return false;
  const Tensor qkv = row_major_as(call.in[0], compute_type(call.in[0].dtype())), y = written_for(call.out[0]);
  const Tensor rows =
      call.out.size() > 1 ? call.out[1] : empty({qkv.numel() / (3 * qkv.size(-1))}, qkv.dtype());
  return with_floating(qkv.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto args = self_attention_args<T>(qkv, call.attrs);
    args.output = pointer<T>(y);
    args.logsumexp = pointer<T>(rows);
    floating_kernels<T>().attention(args);
    finish(call.out[0], y);
    return true;
  });
}

// Inputs: grad; qkv; result, logsumexp.
bool self_attention_backward(const KernelCall& call) {
  if (call.in[1].numel() == 0) return false;
  const DType type = compute_type(call.in[1].dtype());
  const Tensor g = row_major_as(call.in[0], type), qkv = row_major_as(call.in[1], type),
               y = row_major_as(call.in[2], type), gradient = written_for(call.out[0]);
  return with_floating(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    AttentionBackwardArgs<T> args;
    AttentionArgs<T>& forward = args.forward = self_attention_args<T>(qkv, call.attrs);
    forward.output = pointer<T>(y);
    forward.logsumexp = pointer<T>(call.in[3]);
    args.grad_output = pointer<T>(g), args.grad_output_strides = forward.output_strides;
    args.grad_q = pointer<T>(gradient);
    args.grad_k = args.grad_q + (forward.k - forward.q), args.grad_v = args.grad_q + (forward.v - forward.q);
    args.grad_q_strides = args.grad_k_strides = args.grad_v_strides = forward.q_strides;
    floating_kernels<T>().attention_backward(args);
    finish(call.out[0], gradient);
    return true;
  });
}

}  // namespace rushlight::cpu
