// The cpu backend's table. What is not here runs as a composite's body or on the reference kernel.
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/backend/machine_limits.h"

namespace rushlight {

const Backend& cpu_backend() {
  static const Backend backend = [] {
    Backend table("cpu", host_allocator());
    for (int i = 0; i < op_count(); ++i) {
      OpId id = static_cast<OpId>(i);
      if (schema_of(id).kind != OpKind::map) continue;
      for (Part part : {Part::forward, Part::grad0, Part::grad1, Part::grad2}) table.set(id, cpu::map, part);
    }
    table.set(OpId::full, cpu::full);
    table.set(OpId::fill, cpu::fill);
    table.set(OpId::clone, cpu::copy_first);
    table.set(OpId::to, cpu::copy_first);
    table.set(OpId::copy, cpu::copy);
    table.set(OpId::tril, cpu::tril);
    table.set(OpId::triu, cpu::triu);
    table.set(OpId::as_strided_scatter, cpu::as_strided_scatter);
    table.set(OpId::cat, cpu::cat);
    table.set(OpId::sequence, cpu::sequence);
    table.set(OpId::masked_scatter, cpu::masked_scatter);
    table.set(OpId::nonzero_positions, cpu::nonzero_positions);
    table.set(OpId::index, cpu::index);
    table.set(OpId::index_put, cpu::index_put);
    table.set(OpId::gather, cpu::gather);
    table.set(OpId::scatter, cpu::scatter);
    table.set(OpId::scatter_value, cpu::scatter_value);
    table.set(OpId::scatter_add, cpu::scatter_add);
    table.set(OpId::scatter_reduce, cpu::scatter_reduce);
    table.set(OpId::index_select, cpu::index_select);
    table.set(OpId::index_add, cpu::index_add);
    table.set(OpId::index_copy, cpu::index_copy);
    table.set(OpId::index_fill, cpu::index_fill);
    table.set(OpId::dropout_with_key, cpu::dropout_with_key);
    table.set(OpId::uniform_with_key, cpu::uniform_with_key);
    table.set(OpId::normal_with_key, cpu::normal_with_key);
    table.set(OpId::integers_with_key, cpu::integers_with_key);
    table.set(OpId::permutation_with_key, cpu::permutation_with_key);
    table.set(OpId::multinomial_with_key, cpu::multinomial_with_key);
    table.set(OpId::sort, cpu::sort);
    table.set(OpId::topk, cpu::topk);
    table.set(OpId::median_dim, cpu::median_dim);
    table.set(OpId::nanmedian_dim, cpu::nanmedian_dim);
    table.set(OpId::kthvalue, cpu::kthvalue);
    table.set(OpId::searchsorted, cpu::searchsorted);
    table.set(OpId::cumsum, cpu::cumsum);
    table.set(OpId::cumprod, cpu::cumprod);
    table.set(OpId::logcumsumexp, cpu::logcumsumexp);
    table.set(OpId::cummax, cpu::cummax);
    table.set(OpId::cummin, cpu::cummin);
    table.set(OpId::linear_recurrence, cpu::linear_recurrence);
    table.set(OpId::sum, cpu::sum);
    table.set(OpId::prod, cpu::prod);
    table.set(OpId::any, cpu::any);
    table.set(OpId::all, cpu::all);
    table.set(OpId::max_dim, cpu::max_dim);
    table.set(OpId::min_dim, cpu::min_dim);
    table.set(OpId::amax, cpu::amax);
    table.set(OpId::amin, cpu::amin);
    table.set(OpId::argmax, cpu::argmax);
    table.set(OpId::argmin, cpu::argmin);
    table.set(OpId::matmul, cpu::or_by_reference<cpu::or_in_float32<cpu::matmul>>);
    table.set(OpId::linear, cpu::linear);
    table.set(OpId::linear, cpu::linear_backward, Part::backward);
    table.set(OpId::linear_packed, cpu::linear_packed);
    table.set(OpId::convolution, cpu::or_in_float32<cpu::convolution>);
    table.set(OpId::convolution_weight_gradient, cpu::or_in_float32<cpu::convolution_weight_gradient>);
    table.set(OpId::max_pool, cpu::max_pool);
    table.set(OpId::avg_pool, cpu::avg_pool);
    table.set(OpId::avg_pool_gradient, cpu::avg_pool_gradient);
    table.set(OpId::resample, cpu::resample);
    table.set(OpId::resample_gradient, cpu::resample_gradient);
    table.set(OpId::im2col, cpu::im2col);
    table.set(OpId::col2im, cpu::col2im);
    table.set(OpId::adaptive_max_pool, cpu::adaptive_max_pool);
    table.set(OpId::max_pool_gradient, cpu::max_pool_gradient);
    table.set(OpId::softmax, cpu::softmax);
    table.set(OpId::softmax, cpu::softmax_backward, Part::backward);
    table.set(OpId::log_softmax, cpu::softmax);
    table.set(OpId::log_softmax, cpu::softmax_backward, Part::backward);
    table.set(OpId::layer_norm, cpu::layer_norm);
    table.set(OpId::layer_norm, cpu::layer_norm_backward, Part::backward);
    table.set(OpId::rms_norm, cpu::rms_norm);
    table.set(OpId::rms_norm, cpu::rms_norm_backward, Part::backward);
    table.set(OpId::channel_norm, cpu::or_in_float32<cpu::channel_norm>);
    table.set(OpId::channel_norm, cpu::channel_norm_backward, Part::backward);
    table.set(OpId::cross_entropy, cpu::cross_entropy);
    table.set(OpId::cross_entropy, cpu::cross_entropy_backward, Part::backward);
    table.set(OpId::attention, cpu::attention);
    table.set(OpId::attention, cpu::attention_backward, Part::backward);
    table.set(OpId::self_attention, cpu::self_attention);
    table.set(OpId::self_attention, cpu::self_attention_backward, Part::backward);
    table.set(OpId::adamw_step, cpu::or_by_reference<cpu::adamw_step>);
    table.set(OpId::adamw_amsgrad_step, cpu::or_by_reference<cpu::adamw_amsgrad_step>);
    table.set(OpId::adam_step, cpu::or_by_reference<cpu::adam_step>);
    table.set(OpId::adam_amsgrad_step, cpu::or_by_reference<cpu::adam_amsgrad_step>);
    table.set(OpId::sgd_step, cpu::or_by_reference<cpu::sgd_step>);
    table.set(OpId::sgd_momentum_step, cpu::or_by_reference<cpu::sgd_momentum_step>);
    // Plain loops do here too: these run once for a model or an evaluation, and random_key makes 16 bytes.
    for (OpId rare : {OpId::random_key, OpId::argsort_rows, OpId::mode, OpId::histc, OpId::inverse,
                      OpId::linalg_det, OpId::linalg_slogdet, OpId::linalg_solve,
                      OpId::linalg_solve_triangular, OpId::linalg_cholesky, OpId::linalg_qr})
      table.set(rare, cpu::by_reference);
    return table;
  }();
  return backend;
}

double internal::multiply_adds(int64_t rounds, float* kept) {
  return cpu::kernels().multiply_adds(rounds, kept);
}

}  // namespace rushlight
