#include "rushlight/optim/clip.h"

#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"

namespace rushlight::optim {

std::vector<Tensor> grads_of(const std::vector<Tensor>& params) {
  std::vector<Tensor> grads;
  for (const Tensor& param : params)
    if (Tensor grad = param.grad(); grad.defined()) grads.push_back(std::move(grad));
  return grads;
}

Tensor clip_grad_norm_(const std::vector<Tensor>& params, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  NoGrad guard;
  const std::vector<Tensor> grads = grads_of(params);
  if (grads.empty()) return full({}, 0.0, {.dtype = default_dtype()});
  return clip_grad_norm(grads, max_norm, {.norm_type = norm_type, .error_if_nonfinite = error_if_nonfinite});
}

void clip_grad_value_(const std::vector<Tensor>& params, double clip_value) {
  NoGrad guard;
  const std::vector<Tensor> grads = grads_of(params);
  if (!grads.empty()) clip_grad_value(grads, clip_value);
}

}  // namespace rushlight::optim
