// How weights begin. Names, formulas and defaults are PyTorch's; every function fills the tensor and gives it
// back.
#pragma once

#include <optional>

#include "rushlight/core/tensor.h"

namespace rushlight::nn::init {

// How many numbers are added up for one output, and for how many outputs one input is used.
struct Fans {
  int64_t in, out;
};
Fans fans_of(const Tensor& weight);

// What an activation does to the spread of its input: the factor that makes up for it. `param` is the slope
// of a leaky_relu.
double calculate_gain(std::string_view nonlinearity, std::optional<double> param = std::nullopt);

struct Options {
  std::optional<Generator> generator{};
};
const Tensor& uniform_(const Tensor& tensor, double from = 0, double to = 1, const Options& options = {});
const Tensor& normal_(const Tensor& tensor, double mean = 0, double std = 1, const Options& options = {});
// Normal, but nothing outside [from, to].
const Tensor& trunc_normal_(const Tensor& tensor, double mean = 0, double std = 1, double from = -2,
                            double to = 2, const Options& options = {});
const Tensor& constant_(const Tensor& tensor, double value);
const Tensor& ones_(const Tensor& tensor);
const Tensor& zeros_(const Tensor& tensor);
const Tensor& eye_(const Tensor& matrix);
// A convolution that passes its input on, as many channels as it can.
const Tensor& dirac_(const Tensor& weight, int64_t groups = 1);

const Tensor& xavier_uniform_(const Tensor& weight, double gain = 1, const Options& options = {});
const Tensor& xavier_normal_(const Tensor& weight, double gain = 1, const Options& options = {});
struct KaimingOptions {
  double a = 0;  // the slope of a leaky_relu
  std::string_view mode = "fan_in";
  std::string_view nonlinearity = "leaky_relu";
  std::optional<Generator> generator{};
};
const Tensor& kaiming_uniform_(const Tensor& weight, const KaimingOptions& options = {});
const Tensor& kaiming_normal_(const Tensor& weight, const KaimingOptions& options = {});
// Rows, or columns where there are fewer, of length `gain` and at right angles.
const Tensor& orthogonal_(const Tensor& weight, double gain = 1, const Options& options = {});
// A normal matrix whose columns have the given share of zeros.
const Tensor& sparse_(const Tensor& matrix, double sparsity, double std = 0.01, const Options& options = {});

// A new tensor, uniform in [-bound, bound].
Tensor within(const IntList& shape, double bound);

}  // namespace rushlight::nn::init
