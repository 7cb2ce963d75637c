// Gradients kept within bounds, over lists of tensors and in place.
#include "rushlight/ops/clip_gradients.h"

#include <cmath>

#include "rushlight/engine/context.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

Tensor clip_factor(const Tensor& total_norm, double max_norm) {
  return clamp_max(max_norm / (total_norm + 1e-6), 1.0);
}

namespace {

void expect_gradient(const OpCall& call, size_t i) {
  if (!call.in[i].defined())
    fail(ErrorKind::type, "[", call.name(), "] gradient ", i, " must be a tensor, but none was given");
  if (!is_floating(call.in[i].dtype()))
    fail(ErrorKind::type, "[", call.name(), "] gradient ", i, " must be floating point, but it is ",
         call.in[i].dtype());
}

void clip_grads_with_norm_infer(OpCall& call) {
  size_t count = call.in.size() - 1;
  const Tensor& norm = call.in[count];
  if (!norm.defined() || norm.numel() != 1)
    fail(ErrorKind::value, "[clip_grads_with_norm] total_norm must be one number");
  for (size_t i = 0; i < count; ++i) {
    expect_gradient(call, i);
    call.emit(call.in[i].layout().dense_like(), call.in[i].dtype());
  }
}
void clip_grads_with_norm_body(OpCall& call) {
  size_t count = call.in.size() - 1;
  Tensor scale = clip_factor(reshape(call.in[count], {}), args::ClipGradsWithNorm(call.attrs).max_norm);
  for (size_t i = 0; i < count; ++i)
    call.out.push_back(to(call.in[i] * scale, call.in[i].dtype()));  // numbers promote each other
}

void clip_grad_value_infer(OpCall& call) {
  for (size_t i = 0; i < call.in.size(); ++i) {
    expect_gradient(call, i);
    call.emit(call.in[i].layout().dense_like(), call.in[i].dtype());
  }
}
void clip_grad_value_body(OpCall& call) {
  double bound = args::ClipGradValue(call.attrs).clip_value;
  for (size_t i = 0; i < call.in.size(); ++i)
    call.out.push_back(clamp_max(clamp_min(call.in[i], -bound), bound));
}

OpDef clipping(OpId id, void (*infer)(OpCall&), void (*body)(OpCall&)) {
  OpDef def{id};
  def.infer = infer;
  def.body = body;
  return def;
}

}  // namespace

namespace defs {
const OpDef clip_grads_with_norm =
    clipping(OpId::clip_grads_with_norm, clip_grads_with_norm_infer, clip_grads_with_norm_body);
const OpDef clip_grad_value = clipping(OpId::clip_grad_value, clip_grad_value_infer, clip_grad_value_body);
}  // namespace defs

Tensor get_total_norm(TensorList tensors, const GetTotalNormOptions& options) {
  NoGrad guard;
  if (tensors.size() == 0) return full({}, 0.0);
  std::vector<Tensor> norms;
  for (const Tensor& tensor : tensors) {
    if (!tensor.defined()) fail(ErrorKind::type, "[get_total_norm] one of the tensors was not given");
    norms.push_back(vector_norm(tensor, {.ord = options.norm_type}));
  }
  Tensor total = vector_norm(stack(norms), {.ord = options.norm_type});
  if (options.error_if_nonfinite) total.touch_elements("get_total_norm");
  if (options.error_if_nonfinite && !isfinite(total).item<bool>())
    fail(ErrorKind::runtime, "[get_total_norm] the total norm of order ", options.norm_type,
         " is not finite, so that the gradients cannot be clipped by it; error_if_nonfinite=False lets it "
         "pass");
  return total;
}

Tensor clip_grad_norm(TensorList grads, double max_norm, const ClipGradNormOptions& options) {
  NoGrad guard;
  Tensor total = get_total_norm(
      grads, {.norm_type = options.norm_type, .error_if_nonfinite = options.error_if_nonfinite});
  clip_grads_with_norm(grads, total, max_norm);
  return total;
}

}  // namespace rushlight
