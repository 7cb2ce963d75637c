// Activations: an op with its options, as a layer.
#pragma once

#include "rushlight/generated/functions.h"
#include "rushlight/nn/layer.h"

namespace rushlight::nn {

// -- without options

template <class Self, Tensor (*op)(const Tensor&)>
struct Plain : Layer<Self> {
  Tensor forward(const Tensor& x) const { return op(x); }
};

struct ReLU : Plain<ReLU, relu> {};
struct ReLU6 : Plain<ReLU6, relu6> {};
struct SELU : Plain<SELU, selu> {};
struct SiLU : Plain<SiLU, silu> {};
struct Mish : Plain<Mish, mish> {};
struct Sigmoid : Plain<Sigmoid, sigmoid> {};
struct LogSigmoid : Plain<LogSigmoid, log_sigmoid> {};
struct Hardsigmoid : Plain<Hardsigmoid, hardsigmoid> {};
struct Hardswish : Plain<Hardswish, hardswish> {};
struct Tanh : Plain<Tanh, tanh> {};
struct Tanhshrink : Plain<Tanhshrink, tanhshrink> {};
struct Softsign : Plain<Softsign, softsign> {};

// -- with options: those of the op, nn::LeakyReLU({.negative_slope = 0.2})

template <class Self, class Options, Tensor (*op)(const Tensor&, const Options&)>
struct WithOptions : Layer<Self> {
  WithOptions() = default;
  WithOptions(const Options& chosen) : options(chosen) {}
  Tensor forward(const Tensor& x) const { return op(x, options); }

  Options options{};
};

struct LeakyReLU : WithOptions<LeakyReLU, LeakyReluOptions, leaky_relu> {
  using WithOptions::WithOptions;
  std::string details() const override { return join_text("negative_slope=", options.negative_slope); }
};
struct ELU : WithOptions<ELU, EluOptions, elu> {
  using WithOptions::WithOptions;
  std::string details() const override { return join_text("alpha=", options.alpha); }
};
struct CELU : WithOptions<CELU, CeluOptions, celu> {
  using WithOptions::WithOptions;
  std::string details() const override { return join_text("alpha=", options.alpha); }
};
struct Softplus : WithOptions<Softplus, SoftplusOptions, softplus> {
  using WithOptions::WithOptions;
  std::string details() const override {
    return join_text("beta=", options.beta, ", threshold=", options.threshold);
  }
};
struct Hardtanh : WithOptions<Hardtanh, HardtanhOptions, hardtanh> {
  using WithOptions::WithOptions;
  std::string details() const override {
    return join_text("min_val=", options.min_val, ", max_val=", options.max_val);
  }
};
struct Softshrink : WithOptions<Softshrink, SoftshrinkOptions, softshrink> {
  using WithOptions::WithOptions;
  std::string details() const override { return join_text(options.lambd); }
};
struct Hardshrink : WithOptions<Hardshrink, HardshrinkOptions, hardshrink> {
  using WithOptions::WithOptions;
  std::string details() const override { return join_text(options.lambd); }
};
struct GLU : WithOptions<GLU, GluOptions, glu> {
  using WithOptions::WithOptions;
  std::string details() const override { return join_text("dim=", options.dim); }
};

// nn::GELU("tanh") is the approximation that GPT-2 was trained with.
class GELU : public Layer<GELU> {
 public:
  explicit GELU(std::string approximate = "none") : approximate_(std::move(approximate)) {}
  Tensor forward(const Tensor& x) const { return gelu(x, approximate_); }
  std::string details() const override { return join_text("approximate='", approximate_, "'"); }

 private:
  std::string approximate_;
};

class Threshold : public Layer<Threshold> {
 public:
  Threshold(double threshold, double value) : threshold_(threshold), value_(value) {}
  Tensor forward(const Tensor& x) const { return rushlight::threshold(x, threshold_, value_); }
  std::string details() const override { return join_text("threshold=", threshold_, ", value=", value_); }

 private:
  double threshold_, value_;
};

// A leaky ReLU that learns its slope, one for all channels or one for each.
class PReLU : public Layer<PReLU> {
 public:
  explicit PReLU(int64_t num_parameters = 1, double init = 0.25)
      : weight(parameter("weight", full(num_parameters, init, {.dtype = default_dtype()}))) {}
  Tensor forward(const Tensor& x) const { return prelu(x, weight); }
  std::string details() const override { return join_text("num_parameters=", weight.numel()); }

  Parameter weight;
};

// -- along a dimension

template <class Self>
struct Along : Layer<Self> {
  explicit Along(int64_t which) : dim(which) {}
  std::string details() const override { return join_text("dim=", dim); }

  int64_t dim;
};

struct Softmax : Along<Softmax> {
  using Along::Along;
  Tensor forward(const Tensor& x) const { return softmax(x, dim); }
};
struct LogSoftmax : Along<LogSoftmax> {
  using Along::Along;
  Tensor forward(const Tensor& x) const { return log_softmax(x, dim); }
};
struct Softmin : Along<Softmin> {
  using Along::Along;
  Tensor forward(const Tensor& x) const { return softmin(x, dim); }
};

// Over the channels of (channels, height, width), or of many such.
struct Softmax2d : Layer<Softmax2d> {
  Tensor forward(const Tensor& x) const {
    if (x.rank() != 3 && x.rank() != 4)
      fail(ErrorKind::value, "[Softmax2d] needs (channels, height, width), of many items or of one, not ",
           x.shape());
    return softmax(x, -3);
  }
};

// A leaky ReLU whose slopes are drawn between two bounds in training, and in their middle in evaluation.
class RReLU : public Layer<RReLU> {
 public:
  explicit RReLU(double lower = 1.0 / 8, double upper = 1.0 / 3) : lower_(lower), upper_(upper) {
    if (!(lower <= upper)) fail(ErrorKind::value, "[RReLU] lower ", lower, " is above upper ", upper);
  }
  Tensor forward(const Tensor& x) const {
    if (!is_training()) return leaky_relu(x, {.negative_slope = (lower_ + upper_) / 2});
    return where(gt(x, 0), x, mul(x, uniform(x.detach(), {.from = lower_, .to = upper_})));
  }
  std::string details() const override { return join_text("lower=", lower_, ", upper=", upper_); }

 private:
  double lower_, upper_;
};

}  // namespace rushlight::nn
