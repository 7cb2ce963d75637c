// Layers that bring numbers to mean 0 and variance 1, then scale and shift them as they learn.
#pragma once

#include "rushlight/nn/layer.h"

namespace rushlight::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum =
      0.1;  // of the running statistics; without one they are the mean of all batches
  bool affine = true;
  bool track_running_stats = true;
  bool bias = true;
};
struct BatchNormCall {
  // In the same pass:
  bool relu = false;     // cut off what is negative
  int64_t max_pool = 1;  // keep the largest of each window of so many pixels in square
};

// Channels by the statistics of the batch; in evaluation by those that followed it.
class BatchNorm : public Layer<BatchNorm> {
 public:
  Tensor forward(const Tensor& x, const BatchNormCall& call = {}) const;
  std::string_view kind() const override { return kind_; }
  std::string details() const override;

  Parameter weight, bias;
  Buffer running_mean, running_var, num_batches_tracked;

 protected:
  BatchNorm(const char* kind, int least_rank, int most_rank, int64_t num_features,
            const BatchNormOptions& options);

 private:
  const char* kind_;
  int least_rank_, most_rank_;
  int64_t num_features_;
  BatchNormOptions options_;
};

// (items, channels) or (items, channels, length)
struct BatchNorm1d : BatchNorm {
  explicit BatchNorm1d(int64_t num_features, const BatchNormOptions& options = {})
      : BatchNorm("BatchNorm1d", 2, 3, num_features, options) {}
};
// (items, channels, height, width)
struct BatchNorm2d : BatchNorm {
  explicit BatchNorm2d(int64_t num_features, const BatchNormOptions& options = {})
      : BatchNorm("BatchNorm2d", 4, 4, num_features, options) {}
};
struct BatchNorm3d : BatchNorm {
  explicit BatchNorm3d(int64_t num_features, const BatchNormOptions& options = {})
      : BatchNorm("BatchNorm3d", 5, 5, num_features, options) {}
};

struct InstanceNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;
  bool affine = false;
  bool track_running_stats = false;
  bool bias = true;
};

// Each channel of each item by its own statistics.
class InstanceNorm : public Layer<InstanceNorm> {
 public:
  Tensor forward(const Tensor& x) const;
  std::string_view kind() const override { return kind_; }
  std::string details() const override;

  Parameter weight, bias;
  Buffer running_mean, running_var, num_batches_tracked;

 protected:
  InstanceNorm(const char* kind, int rank, int64_t num_features, const InstanceNormOptions& options);

 private:
  const char* kind_;
  int rank_;
  int64_t num_features_;
  InstanceNormOptions options_;
};

struct InstanceNorm1d : InstanceNorm {
  explicit InstanceNorm1d(int64_t num_features, const InstanceNormOptions& options = {})
      : InstanceNorm("InstanceNorm1d", 3, num_features, options) {}
};
struct InstanceNorm2d : InstanceNorm {
  explicit InstanceNorm2d(int64_t num_features, const InstanceNormOptions& options = {})
      : InstanceNorm("InstanceNorm2d", 4, num_features, options) {}
};
struct InstanceNorm3d : InstanceNorm {
  explicit InstanceNorm3d(int64_t num_features, const InstanceNormOptions& options = {})
      : InstanceNorm("InstanceNorm3d", 5, num_features, options) {}
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;
};

// Each item over its last dimensions.
class LayerNorm : public Layer<LayerNorm> {
 public:
  explicit LayerNorm(IntList normalized_shape, const LayerNormOptions& options = {});
  Tensor forward(const Tensor& x) const;
  std::string details() const override;

  Parameter weight, bias;

 private:
  IntList shape_;
  double eps_;
};

struct RMSNormOptions {
  std::optional<double> eps{};  // the smallest step of the dtype, if it is not said
  bool elementwise_affine = true;
};

// Each item over its last dimensions, by its size alone: no mean is taken away.
class RMSNorm : public Layer<RMSNorm> {
 public:
  explicit RMSNorm(IntList normalized_shape, const RMSNormOptions& options = {});
  Tensor forward(const Tensor& x) const;
  std::string details() const override;

  Parameter weight;

 private:
  IntList shape_;
  std::optional<double> eps_;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;
  bool bias = true;
};

struct LocalResponseNormOptions {
  double alpha = 1e-4, beta = 0.75, k = 1;
};

// Each number over the size of those in `size` neighbouring channels.
class LocalResponseNorm : public Layer<LocalResponseNorm> {
 public:
  explicit LocalResponseNorm(int64_t size, const LocalResponseNormOptions& options = {});
  Tensor forward(const Tensor& x) const;
  std::string details() const override;

 private:
  int64_t size_;
  LocalResponseNormOptions options_;
};

// Groups of channels of each item.
class GroupNorm : public Layer<GroupNorm> {
 public:
  GroupNorm(int64_t num_groups, int64_t num_channels, const GroupNormOptions& options = {});
  Tensor forward(const Tensor& x) const;
  std::string details() const override;

  Parameter weight, bias;

 private:
  int64_t groups_, channels_;
  double eps_;
};

}  // namespace rushlight::nn
