// Kernels over rows: softmax, layer_norm, cross_entropy.
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {
bool along_last(const Tensor& tensor, int64_t dim) {
  return tensor.rank() && (dim == -1 || dim == tensor.rank() - 1) && tensor.numel() > 0;
}
}  // namespace

bool softmax(const KernelCall& call) {
  if (!along_last(call.in[0], call.attrs[0].as_int())) return false;
  Tensor x = row_major(call.in[0]), y = call.out[0];
  if (!y.is_contiguous()) y = empty(y.shape(), y.dtype());  // the same bits in any layout
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    SoftmaxArgs<T> args;
    args.n = x.shape().back();
    args.rows = x.numel() / args.n;
    args.log = call.id == OpId::log_softmax;
    args.x = pointer<T>(x);
    args.y = pointer<T>(y);
    floating_kernels<T>().softmax(args);
    if (!y.shares_storage(call.out[0])) copy_same_type(call.out[0], y);
    return true;
  });
}

// Inputs: grad, input (not saved), result.
bool softmax_backward(const KernelCall& call) {
  if (!along_last(call.in[2], call.attrs[0].as_int()) || !call.out[0].is_contiguous()) return false;
  Tensor g = row_major(call.in[0]), y = row_major(call.in[2]);
  if (g.dtype() != y.dtype()) return false;
  return with_floating(y.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    SoftmaxBackwardArgs<T> args;
    args.n = y.shape().back();
    args.rows = y.numel() / args.n;
    args.log = call.id == OpId::log_softmax;
    args.y = pointer<T>(y);
    args.grad = pointer<T>(g);
    args.grad_x = pointer<T>(call.out[0]);
    floating_kernels<T>().softmax_backward(args);
    return true;
  });
}

bool layer_norm(const KernelCall& call) {
  args::LayerNorm a(call.attrs);
  if (call.in[0].numel() == 0) return false;
  Tensor x = row_major(call.in[0]), weight = row_major(call.in[1]), bias = row_major(call.in[2]);
  for (const Tensor* t : {&weight, &bias})
    if (t->defined() && t->dtype() != x.dtype()) return false;
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    LayerNormArgs<T> args;
    args.n = checked_numel(a.normalized_shape, "layer_norm");
    args.rows = x.numel() / args.n;
    args.eps = a.eps;
    args.x = pointer<T>(x);
    args.weight = pointer<T>(weight);
    args.bias = pointer<T>(bias);
    args.y = pointer<T>(call.out[0]);
    Tensor spare;  // without recording nobody wants the statistics
    if (call.out.size() < 3) spare = empty(2 * args.rows, x.dtype());
    args.mean = spare.defined() ? pointer<T>(spare) : pointer<T>(call.out[1]);
    args.rstd = spare.defined() ? pointer<T>(spare) + args.rows : pointer<T>(call.out[2]);
    floating_kernels<T>().layer_norm(args);
    return true;
  });
}

// Inputs: grad, input, weight, bias (not saved), result (not saved), mean, 1/deviation.
bool layer_norm_backward(const KernelCall& call) {
  if (call.in[1].numel() == 0) return false;
  Tensor g = row_major(call.in[0]), x = row_major(call.in[1]), weight = row_major(call.in[2]);
  if (g.dtype() != x.dtype()) return false;
  for (const Tensor& out : call.out)
    if (out.defined() && (!out.is_contiguous() || out.dtype() != x.dtype())) return false;
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    LayerNormBackwardArgs<T> args;
    args.rows = call.in[5].numel();
    args.n = x.numel() / args.rows;
    args.x = pointer<T>(x);
    args.weight = pointer<T>(weight);
    args.mean = pointer<T>(call.in[5]);
    args.rstd = pointer<T>(call.in[6]);
    args.grad = pointer<T>(g);
    args.grad_x = pointer<T>(call.out[0]);
    args.grad_weight = pointer<T>(call.out[1]);
    args.grad_bias = pointer<T>(call.out[2]);
    floating_kernels<T>().layer_norm_backward(args);
    return true;
  });
}

namespace {
// (rows, classes) logits with int64 targets and one number as the result.
template <class T>
bool cross_entropy_args(const Tensor& logits, const Tensor& targets, const Tensor& weight, const Attrs& attrs,
                        CrossEntropyArgs<T>& args) {
  args::CrossEntropy a(attrs);
  const std::string& reduction = a.reduction;
  if (weight.defined() || a.label_smoothing != 0) return false;
  if (logits.rank() > 2 || logits.numel() == 0 || targets.dtype() != DType::int64 || reduction == "none")
    return false;
  args.n = logits.shape().back();
  args.rows = logits.numel() / args.n;
  args.mean = reduction == "mean";
  args.ignored = a.ignore_index;
  args.logits = pointer<T>(logits);
  args.targets = pointer<int64_t>(targets);
  return true;
}
}  // namespace

bool cross_entropy(const KernelCall& call) {
  Tensor logits = row_major(call.in[0]), targets = row_major(call.in[1]);
  return with_floating(logits.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    CrossEntropyArgs<T> args;
    if (!cross_entropy_args(logits, targets, call.in[2], call.attrs, args)) return false;
    Tensor rows = call.out.size() > 1 ? call.out[1] : empty(targets.shape(), logits.dtype());
    args.loss = pointer<T>(call.out[0]);
    args.logsumexp = pointer<T>(rows);
    return floating_kernels<T>().cross_entropy(args) < 0;  // no such class: the body says so
  });
}

// Inputs: grad, logits, targets, weight, result (not saved), logsumexp.
bool cross_entropy_backward(const KernelCall& call) {
  Tensor logits = row_major(call.in[1]), targets = row_major(call.in[2]);
  if (call.in[0].dtype() != logits.dtype() || call.in[0].numel() != 1 || !call.out[0].is_contiguous())
    return false;
  return with_floating(logits.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    CrossEntropyBackwardArgs<T> args;
    if (!cross_entropy_args(logits, targets, call.in[3], call.attrs, args.forward)) return false;
    for (int64_t i = 0; i < args.forward.rows; ++i) {  // .data may have changed them since the forward call
      int64_t target = args.forward.targets[i];
      if (target != args.forward.ignored && (target < 0 || target >= args.forward.n)) return false;
    }
    args.forward.logsumexp = pointer<T>(call.in[5]);
    args.grad = pointer<T>(call.in[0]);
    args.grad_logits = pointer<T>(call.out[0]);
    floating_kernels<T>().cross_entropy_backward(args);
    return true;
  });
}

}  // namespace rushlight::cpu
