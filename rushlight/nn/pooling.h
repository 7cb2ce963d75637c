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
    return join_text("kernel_size=", words(kernel_size_), ", stride=", words(stride),
                     ", padding=", words(options_.padding));
  }

 private:
  static std::string words(const IntList& list) {
    return list.size() == 1 ? join_text(list[0]) : join_text(static_cast<IntSpan>(list));
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

// Windows such that the output has this size: nn::AdaptiveAvgPool2d(1) is the mean of each channel.
template <class Self, Tensor (*op)(const Tensor&, const IntList&)>
class AdaptivePool : public Layer<Self> {
 public:
  explicit AdaptivePool(IntList output_size) : output_size_(std::move(output_size)) {}
  Tensor forward(const Tensor& x) const { return op(x, output_size_); }
  std::string details() const override {
    return join_text("output_size=", static_cast<IntSpan>(output_size_));
  }

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
  std::string details() const override { return join_text("mode='", mode_, "'"); }

 private:
  std::string mode_;
  InterpolateOptions options_;
};

}  // namespace rushlight::nn
