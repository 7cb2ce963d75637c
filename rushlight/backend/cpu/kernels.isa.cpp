// This instruction set's table of kernels.
#include "rushlight/backend/cpu/kernels.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

template <class T>
void gemm(const GemmArgs<T>&);
int64_t gemm_packed_size_f32(int64_t n, int64_t k);
void gemm_pack_f32(int64_t n, int64_t k, const float* b, int64_t b_row, int64_t b_col, float* out);
void attention(const AttentionArgs&);
void attention_backward(const AttentionBackwardArgs&);

extern const Kernels kKernels;
constinit const Kernels kKernels{
    .gemm_f32 = gemm<float>,
    .gemm_f64 = gemm<double>,
    .gemm_packed_size_f32 = gemm_packed_size_f32,
    .gemm_pack_f32 = gemm_pack_f32,
    .attention = attention,
    .attention_backward = attention_backward,
};

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
