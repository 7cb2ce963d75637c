// The kernels of the cpu backend: one table of functions for each instruction set.
#pragma once

#include "rushlight/backend/cpu/attention.h"
#include "rushlight/backend/cpu/gemm.h"

namespace rushlight::cpu {

struct Kernels {
  void (*gemm_f32)(const GemmArgs<float>&);
  void (*gemm_f64)(const GemmArgs<double>&);
  int64_t (*gemm_packed_size_f32)(int64_t n, int64_t k);  // floats
  void (*gemm_pack_f32)(int64_t n, int64_t k, const float* b, int64_t b_row, int64_t b_col, float* out);

  void (*attention)(const AttentionArgs&);
  void (*attention_backward)(const AttentionBackwardArgs&);
};

// The table for chosen_isa(), picked at the first call.
const Kernels& kernels();

}  // namespace rushlight::cpu
