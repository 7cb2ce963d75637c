// Muon: for the matrices within a network. The step is the momentum with all its singular values made about
// 1, so that no direction is small.
#pragma once

#include "rushlight/optim/optimizer.h"

namespace rushlight::optim {

struct MuonOptions {
  double lr = 1e-3;
  double weight_decay = 0.1;  // taken off the weights
  double momentum = 0.95;
  bool nesterov = true;
  double eps = 1e-7;
  int ns_steps = 5;              // of the Newton-Schulz iteration
  bool match_rms_adamw = false;  // steps as large as AdamW's, so that its lr fits
};

class Muon : public OptimizerWith<MuonOptions> {
 public:
  explicit Muon(std::vector<Tensor> params, const MuonOptions& options = {}) : OptimizerWith("Muon") {
    add_param_group(std::move(params), options);
  }

 private:
  void update(size_t group, Cohort& cohort, const Tensor& grad_factor) override;
  std::vector<const char*> memories(size_t, bool) const override { return {"momentum_buffer"}; }
  void check(const MuonOptions& options) const override;
  void check_params(const std::vector<Tensor>& params) const override;
};

// The matrix with its singular values brought near 1, by so many steps of an iteration of products.
Tensor orthogonalized(const Tensor& matrix, int steps, double eps);

}  // namespace rushlight::optim
