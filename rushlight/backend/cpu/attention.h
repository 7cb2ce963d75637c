// What attention needs to know.
#pragma once

#include <cstdint>

#include "rushlight/base/philox.h"

namespace rushlight::cpu {

// Where heads lie in memory: strides in elements; the numbers of one head and token lie side by side.
struct HeadStrides {
  int64_t batch = 0, head = 0, token = 0;
};

// output = softmax(scale * Q K^T + mask) V for every batch and head, without the queries x keys matrix in
// memory. causal: query i sees the keys up to i. A query that sees no key yields zeros. Heads / shared_heads
// neighbours among the heads read the same keys and values. Queries and keys have head_size numbers, values
// and the output value_size.
template <class T>
struct AttentionArgs {
  int64_t batch = 0, heads = 0, shared_heads = 0, queries = 0, keys = 0, head_size = 0, value_size = 0;
  bool causal = false;
  double scale = 1;
  const T* mask = nullptr;  // null: none. Its keys lie side by side; where it is broadcast strides are 0
  HeadStrides mask_strides{};
  // A weight is dropped where dropout_with_key would drop it in a tensor of batch x heads x queries x keys.
  double dropout_p = 0;
  PhiloxKey dropout_key{};
  const T *q = nullptr, *k = nullptr, *v = nullptr;
  HeadStrides q_strides, k_strides, v_strides;
  T* output = nullptr;
  HeadStrides output_strides;
  T* logsumexp = nullptr;  // batch x heads x queries, contiguous; what backward needs
};

// Gradients of q, k and v are written, not added, those that are null left out; output and logsumexp are
// those of the forward call.
template <class T>
struct AttentionBackwardArgs {
  AttentionArgs<T> forward;
  const T* grad_output = nullptr;
  HeadStrides grad_output_strides;
  T *grad_q = nullptr, *grad_k = nullptr, *grad_v = nullptr;
  HeadStrides grad_q_strides, grad_k_strides, grad_v_strides;
};

}  // namespace rushlight::cpu
