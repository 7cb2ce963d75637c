// Layers that make images smaller: the largest or the mean of each window. And larger again.
#pragma once

#include "rushlight/generated/functions.h"
#include "rushlight/nn/layer.h"

namespace rushlight::nn {

// A window and the options of the op: nn::MaxPool2d(3, {.stride = 2, .padding = 1}). The stride is the
// window's size where it is not said.
template <class Self, class Options, Tensor (*op)(const Tensor&, const IntList&, const Options&)>
class Pool : public Layer<Self> {
 public:
  explicit Pool(IntList kernel_size, const Options& options = {})
      : kernel_size_(std::move(kernel_size)), options_(options) {}
  Tensor forward(const Tensor& x) const { return op(x, kernel_size_, options_); }
  std::string details() const override {
    const IntList& stride = options_.stride ? *options_.stride : kernel_size_;
    std::string text = join_text("kernel_size=", words(kernel_size_), ", stride=", words(stride),
                                 ", padding=", words(options_.padding));
    if constexpr (requires { options_.dilation; })
      text += join_text(", dilation=", words(options_.dilation), ", ceil_mode=", options_.ceil_mode);
    return text;
  }

  const IntList& kernel_size() const { return kernel_size_; }
  const Options& options() const { return options_; }

 private:
  static std::string words(const IntList& list) {
    constexpr bool kAlwaysList = std::is_same_v<Options, AvgPool1dOptions>;  // as PyTorch has it
    return kAlwaysList ? join_text(static_cast<IntSpan>(list)) : sizes_in_words(list);
  }

  IntList kernel_size_;
  Options options_;
};

struct MaxPool1d : Pool<MaxPool1d, MaxPool1dOptions, max_pool1d> {
  using Pool::Pool;
};
struct MaxPool2d : Pool<MaxPool2d, MaxPool2dOptions, max_pool2d> {
  using Pool::Pool;
};
struct MaxPool3d : Pool<MaxPool3d, MaxPool3dOptions, max_pool3d> {
  using Pool::Pool;
};
struct AvgPool1d : Pool<AvgPool1d, AvgPool1dOptions, avg_pool1d> {
  using Pool::Pool;
};
struct AvgPool2d : Pool<AvgPool2d, AvgPool2dOptions, avg_pool2d> {
  using Pool::Pool;
};
struct AvgPool3d : Pool<AvgPool3d, AvgPool3dOptions, avg_pool3d> {
  using Pool::Pool;
};

struct LPPoolOptions {
  OptionalIntList stride{};
  bool ceil_mode = false;
};

// The norm of order norm_type of each window.
template <class Self, class Options, Tensor (*op)(const Tensor&, double, const IntList&, const Options&)>
class LPPool : public Layer<Self> {
 public:
  LPPool(double norm_type, IntList kernel_size, const LPPoolOptions& options = {})
      : norm_type_(norm_type), kernel_size_(std::move(kernel_size)), options_(options) {}
  Tensor forward(const Tensor& x) const {
    return op(x, norm_type_, kernel_size_, {options_.stride, options_.ceil_mode});
  }
  std::string details() const override {
    return join_text("norm_type=", norm_type_, ", kernel_size=", sizes_in_words(kernel_size_),
                     ", stride=", options_.stride ? sizes_in_words(*options_.stride) : "None",
                     ", ceil_mode=", options_.ceil_mode);
  }

 private:
  double norm_type_;
  IntList kernel_size_;
  LPPoolOptions options_;
};

struct LPPool1d : LPPool<LPPool1d, LpPool1dOptions, lp_pool1d> {
  using LPPool::LPPool;
};
struct LPPool2d : LPPool<LPPool2d, LpPool2dOptions, lp_pool2d> {
  using LPPool::LPPool;
};

struct MaxUnpoolOptions {
  OptionalIntList stride{};
  IntList padding = 0;
};

// What max_pool2d_with_indices() found, put back to where it found it, between zeros.
template <class Self, int N, class Options,
          Tensor (*op)(const Tensor&, const Tensor&, const IntList&, const Options&)>
class MaxUnpool : public Layer<Self> {
 public:
  explicit MaxUnpool(const IntList& kernel_size, const MaxUnpoolOptions& options = {})
      : kernel_size_(for_all(kernel_size)),
        stride_(options.stride ? for_all(*options.stride) : kernel_size_),
        padding_(for_all(options.padding)) {}
  Tensor forward(const Tensor& x, const Tensor& indices, const OptionalIntList& output_size = {}) const {
    return op(x, indices, kernel_size_, {stride_, padding_, output_size});
  }
  std::string details() const override {
    return join_text("kernel_size=", static_cast<IntSpan>(kernel_size_),
                     ", stride=", static_cast<IntSpan>(stride_),
                     ", padding=", static_cast<IntSpan>(padding_));
  }

 private:
  static IntList for_all(IntList sizes) {
    if (sizes.size() == 1)
      for (int i = 1; i < N; ++i) sizes.push_back(sizes[0]);
    return sizes;
  }

  IntList kernel_size_, stride_, padding_;
};

struct MaxUnpool1d : MaxUnpool<MaxUnpool1d, 1, MaxUnpool1dOptions, max_unpool1d> {
  using MaxUnpool::MaxUnpool;
};
struct MaxUnpool2d : MaxUnpool<MaxUnpool2d, 2, MaxUnpool2dOptions, max_unpool2d> {
  using MaxUnpool::MaxUnpool;
};
struct MaxUnpool3d : MaxUnpool<MaxUnpool3d, 3, MaxUnpool3dOptions, max_unpool3d> {
  using MaxUnpool::MaxUnpool;
};

// Windows such that the output has this size: nn::AdaptiveAvgPool2d(1) is the mean of each channel.
template <class Self, Tensor (*op)(const Tensor&, const IntList&)>
class AdaptivePool : public Layer<Self> {
 public:
  explicit AdaptivePool(IntList output_size) : output_size_(std::move(output_size)) {}
  Tensor forward(const Tensor& x) const { return op(x, output_size_); }
  std::string details() const override { return "output_size=" + sizes_in_words(output_size_); }

 private:
  IntList output_size_;
};

struct AdaptiveMaxPool1d : AdaptivePool<AdaptiveMaxPool1d, adaptive_max_pool1d> {
  using AdaptivePool::AdaptivePool;
};
struct AdaptiveMaxPool2d : AdaptivePool<AdaptiveMaxPool2d, adaptive_max_pool2d> {
  using AdaptivePool::AdaptivePool;
};
struct AdaptiveMaxPool3d : AdaptivePool<AdaptiveMaxPool3d, adaptive_max_pool3d> {
  using AdaptivePool::AdaptivePool;
};
struct AdaptiveAvgPool1d : AdaptivePool<AdaptiveAvgPool1d, adaptive_avg_pool1d> {
  using AdaptivePool::AdaptivePool;
};
struct AdaptiveAvgPool2d : AdaptivePool<AdaptiveAvgPool2d, adaptive_avg_pool2d> {
  using AdaptivePool::AdaptivePool;
};
struct AdaptiveAvgPool3d : AdaptivePool<AdaptiveAvgPool3d, adaptive_avg_pool3d> {
  using AdaptivePool::AdaptivePool;
};

// nn::Upsample({.scale_factor = 2, .mode = "bilinear"})
class Upsample : public Layer<Upsample> {
 public:
  explicit Upsample(const InterpolateOptions& options) : mode_(options.mode), options_(options) {}
  Tensor forward(const Tensor& x) const {
    InterpolateOptions options = options_;
    options.mode = mode_;  // the caller's text may be gone
    return interpolate(x, options);
  }
  std::string details() const override {
    return (options_.scale_factor ? "scale_factor=" + sizes_in_words(*options_.scale_factor)
                                  : "size=" + sizes_in_words(*options_.size)) +
           ", mode='" + mode_ + "'";
  }

 private:
  std::string mode_;
  InterpolateOptions options_;
};

}  // namespace rushlight::nn
