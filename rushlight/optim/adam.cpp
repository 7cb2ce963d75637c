#include "rushlight/optim/adam.h"

#include <limits>

#include "rushlight/generated/functions.h"

namespace rushlight::optim {

template <class Options>
void AdamBase<Options>::check(const Options& options) const {
  constexpr double kNoBound = std::numeric_limits<double>::infinity();
  const char* name = std::is_same_v<Options, AdamWOptions> ? "AdamW" : "Adam";
  expect_between(name, "lr", options.lr, 0, kNoBound);
  expect_between(name, "beta1", options.beta1, 0, 1);
  expect_between(name, "beta2", options.beta2, 0, 1);
  expect_between(name, "eps", options.eps, 0, kNoBound);
  expect_between(name, "weight_decay", options.weight_decay, 0, kNoBound);
}

template <class Options>
std::vector<const char*> AdamBase<Options>::memories(size_t group, bool) const {
  if (this->options(group).amsgrad) return {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
  return {"exp_avg", "exp_avg_sq"};
}

template <class Options>
void AdamBase<Options>::update(size_t group, Optimizer::Cohort& c, const Tensor& grad_factor) {
  const Options& o = this->options(group);
  const auto& [params, lr, beta1, initial_lr] = this->groups()[group];
  constexpr bool kDecoupled = std::is_same_v<Options, AdamWOptions>;
  if constexpr (kDecoupled) {
    if (o.amsgrad)
      adamw_step(c.params, c.grads, c.states[0], c.states[1], c.states[2], c.steps, lr,
                 {beta1, o.beta2, o.eps, o.weight_decay, o.maximize, grad_factor});
    else
      adamw_step(c.params, c.grads, c.states[0], c.states[1], c.steps, lr,
                 {beta1, o.beta2, o.eps, o.weight_decay, o.maximize, grad_factor});
  } else {
    if (o.amsgrad)
      adam_step(c.params, c.grads, c.states[0], c.states[1], c.states[2], c.steps, lr,
                {beta1, o.beta2, o.eps, o.weight_decay, o.maximize, grad_factor});
    else
      adam_step(c.params, c.grads, c.states[0], c.states[1], c.steps, lr,
                {beta1, o.beta2, o.eps, o.weight_decay, o.maximize, grad_factor});
  }
}

template class AdamBase<AdamOptions>;
template class AdamBase<AdamWOptions>;

}  // namespace rushlight::optim
