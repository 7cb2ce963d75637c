// Averages of the weights over the steps, which often predict better than the last ones.
#pragma once

#include <optional>

#include "rushlight/core/named_tensors.h"

namespace rushlight::optim {

struct AveragingOptions {
  std::optional<double> decay{};  // of a moving average; without one all steps count alike
};

// optim::WeightAverage average(model.parameters(), {.decay = 0.999}); after each step: average.update();
class WeightAverage {
 public:
  explicit WeightAverage(std::vector<Tensor> params, const AveragingOptions& options = {});
  void update();
  // The averages change places with the weights: once to try them, once more to go on training.
  void swap();
  const std::vector<Tensor>& averages() const { return averages_; }

  NamedTensors state_dict() const;
  void load_state_dict(const NamedTensors& state);

 private:
  std::vector<Tensor> params_, averages_;
  AveragingOptions options_;
  int64_t updates_ = 0;
};

}  // namespace rushlight::optim
