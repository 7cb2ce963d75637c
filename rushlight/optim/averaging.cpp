#include "rushlight/optim/averaging.h"

#include <algorithm>

#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::optim {

WeightAverage::WeightAverage(std::vector<Tensor> params, const AveragingOptions& options)
    : params_(std::move(params)), options_(options) {
  if (options.decay && !(*options.decay >= 0 && *options.decay <= 1))
    fail(ErrorKind::value, "[WeightAverage] decay must be between 0 and 1, not ", *options.decay);
  NoGrad guard;
  for (const Tensor& param : params_) averages_.push_back(param.detach().clone());
}

void WeightAverage::update() {
  NoGrad guard;
  const double share = updates_ == 0    ? 1
                       : options_.decay ? 1 - *options_.decay
                                        : 1 / static_cast<double>(updates_ + 1);
  for (size_t i = 0; i < params_.size(); ++i) averages_[i].copy_(lerp(averages_[i], params_[i], share));
  ++updates_;
}

void WeightAverage::swap() {
  NoGrad guard;
  for (size_t i = 0; i < params_.size(); ++i) {
    const Tensor weight = params_[i].detach().clone();
    params_[i].copy_(averages_[i]);
    averages_[i].copy_(weight);
  }
}

NamedTensors WeightAverage::state_dict() const {
  NamedTensors state{{"updates", full({}, static_cast<double>(updates_), {.dtype = DType::float64})}};
  for (size_t i = 0; i < averages_.size(); ++i) state.push_back({join_text("average.", i), averages_[i]});
  return state;
}

void WeightAverage::load_state_dict(const NamedTensors& state) {
  NoGrad guard;
  std::vector<const Tensor*> given;
  for (size_t i = 0; i < averages_.size(); ++i) {
    given.push_back(find_tensor(state, join_text("average.", i)));
    if (!given[i] || !std::ranges::equal(given[i]->shape(), averages_[i].shape()))
      fail(ErrorKind::runtime, "[WeightAverage] the state has no \"average.", i, "\" of shape ",
           averages_[i].shape());
  }
  const Tensor* updates = find_tensor(state, "updates");
  if (!updates) fail(ErrorKind::runtime, "[WeightAverage] the state lacks \"updates\"");
  for (size_t i = 0; i < averages_.size(); ++i) averages_[i].copy_(*given[i]);
  updates_ = updates->item<int64_t>();
}

}  // namespace rushlight::optim
