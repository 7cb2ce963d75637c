#include "rushlight/optim/rmsprop.h"

#include <limits>

#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::optim {

void RMSprop::check(const RMSpropOptions& options) const {
  constexpr double kNoBound = std::numeric_limits<double>::infinity();
  expect_between("RMSprop", "lr", options.lr, 0, kNoBound);
  expect_between("RMSprop", "alpha", options.alpha, 0, kNoBound);
  expect_between("RMSprop", "eps", options.eps, 0, kNoBound);
  expect_between("RMSprop", "momentum", options.momentum, 0, kNoBound);
  expect_between("RMSprop", "weight_decay", options.weight_decay, 0, kNoBound);
}

std::vector<const char*> RMSprop::memories(size_t group, bool with_momentum) const {
  std::vector<const char*> names{"square_avg"};
  if (options(group).centered) names.push_back("grad_avg");
  if (with_momentum) names.push_back("momentum_buffer");
  return names;
}

void RMSprop::update(size_t group, Cohort& c, const Tensor& grad_factor) {
  const RMSpropOptions& o = options(group);
  const std::vector<Tensor> grads = c.scaled_grads(grad_factor);
  std::vector<Tensor> directions;
  for (size_t i = 0; i < c.params.size(); ++i) {
    Tensor g = o.maximize ? -grads[i] : grads[i];
    if (o.weight_decay != 0) g = g + c.params[i] * o.weight_decay;
    const Tensor& square = c.states[0][i];
    square.mul_(o.alpha).add_(g * g * (1 - o.alpha));
    Tensor variance = square;
    if (o.centered) {
      const Tensor& mean = c.states[1][i];
      mean.mul_(o.alpha).add_(g * (1 - o.alpha));
      variance = square - mean * mean;
    }
    directions.push_back(g / (sqrt(variance) + o.eps));
  }
  const Slot &lr = groups()[group].lr, &momentum = groups()[group].momentum;
  if (momentum.get() != 0) {
    sgd_step(c.params, directions, c.states.back(), c.steps, lr, momentum);
    return;
  }
  sgd_step(c.params, directions, lr);
  c.steps.add_(1);
}

}  // namespace rushlight::optim
