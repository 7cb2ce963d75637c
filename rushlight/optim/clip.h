// Gradients that are too large, made smaller before the optimizer's step.
#pragma once

#include <vector>

#include "rushlight/core/tensor.h"

namespace rushlight::optim {

// The gradients there are.
std::vector<Tensor> grads_of(const std::vector<Tensor>& params);

// Scales all gradients so that their common norm is at most max_norm, and returns what it was.
// (Where only the step shall be clipped, an optimizer's clipped_step leaves the gradients alone, and is
// faster.)
Tensor clip_grad_norm_(const std::vector<Tensor>& params, double max_norm, double norm_type = 2,
                       bool error_if_nonfinite = false);
// Clamps every number of every gradient to [-clip_value, clip_value].
void clip_grad_value_(const std::vector<Tensor>& params, double clip_value);

}  // namespace rushlight::optim
