#include "rushlight/optim/sgd.h"

#include <limits>

#include "rushlight/generated/functions.h"

namespace rushlight::optim {

void SGD::check(const SGDOptions& options) const {
  constexpr double kNoBound = std::numeric_limits<double>::infinity();
  expect_between("SGD", "lr", options.lr, 0, kNoBound);
  expect_between("SGD", "momentum", options.momentum, 0, kNoBound);
  expect_between("SGD", "weight_decay", options.weight_decay, 0, kNoBound);
  if (options.nesterov && (options.momentum <= 0 || options.dampening != 0))
    fail(ErrorKind::value, "[SGD] Nesterov's step needs a momentum and no dampening");
}

std::vector<const char*> SGD::memories(size_t, bool with_momentum) const {
  if (!with_momentum) return {};
  return {"momentum_buffer"};
}

void SGD::update(size_t group, Cohort& cohort, const Tensor& grad_factor) {
  const SGDOptions& o = options(group);
  const Slot &lr = groups()[group].lr, &momentum = groups()[group].momentum;
  if (momentum.get() == 0) {
    sgd_step(cohort.params, cohort.grads, lr,
             {.weight_decay = o.weight_decay, .maximize = o.maximize, .grad_factor = grad_factor});
    cohort.steps.add_(1);
    return;
  }
  sgd_step(cohort.params, cohort.grads, cohort.states[0], cohort.steps, lr, momentum,
           {.dampening = o.dampening,
            .weight_decay = o.weight_decay,
            .nesterov = o.nesterov,
            .maximize = o.maximize,
            .grad_factor = grad_factor});
}

}  // namespace rushlight::optim
