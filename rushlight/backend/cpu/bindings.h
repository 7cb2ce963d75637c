// Between KernelCall and the pointer-level kernels: one function per op that the cpu backend runs, by family.
#pragma once

#include "rushlight/backend/backend.h"
#include "rushlight/backend/cpu/cuts.h"
#include "rushlight/backend/cpu/kernels.h"

namespace rushlight::cpu {

// Each declines (returns false) what it has no fast way for.
bool map(const KernelCall& call);
bool full(const KernelCall& call);
bool fill(const KernelCall& call);
bool copy_first(const KernelCall& call);  // clone, to
bool copy(const KernelCall& call);
bool tril(const KernelCall& call);
bool triu(const KernelCall& call);
bool as_strided_scatter(const KernelCall& call);
bool cat(const KernelCall& call);
bool sequence(const KernelCall& call);
bool masked_scatter(const KernelCall& call);
bool nonzero_positions(const KernelCall& call);
bool index(const KernelCall& call);
bool index_put(const KernelCall& call);
bool gather(const KernelCall& call);
bool scatter(const KernelCall& call);
bool scatter_value(const KernelCall& call);
bool scatter_add(const KernelCall& call);
bool scatter_reduce(const KernelCall& call);
bool index_select(const KernelCall& call);
bool index_add(const KernelCall& call);
bool index_copy(const KernelCall& call);
bool index_fill(const KernelCall& call);
bool dropout_with_key(const KernelCall& call);
bool uniform_with_key(const KernelCall& call);
bool normal_with_key(const KernelCall& call);
bool integers_with_key(const KernelCall& call);
bool permutation_with_key(const KernelCall& call);
bool multinomial_with_key(const KernelCall& call);
bool sort(const KernelCall& call);
bool topk(const KernelCall& call);
bool median_dim(const KernelCall& call);
bool nanmedian_dim(const KernelCall& call);
bool kthvalue(const KernelCall& call);
bool searchsorted(const KernelCall& call);
bool cumsum(const KernelCall& call);
bool cumprod(const KernelCall& call);
bool logcumsumexp(const KernelCall& call);
bool cummax(const KernelCall& call);
bool cummin(const KernelCall& call);
bool linear_recurrence(const KernelCall& call);
bool sum(const KernelCall& call);
bool prod(const KernelCall& call);
bool any(const KernelCall& call);
bool all(const KernelCall& call);
bool max_dim(const KernelCall& call);
bool min_dim(const KernelCall& call);
bool amax(const KernelCall& call);
bool amin(const KernelCall& call);
bool argmax(const KernelCall& call);
bool argmin(const KernelCall& call);
bool matmul(const KernelCall& call);
bool linear(const KernelCall& call);
bool linear_backward(const KernelCall& call);
bool linear_packed(const KernelCall& call);
bool convolution(const KernelCall& call);
bool convolution_weight_gradient(const KernelCall& call);
bool max_pool(const KernelCall& call);
bool avg_pool(const KernelCall& call);
bool avg_pool_gradient(const KernelCall& call);
bool resample(const KernelCall& call);
bool resample_gradient(const KernelCall& call);
bool im2col(const KernelCall& call);
bool col2im(const KernelCall& call);
bool adaptive_max_pool(const KernelCall& call);
bool max_pool_gradient(const KernelCall& call);
bool softmax(const KernelCall& call);
bool softmax_backward(const KernelCall& call);
bool layer_norm(const KernelCall& call);
bool layer_norm_backward(const KernelCall& call);
bool rms_norm(const KernelCall& call);
bool rms_norm_backward(const KernelCall& call);
bool channel_norm(const KernelCall& call);
bool channel_norm_backward(const KernelCall& call);
bool cross_entropy(const KernelCall& call);
bool cross_entropy_backward(const KernelCall& call);
bool attention(const KernelCall& call);
bool attention_backward(const KernelCall& call);
bool self_attention(const KernelCall& call);
bool self_attention_backward(const KernelCall& call);
bool adamw_step(const KernelCall& call);
bool adamw_amsgrad_step(const KernelCall& call);
bool adam_step(const KernelCall& call);
bool adam_amsgrad_step(const KernelCall& call);
bool sgd_step(const KernelCall& call);
bool sgd_momentum_step(const KernelCall& call);

// For what is too rare to be fast.
inline bool by_reference(const KernelCall& call) {
  return reference_backend().kernel(call.id, call.part)(call);
}

// ... or what the fast way declines, of an op that has no body: this is no fallback worth a warning.
template <Kernel Fast>
bool or_by_reference(const KernelCall& call) {
  return Fast(call) || by_reference(call);
}

// Halves are computed in float32: the kernel runs on copies, and its results are rounded.
bool in_float32(const KernelCall& call, Kernel kernel);
template <Kernel Fast>
bool or_in_float32(const KernelCall& call) {
  return is_half(call.out[0].dtype()) ? in_float32(call, Fast) : Fast(call);
}

// A dtype that has kernels of its own, and those kernels.
inline bool has_kernels(DType dtype) { return dtype == DType::float32 || dtype == DType::float64; }
template <class T>
const FloatingKernels<T>& floating_kernels() {
  if constexpr (std::is_same_v<T, float>)
    return kernels().f32;
  else
    return kernels().f64;
}
// body(TypeTag<float>{}) or body(TypeTag<double>{}); false for any other dtype.
template <class Body>
bool with_floating(DType dtype, Body&& body) {
  if (dtype == DType::float32) return body(TypeTag<float>{});
  if (dtype == DType::float64) return body(TypeTag<double>{});
  return false;
}

inline CastRun cast_run(DType to, DType from) {
  return kernels().cast_run(static_cast<int>(to), static_cast<int>(from));
}

template <class T>
T* pointer(const Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.raw_data()) : nullptr;
}
// to <- from, broadcast, any strides; the second of the two casts where the types differ.
void copy_same_type(const Tensor& to, const Tensor& from);
void copy_elements(const Tensor& to, const Tensor& from);
// The tensor itself, or a row-major copy (of that type) for the length of a call.
Tensor row_major(const Tensor& tensor);
Tensor row_major_as(const Tensor& tensor, DType dtype);
// An image, channel after channel or pixel after pixel without gaps; and another in the same order.
inline bool is_dense_image(const Tensor& x) { return x.is_contiguous() || x.layout().is_channels_last(); }
Tensor image_like(const Tensor& image, const Tensor& like);

}  // namespace rushlight::cpu
