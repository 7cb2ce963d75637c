#include "rushlight/nn/normalization.h"

#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::nn {

namespace {

Tensor constant(bool wanted, const IntList& shape, double value) {
  return wanted ? full(shape, value, {.dtype = default_dtype()}) : Tensor();
}
Tensor counter(bool wanted) { return wanted ? full({}, 0, {.dtype = DType::int64}) : Tensor(); }

}  // namespace

BatchNorm::BatchNorm(const char* kind, int least_rank, int most_rank, int64_t num_features,
                     const BatchNormOptions& options)
    : weight(parameter("weight", constant(options.affine, num_features, 1))),
      bias(parameter("bias", constant(options.affine && options.bias, num_features, 0))),
      running_mean(buffer("running_mean", constant(options.track_running_stats, num_features, 0))),
      running_var(buffer("running_var", constant(options.track_running_stats, num_features, 1))),
      num_batches_tracked(buffer("num_batches_tracked", counter(options.track_running_stats))),
      kind_(kind),
      least_rank_(least_rank),
      most_rank_(most_rank),
      num_features_(num_features),
      options_(options) {}

Tensor BatchNorm::forward(const Tensor& x, const BatchNormCall& call) const {
  if (x.rank() < least_rank_ || x.rank() > most_rank_ || x.size(1) != num_features_)
    fail(ErrorKind::value, "[", kind_, "] needs (items, ", num_features_, most_rank_ > 2 ? ", ...), " : "), ",
         most_rank_, " dimensions", least_rank_ < most_rank_ ? " or one less" : "", ", but the shape is ",
         x.shape());
  const bool own = options_.track_running_stats;
  double momentum = options_.momentum.value_or(0);
  if (is_training() && own) {
    NoGrad guard;
    num_batches_tracked.add_(1);
    if (!options_.momentum) momentum = 1 / num_batches_tracked.item<double>();
  }
  return batch_norm(x, running_mean, running_var,
                    {.weight = weight,
                     .bias = bias,
                     .training = is_training() || !own,
                     .momentum = momentum,
                     .eps = options_.eps,
                     .relu = call.relu,
                     .max_pool = call.max_pool});
}

std::string BatchNorm::details() const {
  std::string text = join_text(num_features_, ", eps=", options_.eps, ", momentum=");
  text += options_.momentum ? join_text(*options_.momentum) : "None";
  return text + join_text(", affine=", options_.affine, ", bias=", bias.defined(),
                          ", track_running_stats=", options_.track_running_stats);
}

InstanceNorm::InstanceNorm(const char* kind, int rank, int64_t num_features,
                           const InstanceNormOptions& options)
    : weight(parameter("weight", constant(options.affine, num_features, 1))),
      bias(parameter("bias", constant(options.affine && options.bias, num_features, 0))),
      running_mean(buffer("running_mean", constant(options.track_running_stats, num_features, 0))),
      running_var(buffer("running_var", constant(options.track_running_stats, num_features, 1))),
      num_batches_tracked(buffer("num_batches_tracked", counter(options.track_running_stats))),
      kind_(kind),
      rank_(rank),
      num_features_(num_features),
      options_(options) {}

Tensor InstanceNorm::forward(const Tensor& x) const {
  const bool one_item = x.rank() == rank_ - 1;  // without a dimension of items
  if ((x.rank() != rank_ && !one_item) || x.size(one_item ? 0 : 1) != num_features_)
    fail(ErrorKind::value, "[", kind_, "] needs (items, ", num_features_, ", ...), ", rank_,
         " dimensions or one less, but the shape is ", x.shape());
  Tensor y = instance_norm(one_item ? x.unsqueeze(0) : x,
                           {.running_mean = running_mean,
                            .running_var = running_var,
                            .weight = weight,
                            .bias = bias,
                            .use_input_stats = is_training() || !options_.track_running_stats,
                            .momentum = options_.momentum,
                            .eps = options_.eps});
  return one_item ? y.select(0, 0) : y;
}

std::string InstanceNorm::details() const {
  return join_text(num_features_, ", eps=", options_.eps, ", momentum=", options_.momentum,
                   ", affine=", options_.affine, ", bias=", bias.defined(),
                   ", track_running_stats=", options_.track_running_stats);
}

LayerNorm::LayerNorm(IntList normalized_shape, const LayerNormOptions& options)
    : weight(parameter("weight", constant(options.elementwise_affine, normalized_shape, 1))),
      bias(parameter("bias", constant(options.elementwise_affine && options.bias, normalized_shape, 0))),
      shape_(std::move(normalized_shape)),
      eps_(options.eps) {}

Tensor LayerNorm::forward(const Tensor& x) const {
  return layer_norm(x, shape_, {.weight = weight, .bias = bias, .eps = eps_});
}

std::string LayerNorm::details() const {
  return join_text(static_cast<IntSpan>(shape_), ", eps=", eps_, ", elementwise_affine=", weight.defined(),
                   ", bias=", bias.defined());
}

RMSNorm::RMSNorm(IntList normalized_shape, const RMSNormOptions& options)
    : weight(parameter("weight", constant(options.elementwise_affine, normalized_shape, 1))),
      shape_(std::move(normalized_shape)),
      eps_(options.eps) {}

Tensor RMSNorm::forward(const Tensor& x) const {
  return rms_norm(x, shape_, {.weight = weight, .eps = eps_});
}

std::string RMSNorm::details() const {
  return join_text(static_cast<IntSpan>(shape_), ", eps=", eps_ ? join_text(*eps_) : "None",
                   ", elementwise_affine=", weight.defined());
}

LocalResponseNorm::LocalResponseNorm(int64_t size, const LocalResponseNormOptions& options)
    : size_(size), options_(options) {
  if (size < 1) fail(ErrorKind::value, "[LocalResponseNorm] size must be at least 1, not ", size);
}

Tensor LocalResponseNorm::forward(const Tensor& x) const {
  if (x.rank() < 3)
    fail(ErrorKind::value, "[LocalResponseNorm] needs (items, channels, ...), 3 dimensions or more, not ",
         x.shape());
  // (items, 1, channels, all pixels): windows over the channels
  const Tensor squares =
      pad(square(x).flatten({.start_dim = 2}).unsqueeze(1), {0, 0, size_ / 2, (size_ - 1) / 2});
  const Tensor means = avg_pool2d(squares, {size_, 1}, {.stride = 1}).reshape(x.shape());
  return x / pow(means * options_.alpha + options_.k, options_.beta);
}

std::string LocalResponseNorm::details() const {
  return join_text(size_, ", alpha=", options_.alpha, ", beta=", options_.beta, ", k=", options_.k);
}

GroupNorm::GroupNorm(int64_t num_groups, int64_t num_channels, const GroupNormOptions& options)
    : weight(parameter("weight", constant(options.affine, num_channels, 1))),
      bias(parameter("bias", constant(options.affine && options.bias, num_channels, 0))),
      groups_(num_groups),
      channels_(num_channels),
      eps_(options.eps) {
  if (num_groups < 1 || num_channels % num_groups != 0)
    fail(ErrorKind::value, "[GroupNorm] ", num_channels, " channels can not be split into ", num_groups,
         " groups");
}

Tensor GroupNorm::forward(const Tensor& x) const {
  if (x.rank() >= 2 && x.size(1) == channels_ && x.numel() == groups_)
    fail(ErrorKind::value,
         "[GroupNorm] expected more than 1 value per group, in training and in evaluation, got ", groups_,
         " groups of input size ", x.shape());
  return group_norm(x, groups_, {.weight = weight, .bias = bias, .eps = eps_});
}

std::string GroupNorm::details() const {
  return join_text(groups_, ", ", channels_, ", eps=", eps_, ", affine=", weight.defined(),
                   ", bias=", bias.defined());
}

}  // namespace rushlight::nn
