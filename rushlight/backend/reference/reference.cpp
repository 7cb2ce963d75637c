// The reference backend's table.
#include "rushlight/backend/reference/kernels.h"

namespace rushlight {

const Backend& reference_backend() {
  static const Backend backend = [] {
    Backend table("reference", host_allocator());
    for (int i = 0; i < op_count(); ++i) {
      OpId id = static_cast<OpId>(i);
      if (schema_of(id).kind != OpKind::map) continue;
      for (Part part : {Part::forward, Part::grad0, Part::grad1, Part::grad2})
        table.set(id, reference::map, part);
    }
    table.set(OpId::full, reference::full);
    table.set(OpId::clone, reference::copy_first);
    table.set(OpId::to, reference::copy_first);
    table.set(OpId::copy, reference::copy);
    table.set(OpId::as_strided_scatter, reference::as_strided_scatter);
    table.set(OpId::sum, reference::sum);
    table.set(OpId::max_dim, reference::max_dim);
    table.set(OpId::prod, reference::prod);
    table.set(OpId::any, reference::any);
    table.set(OpId::all, reference::all);
    table.set(OpId::amax, reference::amax);
    table.set(OpId::amin, reference::amin);
    table.set(OpId::min_dim, reference::min_dim);
    table.set(OpId::argmax, reference::argmax);
    table.set(OpId::argmin, reference::argmin);
    table.set(OpId::cumsum, reference::cumsum);
    table.set(OpId::cumprod, reference::cumprod);
    table.set(OpId::logcumsumexp, reference::logcumsumexp);
    table.set(OpId::cummax, reference::cummax);
    table.set(OpId::cummin, reference::cummin);
    table.set(OpId::linear_recurrence, reference::linear_recurrence);
    table.set(OpId::sort, reference::sort);
    table.set(OpId::topk, reference::topk);
    table.set(OpId::argsort_rows, reference::argsort_rows);
    table.set(OpId::median_dim, reference::median_dim);
    table.set(OpId::nanmedian_dim, reference::nanmedian_dim);
    table.set(OpId::mode, reference::mode);
    table.set(OpId::kthvalue, reference::kthvalue);
    table.set(OpId::histc, reference::histc);
    table.set(OpId::searchsorted, reference::searchsorted);
    table.set(OpId::nonzero_positions, reference::nonzero_positions);
    table.set(OpId::matmul, reference::matmul);
    table.set(OpId::linear_packed, reference::linear_packed);
    table.set(OpId::inverse, reference::inverse);
    table.set(OpId::linalg_det, reference::linalg_det);
    table.set(OpId::linalg_slogdet, reference::linalg_slogdet);
    table.set(OpId::linalg_solve, reference::linalg_solve);
    table.set(OpId::linalg_solve_triangular, reference::linalg_solve_triangular);
    table.set(OpId::linalg_cholesky, reference::linalg_cholesky);
    table.set(OpId::linalg_qr, reference::linalg_qr);
    table.set(OpId::index, reference::index);
    table.set(OpId::index_put, reference::index_put);
    table.set(OpId::fill, reference::copy);
    table.set(OpId::sequence, reference::sequence);
    table.set(OpId::cat, reference::cat);
    table.set(OpId::gather, reference::gather);
    table.set(OpId::scatter, reference::scatter);
    table.set(OpId::scatter_value, reference::scatter_value);
    table.set(OpId::scatter_add, reference::scatter_add);
    table.set(OpId::scatter_reduce, reference::scatter_reduce);
    table.set(OpId::index_select, reference::index_select);
    table.set(OpId::index_add, reference::index_add);
    table.set(OpId::index_copy, reference::index_copy);
    table.set(OpId::index_fill, reference::index_fill);
    table.set(OpId::masked_scatter, reference::masked_scatter);
    table.set(OpId::random_key, reference::random_key);
    table.set(OpId::dropout_with_key, reference::dropout_with_key);
    table.set(OpId::uniform_with_key, reference::uniform_with_key);
    table.set(OpId::normal_with_key, reference::normal_with_key);
    table.set(OpId::integers_with_key, reference::integers_with_key);
    table.set(OpId::permutation_with_key, reference::permutation_with_key);
    table.set(OpId::convolution, reference::convolution);
    table.set(OpId::convolution_weight_gradient, reference::convolution_weight_gradient);
    table.set(OpId::multinomial_with_key, reference::multinomial_with_key);
    table.set(OpId::max_pool, reference::max_pool);
    table.set(OpId::adaptive_max_pool, reference::adaptive_max_pool);
    table.set(OpId::avg_pool, reference::avg_pool);
    table.set(OpId::max_pool_gradient, reference::max_pool_gradient);
    table.set(OpId::avg_pool_gradient, reference::avg_pool_gradient);
    table.set(OpId::resample, reference::resample);
    table.set(OpId::resample_gradient, reference::resample_gradient);
    table.set(OpId::im2col, reference::im2col);
    table.set(OpId::col2im, reference::col2im);
    table.set(OpId::adamw_step, reference::adamw_step);
    table.set(OpId::adamw_amsgrad_step, reference::adamw_amsgrad_step);
    table.set(OpId::adam_step, reference::adam_step);
    table.set(OpId::adam_amsgrad_step, reference::adam_amsgrad_step);
    table.set(OpId::sgd_step, reference::sgd_step);
    table.set(OpId::sgd_momentum_step, reference::sgd_momentum_step);
    return table;
  }();
  return backend;
}

}  // namespace rushlight
