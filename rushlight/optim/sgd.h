// Stochastic gradient descent: down the gradient, or along a momentum of gradients.
#pragma once

#include "rushlight/optim/optimizer.h"

namespace rushlight::optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool maximize = false;
};

class SGD : public OptimizerWith<SGDOptions> {
 public:
  explicit SGD(std::vector<Tensor> params, const SGDOptions& options = {}) : OptimizerWith("SGD") {
    add_param_group(std::move(params), options);
  }

 private:
  void update(size_t group, Cohort& cohort, const Tensor& grad_factor) override;
  std::vector<const char*> memories(size_t group, bool with_momentum) const override;
  void check(const SGDOptions& options) const override;
};

}  // namespace rushlight::optim
