// Layers put together from composites: softmax of another dtype, glu, group_norm, batch_norm ...
#include "rushlight/ops/channel_rules.h"

namespace rushlight {

namespace {

Tensor in_dtype(const Tensor& input, std::optional<DType> dtype) {
  return dtype && *dtype != input.dtype() ? to(input, *dtype) : input;
}

}  // namespace

Tensor softmax(const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  return softmax(in_dtype(input, dtype), dim);
}
Tensor log_softmax(const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  return log_softmax(in_dtype(input, dtype), dim);
}
Tensor softmin(const Tensor& input, int64_t dim, const SoftminOptions& options) {
  return softmax(neg(in_dtype(input, options.dtype)), dim);
}

Tensor glu(const Tensor& input, const GluOptions& options) {
  int dim = wrap_dim(options.dim, input.rank(), "glu");
  int64_t size = input.rank() ? input.size(dim) : 1;
  if (size % 2)
    fail(ErrorKind::runtime, "[glu] the halving dimension must be even, but dimension ", dim, " of ",
         input.shape(), " is ", size);
  Tensor value = slice(input, {.dim = dim, .end = size / 2}),
         gate = slice(input, {.dim = dim, .start = size / 2});
  return value * sigmoid(gate);
}

// -- statistics over groups of channels

namespace {

void expect_channels(const char* op, const Tensor& input, int least_rank) {
  if (!input.defined()) fail(ErrorKind::type, "[", op, "] argument 'input' must be a tensor");
  if (input.rank() < least_rank)
    fail(ErrorKind::value, "[", op, "] input must have at least ", least_rank,
         " dimensions, (N, C, ...), but its shape is ", input.shape());
}

// Each group of each item scaled to mean 0 and variance 1.
Tensor standardized(const Tensor& input, int64_t groups, double eps) {
  int64_t items = input.size(0) * groups;
  if (input.numel() == 0) return clone(input);
  int64_t size = input.numel() / items;
  return reshape(layer_norm(reshape(input, {items, size}), size, {.eps = eps}), input.shape());
}

}  // namespace

Tensor group_norm(const Tensor& input, int64_t num_groups, const GroupNormOptions& options) {
  expect_channels("group_norm", input, 2);
  int64_t channels = input.size(1);
  if (num_groups < 1 || channels % num_groups)
    fail(ErrorKind::runtime, "[group_norm] ", channels, " channels cannot be divided into ", num_groups,
         " groups");
  expect_per_channel("group_norm", "weight", options.weight, channels);
  expect_per_channel("group_norm", "bias", options.bias, channels);
  return scaled_by_channel(standardized(input, num_groups, options.eps), options.weight, options.bias);
}

// -- batch_norm

namespace {

// Whether there is a kernel that keeps the largest of each window of such images. (Halves that are equal only
// once they are rounded would pass their gradient to another pixel than the pool does.)
bool is_pooled_at_once(const Tensor& image) {
  return image.layout().is_channels_last() && !image.is_contiguous() && !is_half(image.dtype());
}

Tensor statistics_for(const Tensor& image, const Tensor& running) {
  return clone(in_dtype(detach(running), compute_type(image.dtype())));
}

// running <- (1 - momentum) * running + momentum * seen
void follow(const Tensor& running, const Tensor& seen, double momentum) {
  if (!running.defined()) return;
  Tensor now = in_dtype(reshape(detach(seen), running.shape()), running.dtype());
  running.copy_(running * (1 - momentum) + now * momentum);
}

}  // namespace

Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormOptions& options) {
  expect_channels("batch_norm", input, 2);
  if (!is_floating(input.dtype()))
    fail(ErrorKind::runtime, "[batch_norm] input must be floating point, but it is ", input.dtype());
  int64_t channels = input.size(1);
  expect_per_channel("batch_norm", "running_mean", running_mean, channels);
  expect_per_channel("batch_norm", "running_var", running_var, channels);
  expect_per_channel("batch_norm", "weight", options.weight, channels);
  expect_per_channel("batch_norm", "bias", options.bias, channels);
  if (!options.training && (!running_mean.defined() || !running_var.defined()))
    fail(ErrorKind::runtime, "[batch_norm] running_mean and running_var must be given in evaluation mode");
  if (options.max_pool != 1 && input.rank() != 4)
    fail(ErrorKind::runtime, "[batch_norm] max_pool=", options.max_pool,
         " needs images (items, channels, height, width), but the shape is ", input.shape());
  if (options.training && input.numel() == channels)
    fail(ErrorKind::value,
         "[batch_norm] Expected more than 1 value per channel when training, got input size ", input.shape());
  ChannelNormOptions how{
      .weight = options.weight, .bias = options.bias, .eps = options.eps, .relu = options.relu};
  if (!options.training) {  // copies: the running ones may move on before the way back
    how.mean = statistics_for(input, running_mean);
    how.variance = statistics_for(input, running_var);
  }
  const bool at_once = is_pooled_at_once(input);
  if (at_once) how.max_pool = options.max_pool;
  auto [y, mean, variance] = channel_norm(input, how);
  if (!at_once && options.max_pool != 1) y = max_pool2d(y, options.max_pool);
  if (options.training) {
    double count = static_cast<double>(input.numel()) / static_cast<double>(channels);
    follow(running_mean, mean, options.momentum);
    if (running_var.defined()) follow(running_var, variance * (count / (count - 1)), options.momentum);
  }
  return y;
}

// -- instance_norm

namespace {

struct Statistics {
  Tensor mean, variance;  // one number per column
  double count = 0;
};

Statistics statistics_of_columns(const Tensor& x) {
  const double count = static_cast<double>(x.size(0));
  Tensor mean = sum(x, {.dim = 0}) / count;
  return {mean, sum(square(x - mean), {.dim = 0}) / count, count};
}

}  // namespace

Tensor instance_norm(const Tensor& input, const InstanceNormOptions& options) {
  expect_channels("instance_norm", input, 3);
  if (!is_floating(input.dtype()))
    fail(ErrorKind::runtime, "[instance_norm] input must be floating point, but it is ", input.dtype());
  int64_t items = input.size(0), channels = input.size(1);
  expect_per_channel("instance_norm", "weight", options.weight, channels);
  expect_per_channel("instance_norm", "bias", options.bias, channels);
  if (!options.use_input_stats)
    return batch_norm(input, options.running_mean, options.running_var,
                      {.weight = options.weight, .bias = options.bias, .eps = options.eps});
  if (input.numel() == items * channels)
    fail(ErrorKind::value,
         "[instance_norm] Expected more than 1 spatial element when training, got input size ",
         input.shape());
  if (options.running_mean.defined() || options.running_var.defined()) {
    int64_t size = input.numel() / (items * channels);
    Statistics s = statistics_of_columns(
        reshape(permute(reshape(input, {items, channels, size}), {2, 0, 1}), {size, items * channels}));
    auto over_items = [&](const Tensor& t) {
      return sum(reshape(t, {items, channels}), {.dim = 0}) / static_cast<double>(items);
    };
    follow(options.running_mean, over_items(s.mean), options.momentum);
    follow(options.running_var, over_items(s.variance * (s.count / (s.count - 1))), options.momentum);
  }
  return scaled_by_channel(standardized(input, channels, options.eps), options.weight, options.bias);
}

}  // namespace rushlight
