// Adagrad: the gradient over the size of all gradients so far.
#pragma once

#include "rushlight/optim/optimizer.h"

namespace rushlight::optim {

struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
};

class Adagrad : public OptimizerWith<AdagradOptions> {
 public:
  explicit Adagrad(std::vector<Tensor> params, const AdagradOptions& options = {})
      : OptimizerWith("Adagrad") {
    add_param_group(std::move(params), options);
  }

 private:
  void update(size_t group, Cohort& cohort, const Tensor& grad_factor) override;
  std::vector<const char*> memories(size_t, bool) const override { return {"sum"}; }
  double first_memory(size_t group) const override { return options(group).initial_accumulator_value; }
  void check(const AdagradOptions& options) const override;
};

}  // namespace rushlight::optim
