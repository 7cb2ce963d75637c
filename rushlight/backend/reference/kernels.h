// The kernels of the reference backend, by family. Plain loops over any layout: what an op means, in code.
#pragma once

#include <vector>

#include "rushlight/backend/backend.h"

namespace rushlight::reference {

bool map(const KernelCall& call);  // every MAP op and its gradients
bool full(const KernelCall& call);
bool copy_first(const KernelCall& call);  // clone, to: input -> result, cast
bool copy(const KernelCall& call);
bool as_strided_scatter(const KernelCall& call);
bool sum(const KernelCall& call);
bool max_dim(const KernelCall& call);
bool prod(const KernelCall& call);
bool any(const KernelCall& call);
bool all(const KernelCall& call);
bool amax(const KernelCall& call);
bool amin(const KernelCall& call);
bool min_dim(const KernelCall& call);
bool argmax(const KernelCall& call);
bool argmin(const KernelCall& call);
bool cumsum(const KernelCall& call);
bool cumprod(const KernelCall& call);
bool logcumsumexp(const KernelCall& call);
bool cummax(const KernelCall& call);
bool cummin(const KernelCall& call);
bool linear_recurrence(const KernelCall& call);
bool sort(const KernelCall& call);
bool topk(const KernelCall& call);
bool argsort_rows(const KernelCall& call);
bool median_dim(const KernelCall& call);
bool nanmedian_dim(const KernelCall& call);
bool mode(const KernelCall& call);
bool kthvalue(const KernelCall& call);
bool histc(const KernelCall& call);
bool searchsorted(const KernelCall& call);
bool nonzero_positions(const KernelCall& call);
bool matmul(const KernelCall& call);
bool linear_packed(const KernelCall& call);
bool inverse(const KernelCall& call);
bool linalg_det(const KernelCall& call);
bool linalg_slogdet(const KernelCall& call);
bool linalg_solve(const KernelCall& call);
bool linalg_solve_triangular(const KernelCall& call);
bool linalg_cholesky(const KernelCall& call);
bool linalg_qr(const KernelCall& call);
bool index(const KernelCall& call);
bool index_put(const KernelCall& call);
bool sequence(const KernelCall& call);
bool cat(const KernelCall& call);
bool gather(const KernelCall& call);
bool scatter(const KernelCall& call);
bool scatter_value(const KernelCall& call);
bool scatter_add(const KernelCall& call);
bool scatter_reduce(const KernelCall& call);
bool index_select(const KernelCall& call);
bool index_add(const KernelCall& call);
bool index_copy(const KernelCall& call);
bool index_fill(const KernelCall& call);
bool masked_scatter(const KernelCall& call);
bool random_key(const KernelCall& call);
bool dropout_with_key(const KernelCall& call);
bool uniform_with_key(const KernelCall& call);
bool normal_with_key(const KernelCall& call);
bool integers_with_key(const KernelCall& call);
bool permutation_with_key(const KernelCall& call);
bool convolution(const KernelCall& call);
bool convolution_weight_gradient(const KernelCall& call);
bool multinomial_with_key(const KernelCall& call);
bool max_pool(const KernelCall& call);
bool adaptive_max_pool(const KernelCall& call);
bool avg_pool(const KernelCall& call);
bool max_pool_gradient(const KernelCall& call);
bool avg_pool_gradient(const KernelCall& call);
bool resample(const KernelCall& call);
bool resample_gradient(const KernelCall& call);
bool im2col(const KernelCall& call);
bool col2im(const KernelCall& call);
bool adamw_step(const KernelCall& call);
bool adamw_amsgrad_step(const KernelCall& call);
bool adam_step(const KernelCall& call);
bool adam_amsgrad_step(const KernelCall& call);
bool sgd_step(const KernelCall& call);
bool sgd_momentum_step(const KernelCall& call);

// Totals are made in float64, those of whole numbers in 64 bits that wrap.
constexpr DType total_type(DType dtype) { return is_floating(dtype) ? DType::float64 : DType::uint64; }
// visit_total(dtype, f): f(TypeTag<Total>{}).
template <class F>
void visit_total(DType dtype, F&& f) {
  is_floating(dtype) ? f(TypeTag<double>{}) : f(TypeTag<uint64_t>{});
}

// Casts n elements; steps are counted in elements.
using CastRun = void (*)(void* to, int64_t to_step, const void* from, int64_t from_step, int64_t n);
CastRun cast_run(DType to, DType from);
// to <- from, broadcast and cast.
void copy_elements(const Tensor& to, const Tensor& from);
// A row-major copy, cast.
Tensor row_major_in(DType dtype, const Tensor& tensor);

// What is read while `written` is written: itself, or a copy where the two share memory.
inline Tensor apart(const Tensor& read, const Tensor& written) {
  return read.shares_storage(written) ? row_major_in(read.dtype(), read) : read;
}

// out's elements in row-major order <- the elements at these places of input's storage, or 0 where a place is
// negative.
void pick_elements(const Tensor& out, const Tensor& input, const std::vector<int64_t>& places);
// out <- input's elements that index names along dim.
void gather_elements(const Tensor& out, const Tensor& input, int64_t dim, const Tensor& index);

}  // namespace rushlight::reference
