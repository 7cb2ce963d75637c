// What the optimizer steps need to know. A step updates a whole list of tensors in one pass over memory.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// `count` tensors of contiguous numbers; tensor i has sizes[i] of them.
template <class T>
struct AdamArgs {
  int64_t count = 0;
  const int64_t* sizes = nullptr;
  T* const* params = nullptr;
  const T* const* grads = nullptr;
  T *const *mean = nullptr, *const *variance = nullptr;
  T* const* largest_variance = nullptr;  // AMSGrad's, or null
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  double step = 1;              // 1 at the first call
  double grad_scale = 1;        // gradients are multiplied by it: clipping, or -1 to maximise
  bool decoupled_decay = true;  // AdamW; else the decay is added to the gradient
};

template <class T>
struct SgdArgs {
  int64_t count = 0;
  const int64_t* sizes = nullptr;
  T* const* params = nullptr;
  const T* const* grads = nullptr;
  T* const* momentum_buffers = nullptr;  // null without momentum
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  double grad_scale = 1;
  bool nesterov = false;
  bool first_step = false;  // the buffers hold nothing yet and become the gradient
};

}  // namespace rushlight::cpu
