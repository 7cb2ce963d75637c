// This instruction set's table of kernels.
#include "rushlight/backend/cpu/kernels.h"

#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

template <class T>
void gemm(const GemmArgs<T>&);
template <class T>
void linear_gradients(const LinearGradientsArgs<T>&);
template <class T>
void convolution(const ConvolutionArgs<T>&);
template <class T>
void convolution_weight_gradient(const WeightGradientArgs<T>&);
template <class T>
void attention(const AttentionArgs<T>&);
template <class T>
void attention_backward(const AttentionBackwardArgs<T>&);
template <class T>
void layer_norm(const LayerNormArgs<T>&);
template <class T>
void layer_norm_backward(const LayerNormBackwardArgs<T>&);
template <class T>
void channel_norm(const ChannelNormArgs<T>&);
template <class T>
void channel_norm_backward(const ChannelNormBackwardArgs<T>&);
template <class T>
void max_pool(const MaxPoolArgs<T>&);
template <class T>
void weigh(const WeighArgs<T>&);
template <class T>
void max_pool_gradient(const MaxPoolGradientArgs<T>&);
template <class T>
void softmax(const SoftmaxArgs<T>&);
template <class T>
void softmax_backward(const SoftmaxBackwardArgs<T>&);
template <class T>
int64_t cross_entropy(const CrossEntropyArgs<T>&);
template <class T>
void cross_entropy_backward(const CrossEntropyBackwardArgs<T>&);
template <class T>
void reduce(const ReductionArgs<T>&);
template <class T>
void extreme(const ExtremeArgs<T>&);
template <class T>
void join(const PickArgs&, Join how, T factor);
template <class T>
int64_t find_beyond(int64_t n, const T* x, T bound, bool above, uint32_t* places);
template <class T>
void uniform(const RandomArgs<T>&);
template <class T>
void normal(const RandomArgs<T>&);
template <class T>
void dropout(const DropoutArgs<T>&);
template <class T>
void adam_step(const AdamArgs<T>&);
template <class T>
void sgd_step(const SgdArgs<T>&);
double multiply_adds(int64_t rounds, float* kept);
void packed_linear(const PackedLinearArgs&);
void copy(const CopyArgs&);
void fill(const FillArgs&);
void pick(const PickArgs&);
void put(const PickArgs&);
void put_value(const PickArgs&);
void put_sums(const PickArgs&);
void random_words(PhiloxKey key, uint64_t first, int64_t count, uint32_t* to);
MapLoop map_loop(int op, int part, bool wide);
CastRun cast_run_between(int to, int from);

namespace {
template <class T>
constexpr FloatingKernels<T> kFloating{
    .gemm = gemm<T>,
    .linear_gradients = linear_gradients<T>,
    .convolution = convolution<T>,
    .convolution_weight_gradient = convolution_weight_gradient<T>,
    .attention = attention<T>,
    .attention_backward = attention_backward<T>,
    .layer_norm = layer_norm<T>,
    .layer_norm_backward = layer_norm_backward<T>,
    .channel_norm = channel_norm<T>,
    .channel_norm_backward = channel_norm_backward<T>,
    .max_pool = max_pool<T>,
    .weigh = weigh<T>,
    .max_pool_gradient = max_pool_gradient<T>,
    .softmax = softmax<T>,
    .softmax_backward = softmax_backward<T>,
    .cross_entropy = cross_entropy<T>,
    .cross_entropy_backward = cross_entropy_backward<T>,
    .reduce = reduce<T>,
    .extreme = extreme<T>,
    .find_beyond = find_beyond<T>,
    .uniform = uniform<T>,
    .normal = normal<T>,
    .dropout = dropout<T>,
    .join = join<T>,
    .adam_step = adam_step<T>,
    .sgd_step = sgd_step<T>,
};
}  // namespace

extern const Kernels kKernels;
constinit const Kernels kKernels{
    .vector_bytes = kVectorBytes,
    .f32 = kFloating<float>,
    .f64 = kFloating<double>,
    .packed_linear = packed_linear,
    .copy = copy,
    .fill = fill,
    .pick = pick,
    .put = put,
    .put_value = put_value,
    .put_sums = put_sums,
    .random_words = random_words,
    .multiply_adds = multiply_adds,
    .map_loop = map_loop,
    .cast_run = cast_run_between,
};

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
