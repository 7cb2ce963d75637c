// The gradients of the MAP ops as formulas on whole tensors, to be differentiated again.
#pragma once

#include "rushlight/core/schema.h"
#include "rushlight/ops/tensor_number.h"

namespace rushlight {

// What the formula does not read may be undefined.
using GradFormula = TensorNumber (*)(const TensorNumber& gradient, const TensorNumber* operands,
                                     const TensorNumber& result, const double* params);

// REQUIRES: the op is differentiable and has this operand.
GradFormula grad_formula(OpId id, size_t operand);

}  // namespace rushlight
