#include "rushlight/nn/init.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::nn::init {

namespace {

double normal_distribution(double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; }

void expect_rank(const char* name, const Tensor& tensor, int least, int most) {
  if (tensor.rank() < least || tensor.rank() > most)
    fail(ErrorKind::value, "[init.", name, "] needs ", least, " to ", most, " dimensions, but the shape is ",
         tensor.shape());
}

double fan_of(const char* name, const Tensor& weight, std::string_view mode) {
  const Fans fans = fans_of(weight);
  if (mode == "fan_in") return static_cast<double>(fans.in);
  if (mode == "fan_out") return static_cast<double>(fans.out);
  fail(ErrorKind::value, "[init.", name, "] mode is \"fan_in\" or \"fan_out\", not \"", mode, "\"");
}

double xavier_std(const Tensor& weight, double gain) {
  const Fans fans = fans_of(weight);
  return gain * std::sqrt(2.0 / static_cast<double>(fans.in + fans.out));
}

double kaiming_std(const char* name, const Tensor& weight, const KaimingOptions& options) {
  return calculate_gain(options.nonlinearity, options.a) / std::sqrt(fan_of(name, weight, options.mode));
}

}  // namespace

Fans fans_of(const Tensor& weight) {
  if (weight.rank() < 2)
    fail(ErrorKind::value, "[init] a weight of shape ", weight.shape(),
         " has no number of inputs and outputs: those are its first two dimensions");
  int64_t field = 1;
  for (int64_t size : weight.shape().subspan(2)) field *= size;
  return {weight.size(1) * field, weight.size(0) * field};
}

double calculate_gain(std::string_view nonlinearity, std::optional<double> param) {
  if (nonlinearity == "linear" || nonlinearity == "sigmoid" || nonlinearity.starts_with("conv")) return 1;
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::numbers::sqrt2;
  if (nonlinearity == "leaky_relu") return std::sqrt(2 / (1 + param.value_or(0.01) * param.value_or(0.01)));
  if (nonlinearity == "selu") return 0.75;
  fail(ErrorKind::value, "[init.calculate_gain] there is no gain for \"", nonlinearity,
       "\": linear, conv1d to conv3d, sigmoid, tanh, relu, leaky_relu and selu have one");
}

const Tensor& uniform_(const Tensor& tensor, double from, double to, const Options& options) {
  NoGrad guard;
  return tensor.uniform_({.from = from, .to = to, .generator = options.generator}), tensor;
}

const Tensor& normal_(const Tensor& tensor, double mean, double std, const Options& options) {
  NoGrad guard;
  return tensor.normal_({.mean = mean, .std = std, .generator = options.generator}), tensor;
}

// By the inverse of the distribution function: uniform between its values at both ends.
const Tensor& trunc_normal_(const Tensor& tensor, double mean, double std, double from, double to,
                            const Options& options) {
  if (!(std > 0) || !(from < to))
    fail(ErrorKind::value, "[init.trunc_normal_] std must be above 0 and from below to, not ", std, ", ",
         from, ", ", to);
  NoGrad guard;
  const double low = normal_distribution((from - mean) / std), high = normal_distribution((to - mean) / std);
  tensor.uniform_({.from = 2 * low - 1, .to = 2 * high - 1, .generator = options.generator});
  tensor.copy_(clamp(erfinv(tensor) * (std * std::numbers::sqrt2) + mean, {.min = from, .max = to}));
  return tensor;
}

const Tensor& constant_(const Tensor& tensor, double value) {
  NoGrad guard;
  return tensor.fill_(value), tensor;
}
const Tensor& ones_(const Tensor& tensor) { return constant_(tensor, 1); }
const Tensor& zeros_(const Tensor& tensor) { return constant_(tensor, 0); }

const Tensor& eye_(const Tensor& matrix) {
  expect_rank("eye_", matrix, 2, 2);
  NoGrad guard;
  matrix.zero_();
  matrix.diagonal().fill_(1);
  return matrix;
}

const Tensor& dirac_(const Tensor& weight, int64_t groups) {
  expect_rank("dirac_", weight, 3, 5);
  if (groups < 1 || weight.size(0) % groups != 0)
    fail(ErrorKind::value, "[init.dirac_] ", weight.size(0), " output channels can not be split into ",
         groups, " groups");
  NoGrad guard;
  weight.zero_();
  const int64_t outputs = weight.size(0) / groups;
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t c = 0; c < std::min(outputs, weight.size(1)); ++c) {
      Tensor tap = weight.select(0, g * outputs + c).select(0, c);
      while (tap.rank() > 0) tap = tap.select(0, tap.size(0) / 2);
      tap.fill_(1);
    }
  return weight;
}

const Tensor& xavier_uniform_(const Tensor& weight, double gain, const Options& options) {
  const double bound = std::sqrt(3.0) * xavier_std(weight, gain);
  return uniform_(weight, -bound, bound, options);
}

const Tensor& xavier_normal_(const Tensor& weight, double gain, const Options& options) {
  return normal_(weight, 0, xavier_std(weight, gain), options);
}

const Tensor& kaiming_uniform_(const Tensor& weight, const KaimingOptions& options) {
  const double bound = std::sqrt(3.0) * kaiming_std("kaiming_uniform_", weight, options);
  return uniform_(weight, -bound, bound, {options.generator});
}

const Tensor& kaiming_normal_(const Tensor& weight, const KaimingOptions& options) {
  return normal_(weight, 0, kaiming_std("kaiming_normal_", weight, options), {options.generator});
}

const Tensor& orthogonal_(const Tensor& weight, double gain, const Options& options) {
  expect_rank("orthogonal_", weight, 2, 99);
  NoGrad guard;
  if (weight.numel() == 0) return weight;
  const int64_t rows = weight.size(0), columns = weight.numel() / rows;
  Tensor numbers = empty({std::max(rows, columns), std::min(rows, columns)}, weight.dtype());
  normal_(numbers, 0, 1, options);
  auto [q, r] = linalg_qr(numbers);
  Tensor turned = q * sign(r.diagonal());  // uniform among all such matrices
  if (rows < columns) turned = turned.t();
  weight.copy_(turned.reshape(weight.shape()) * gain);
  return weight;
}

const Tensor& sparse_(const Tensor& matrix, double sparsity, double std, const Options& options) {
  expect_rank("sparse_", matrix, 2, 2);
  if (!(sparsity >= 0 && sparsity <= 1))
    fail(ErrorKind::value, "[init.sparse_] sparsity is a share between 0 and 1, not ", sparsity);
  normal_(matrix, 0, std, options);
  NoGrad guard;
  const auto zeros = static_cast<int64_t>(std::ceil(sparsity * static_cast<double>(matrix.size(0))));
  if (zeros == 0 || matrix.numel() == 0) return matrix;
  Tensor keys = empty(matrix.shape(), DType::float32);
  uniform_(keys, 0, 1, options);
  const Tensor rows = argsort(keys, {.dim = 0}).narrow(0, 0, zeros);
  matrix.scatter_(0, rows, 0.0);
  return matrix;
}

Tensor within(const IntList& shape, double bound) {
  Tensor tensor = empty(shape, default_dtype());
  return uniform_(tensor, -bound, bound);
}

}  // namespace rushlight::nn::init
