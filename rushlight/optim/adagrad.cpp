#include "rushlight/optim/adagrad.h"

#include <limits>

#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::optim {

void Adagrad::check(const AdagradOptions& options) const {
  constexpr double kNoBound = std::numeric_limits<double>::infinity();
  expect_between("Adagrad", "lr", options.lr, 0, kNoBound);
  expect_between("Adagrad", "lr_decay", options.lr_decay, 0, kNoBound);
  expect_between("Adagrad", "weight_decay", options.weight_decay, 0, kNoBound);
  expect_between("Adagrad", "initial_accumulator_value", options.initial_accumulator_value, 0, kNoBound);
  expect_between("Adagrad", "eps", options.eps, 0, kNoBound);
}

void Adagrad::update(size_t group, Cohort& c, const Tensor& grad_factor) {
  const AdagradOptions& o = options(group);
  const Tensor slower = c.steps.to(DType::float64) * o.lr_decay + 1.0;
  const std::vector<Tensor> grads = c.scaled_grads(grad_factor);
  std::vector<Tensor> directions;
  for (size_t i = 0; i < c.params.size(); ++i) {
    Tensor g = o.maximize ? -grads[i] : grads[i];
    if (o.weight_decay != 0) g = g + c.params[i] * o.weight_decay;
    const Tensor& sum = c.states[0][i];
    sum.add_(g * g);
    directions.push_back(g / ((sqrt(sum) + o.eps) * slower));
  }
  sgd_step(c.params, directions, groups()[group].lr);
  c.steps.add_(1);
}

}  // namespace rushlight::optim
