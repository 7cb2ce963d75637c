// The kernels of the cpu backend: one table of functions for each instruction set.
#pragma once

#include "rushlight/backend/cpu/attention.h"
#include "rushlight/backend/cpu/cast.h"
#include "rushlight/backend/cpu/channel_norm.h"
#include "rushlight/backend/cpu/convolution.h"
#include "rushlight/backend/cpu/copy.h"
#include "rushlight/backend/cpu/extremes.h"
#include "rushlight/backend/cpu/gemm.h"
#include "rushlight/backend/cpu/indexing.h"
#include "rushlight/backend/cpu/kernel_levels.h"
#include "rushlight/backend/cpu/optimizer.h"
#include "rushlight/backend/cpu/packed_linear.h"
#include "rushlight/backend/cpu/pooling.h"
#include "rushlight/backend/cpu/random.h"
#include "rushlight/backend/cpu/reduction.h"
#include "rushlight/backend/cpu/row_kernels.h"
#include "rushlight/backend/cpu/weighing.h"
#include "rushlight/backend/map_loop.h"

namespace rushlight::cpu {

// What exists for float and for double. The headers above say what each computes.
template <class T>
struct FloatingKernels {
  void (*gemm)(const GemmArgs<T>&);
  void (*linear_gradients)(const LinearGradientsArgs<T>&);

  void (*convolution)(const ConvolutionArgs<T>&);
  void (*convolution_weight_gradient)(const WeightGradientArgs<T>&);

  void (*attention)(const AttentionArgs<T>&);
  void (*attention_backward)(const AttentionBackwardArgs<T>&);

  void (*layer_norm)(const LayerNormArgs<T>&);
  void (*layer_norm_backward)(const LayerNormBackwardArgs<T>&);
  void (*channel_norm)(const ChannelNormArgs<T>&);
  void (*channel_norm_backward)(const ChannelNormBackwardArgs<T>&);
  void (*max_pool)(const MaxPoolArgs<T>&);
  void (*weigh)(const WeighArgs<T>&);
  void (*max_pool_gradient)(const MaxPoolGradientArgs<T>&);
  void (*softmax)(const SoftmaxArgs<T>&);
  void (*softmax_backward)(const SoftmaxBackwardArgs<T>&);
  // Returns -1, or the first row whose target is out of range: then nothing was written.
  int64_t (*cross_entropy)(const CrossEntropyArgs<T>&);
  void (*cross_entropy_backward)(const CrossEntropyBackwardArgs<T>&);

  void (*reduce)(const ReductionArgs<T>&);
  void (*extreme)(const ExtremeArgs<T>&);
  // The places of the numbers that are not below the bound, or not above it: how many. There may be n of
  // them.
  int64_t (*find_beyond)(int64_t n, const T* x, T bound, bool above, uint32_t* places);
  void (*uniform)(const RandomArgs<T>&);
  void (*normal)(const RandomArgs<T>&);
  void (*dropout)(const DropoutArgs<T>&);
  void (*join)(const PickArgs&, Join how, T factor);  // factor is for sums
  void (*adam_step)(const AdamArgs<T>&);
  void (*sgd_step)(const SgdArgs<T>&);
};

struct Kernels {
  int vector_bytes;
  FloatingKernels<float> f32;
  FloatingKernels<double> f64;
  void (*packed_linear)(const PackedLinearArgs&);
  void (*copy)(const CopyArgs&);
  void (*fill)(const FillArgs&);
  void (*pick)(const PickArgs&);       // small <- large
  void (*put)(const PickArgs&);        // large <- small
  void (*put_value)(const PickArgs&);  // small is one element
  void (*put_sums)(const PickArgs&);   // of whole numbers, which wrap
  // count words, a multiple of four, from block `first` on.
  void (*random_words)(PhiloxKey, uint64_t first, int64_t count, uint32_t* to);
  // So many rounds of what registers can do at most: how many operations they were.
  double (*multiply_adds)(int64_t rounds, float* kept);
  // The loop of the op-th formula of MapOps for float, or double if `wide`: its forward part 0, or its
  // gradient with respect to operand part - 1. Null where the formula has none. run_map() calls it.
  MapLoop (*map_loop)(int op, int part, bool wide);
  CastRun (*cast_run)(int to, int from);  // of DTypes
};

// The table for chosen_isa(), picked at the first call.
const Kernels& kernels();

}  // namespace rushlight::cpu
