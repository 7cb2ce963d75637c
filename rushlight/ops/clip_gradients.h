// How far gradients are scaled down so that their common norm is at most max_norm.
#pragma once

#include "rushlight/core/tensor.h"

namespace rushlight {

Tensor clip_factor(const Tensor& total_norm, double max_norm);

}  // namespace rushlight
