// Adam and AdamW: each number moves by its own mean gradient over its own typical size.
#pragma once

#include "rushlight/optim/optimizer.h"

namespace rushlight::optim {

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  // how long the mean and the size remember
  double eps = 1e-8;
  double weight_decay = 0;  // added to the gradients
  bool amsgrad = false;     // the size never shrinks
  bool maximize = false;
};
struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;  // taken off the weights, beside the gradients
  bool amsgrad = false;
  bool maximize = false;
};

template <class Options>
class AdamBase : public OptimizerWith<Options> {
 protected:
  using OptimizerWith<Options>::OptimizerWith;

 private:
  void update(size_t group, Optimizer::Cohort& cohort, const Tensor& grad_factor) override;
  std::vector<const char*> memories(size_t group, bool with_momentum) const override;
  void check(const Options& options) const override;
};

class Adam : public AdamBase<AdamOptions> {
 public:
  explicit Adam(std::vector<Tensor> params, const AdamOptions& options = {}) : AdamBase("Adam") {
    add_param_group(std::move(params), options);
  }
};

class AdamW : public AdamBase<AdamWOptions> {
 public:
  explicit AdamW(std::vector<Tensor> params, const AdamWOptions& options = {}) : AdamBase("AdamW") {
    add_param_group(std::move(params), options);
  }
};

}  // namespace rushlight::optim
