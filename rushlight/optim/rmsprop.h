// RMSprop: the gradient over its typical size.
#pragma once

#include "rushlight/optim/optimizer.h"

namespace rushlight::optim {

struct RMSpropOptions {
  double lr = 1e-2;
  double alpha = 0.99;  // how long the size remembers
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;  // the size is the deviation from the mean gradient
  bool maximize = false;
};

class RMSprop : public OptimizerWith<RMSpropOptions> {
 public:
  explicit RMSprop(std::vector<Tensor> params, const RMSpropOptions& options = {})
      : OptimizerWith("RMSprop") {
    add_param_group(std::move(params), options);
  }

 private:
  void update(size_t group, Cohort& cohort, const Tensor& grad_factor) override;
  std::vector<const char*> memories(size_t group, bool with_momentum) const override;
  void check(const RMSpropOptions& options) const override;
};

}  // namespace rushlight::optim
