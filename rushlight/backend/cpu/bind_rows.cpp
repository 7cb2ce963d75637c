// Kernels over rows: softmax, layer_norm, rms_norm, cross_entropy.
#include <algorithm>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

// The tensor with dimension `dim` behind the others: its rows.
Tensor with_last(const Tensor& tensor, int64_t dim) {
  const Layout& layout = tensor.layout();
  Shape shape = to_ints(layout.shape());
  Strides strides = to_ints(layout.strides());
  const auto at = static_cast<size_t>(dim < 0 ? dim + layout.rank() : dim);
  std::rotate(shape.begin() + at, shape.begin() + at + 1, shape.end());
  std::rotate(strides.begin() + at, strides.begin() + at + 1, strides.end());
  return alias(tensor,
               Layout({shape.data(), shape.size()}, {strides.data(), strides.size()}, layout.offset()));
}

// Rows that a kernel writes: those of a result, or memory of their own for what lies otherwise.
struct ResultRows {
  ResultRows(const Tensor& result, int64_t dim)
      : out(with_last(result, dim)), rows(out.is_contiguous() ? out : empty(out.shape(), out.dtype())) {}
  void finish() const {
    if (!rows.is_same(out)) copy_same_type(out, rows);
  }

  Tensor out, rows;
};

// Rows along the last dimension, or side by side in memory. To turn others round costs as much as the body
// does.
bool has_rows(const Tensor& tensor, int64_t dim) {
  return tensor.rank() && tensor.numel() > 0 &&
         (dim == -1 || dim == tensor.rank() - 1 || with_last(tensor, dim).is_contiguous());
}

}  // namespace

bool softmax(const KernelCall& call) {
  const int64_t dim = call.attrs[0].as_int();
  if (!has_rows(call.in[0], dim)) return false;
  Tensor x = row_major(with_last(call.in[0], dim));
  const ResultRows y(call.out[0], dim);
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    SoftmaxArgs<T> args;
    args.n = x.shape().back();
    args.rows = x.numel() / args.n;
    args.log = call.id == OpId::log_softmax;
    args.x = pointer<T>(x);
    args.y = pointer<T>(y.rows);
    floating_kernels<T>().softmax(args);
    y.finish();
    return true;
  });
}

// Inputs: grad, input (not saved), result.
bool softmax_backward(const KernelCall& call) {
  const int64_t dim = call.attrs[0].as_int();
  if (!has_rows(call.in[2], dim) || call.in[0].dtype() != call.in[2].dtype()) return false;
  Tensor g = row_major(with_last(call.in[0], dim)), y = row_major(with_last(call.in[2], dim));
  const ResultRows grad_x(call.out[0], dim);
  return with_floating(y.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    SoftmaxBackwardArgs<T> args;
    args.n = y.shape().back();
    args.rows = y.numel() / args.n;
    args.log = call.id == OpId::log_softmax;
    args.y = pointer<T>(y);
    args.grad = pointer<T>(g);
    args.grad_x = pointer<T>(grad_x.rows);
    floating_kernels<T>().softmax_backward(args);
    grad_x.finish();
    return true;
  });
}

namespace {

// The norms over rows. Inputs: x, weight, perhaps a bias. Results: y and, where they are recorded, numbers of
// each row.
bool normalize(const KernelCall& call, int64_t n, double eps, bool centered) {
  if (call.in[0].numel() == 0) return false;
  Tensor x = row_major(call.in[0]), weight = row_major(call.in[1]), bias;
  if (call.in.size() > 2) bias = row_major(call.in[2]);
  for (const Tensor* t : {&weight, &bias})
    if (t->defined() && t->dtype() != x.dtype()) return false;
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    LayerNormArgs<T> args;
    args.n = n;
    args.rows = x.numel() / n;
    args.eps = eps;
    args.x = pointer<T>(x);
    args.weight = pointer<T>(weight);
    args.bias = pointer<T>(bias);
    args.y = pointer<T>(call.out[0]);
    Tensor spare;  // without recording nobody wants the statistics
    if (call.out.size() < 2) spare = empty(2 * args.rows, x.dtype());
    args.rstd = spare.defined() ? pointer<T>(spare) : pointer<T>(call.out.back());
    if (centered) args.mean = spare.defined() ? args.rstd + args.rows : pointer<T>(call.out[1]);
    floating_kernels<T>().layer_norm(args);
    return true;
  });
}

// `mean` may be undefined.
bool normalize_backward(const KernelCall& call, const Tensor& mean, const Tensor& rstd) {
  if (call.in[1].numel() == 0) return false;
  Tensor g = row_major(call.in[0]), x = row_major(call.in[1]), weight = row_major(call.in[2]);
  if (g.dtype() != x.dtype() || (weight.defined() && weight.dtype() != x.dtype())) return false;
  for (const Tensor& out : call.out)
    if (out.defined() && (!out.is_contiguous() || out.dtype() != x.dtype())) return false;
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    LayerNormBackwardArgs<T> args;
    args.rows = rstd.numel();
    args.n = x.numel() / args.rows;
    args.x = pointer<T>(x);
    args.weight = pointer<T>(weight);
    args.mean = pointer<T>(mean);
    args.rstd = pointer<T>(rstd);
    args.grad = pointer<T>(g);
    args.grad_x = pointer<T>(call.out[0]);
    args.grad_weight = pointer<T>(call.out[1]);
    if (call.out.size() > 2) args.grad_bias = pointer<T>(call.out[2]);
    floating_kernels<T>().layer_norm_backward(args);
    return true;
  });
}

}  // namespace

bool layer_norm(const KernelCall& call) {
  args::LayerNorm a(call.attrs);
  return normalize(call, checked_numel(a.normalized_shape, "layer_norm"), a.eps, true);
}
// Inputs: grad, input, weight, bias (not saved), result (not saved), mean, 1/deviation.
bool layer_norm_backward(const KernelCall& call) { return normalize_backward(call, call.in[5], call.in[6]); }

bool rms_norm(const KernelCall& call) {
  args::RmsNorm a(call.attrs);
  return normalize(call, checked_numel(a.normalized_shape, "rms_norm"),
                   a.eps.value_or(compute_epsilon(call.in[0].dtype())), false);
}
// Inputs: grad, input, weight, result (not saved), 1/root of the mean square.
bool rms_norm_backward(const KernelCall& call) { return normalize_backward(call, {}, call.in[4]); }

namespace {

// Logits with their classes last, classes as targets, and the weights of the classes; all row-major.
struct ClassScores {
  ClassScores(const Tensor& scores, const Tensor& classes, const Tensor& weights)
      : dim(scores.rank() > 1 ? 1 : 0),
        logits(row_major(with_last(scores, dim))),
        targets(row_major_as(classes, DType::int64)),
        weight(row_major_as(weights, scores.dtype())) {}

  template <class T>
  CrossEntropyArgs<T> args(const args::CrossEntropy& a) const {
    CrossEntropyArgs<T> args;
    args.n = logits.shape().back();
    args.rows = logits.numel() / args.n;
    args.each_row = a.reduction == "none";
    args.mean = a.reduction == "mean";
    args.ignored = a.ignore_index;
    args.smoothing = a.label_smoothing;
    args.logits = pointer<T>(logits);
    args.weight = pointer<T>(weight);
    args.targets = pointer<int64_t>(targets);
    return args;
  }

  int64_t dim;
  Tensor logits, targets, weight;
};

// Probabilities as targets are left to the body.
bool has_classes(const Tensor& logits, const Tensor& targets) {
  return has_kernels(logits.dtype()) && logits.numel() > 0 && is_integral(targets.dtype());
}

}  // namespace

bool cross_entropy(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (!has_classes(call.in[0], call.in[1]) || !out.is_contiguous()) return false;
  const ClassScores scores(call.in[0], call.in[1], call.in[2]);
  return with_floating(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    CrossEntropyArgs<T> args = scores.args<T>(args::CrossEntropy(call.attrs));
    Tensor rows = call.out.size() > 1 ? call.out[1] : empty(scores.targets.shape(), out.dtype());
    args.loss = pointer<T>(out);
    args.logsumexp = pointer<T>(rows);
    return floating_kernels<T>().cross_entropy(args) < 0;  // no such class: the body says so
  });
}

// Inputs: grad, logits, targets, weight, result (not saved), logsumexp. A target that wants a gradient holds
// probabilities.
bool cross_entropy_backward(const KernelCall& call) {
  if (!has_classes(call.in[1], call.in[2]) || call.in[0].dtype() != call.in[1].dtype()) return false;
  const ClassScores scores(call.in[1], call.in[2], call.in[3]);
  Tensor grad = row_major(call.in[0]);
  const ResultRows grad_logits(call.out[0], scores.dim);
  return with_floating(grad.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    CrossEntropyBackwardArgs<T> args;
    args.forward = scores.args<T>(args::CrossEntropy(call.attrs));
    if (grad.numel() != (args.forward.each_row ? args.forward.rows : 1)) return false;
    for (int64_t i = 0; i < args.forward.rows; ++i) {  // .data may have changed them since the forward call
      int64_t target = args.forward.targets[i];
      if (target != args.forward.ignored && (target < 0 || target >= args.forward.n)) return false;
    }
    args.forward.logsumexp = pointer<T>(call.in[5]);
    args.grad = pointer<T>(grad);
    args.grad_logits = pointer<T>(grad_logits.rows);
    floating_kernels<T>().cross_entropy_backward(args);
    grad_logits.finish();
    return true;
  });
}

}  // namespace rushlight::cpu
