#include "rushlight/optim/muon.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::optim {

namespace {

// a x + b x^3 + c x^5 brings any x in (0, 1] to about 1 in five rounds; the steeper at 0, the better.
constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;

// target + share * (from - target) of each, by an op that takes a slot, so that replays read the share anew.
std::vector<Tensor> mixed(const std::vector<Tensor>& from, const std::vector<Tensor>& target,
                          const Slot& share) {
  std::vector<Tensor> results, ways;
  for (size_t i = 0; i < from.size(); ++i)
    results.push_back(target[i].clone()), ways.push_back(target[i] - from[i]);
  sgd_step(results, ways, share);
  return results;
}

// Of a step along a matrix whose singular values are 1: as large for wide ones as for tall ones.
double size_of_step(const Tensor& matrix, bool match_rms_adamw) {
  const auto rows = static_cast<double>(matrix.size(0)), columns = static_cast<double>(matrix.size(1));
  if (match_rms_adamw) return 0.2 * std::sqrt(std::max(rows, columns));
  return std::sqrt(std::max(1.0, rows / columns));
}

}  // namespace

void Muon::check(const MuonOptions& options) const {
  constexpr double kNoBound = std::numeric_limits<double>::infinity();
  expect_between("Muon", "lr", options.lr, 0, kNoBound);
  expect_between("Muon", "momentum", options.momentum, 0, kNoBound);
  expect_between("Muon", "weight_decay", options.weight_decay, 0, kNoBound);
  expect_between("Muon", "ns_steps", options.ns_steps, 1, 100);
}

void Muon::check_params(const std::vector<Tensor>& params) const {
  for (const Tensor& param : params)
    if (param.rank() != 2)
      fail(ErrorKind::value, "[Muon] ", param,
           " is no matrix; train it with another optimizer, AdamW for example");
}

Tensor orthogonalized(const Tensor& matrix, int steps, double eps) {
  const bool tall = matrix.size(0) > matrix.size(1);
  Tensor x = tall ? matrix.t() : matrix;
  x = x / clamp(norm(x), {.min = eps});
  for (int i = 0; i < steps; ++i) {
    const Tensor gram = matmul(x, x.t());
    x = x * kA + matmul(gram * kB + matmul(gram, gram) * kC, x);
  }
  return tall ? x.t() : x;
}

void Muon::update(size_t group, Cohort& c, const Tensor& grad_factor) {
  const MuonOptions& o = options(group);
  const Slot& momentum = groups()[group].momentum;
  const std::vector<Tensor> grads = c.scaled_grads(grad_factor);
  const std::vector<Tensor> velocities = mixed(c.states[0], grads, momentum);
  for (size_t i = 0; i < velocities.size(); ++i) c.states[0][i].copy_(velocities[i]);
  std::vector<Tensor> directions = o.nesterov ? mixed(velocities, grads, momentum) : velocities;
  for (Tensor& direction : directions)
    direction = orthogonalized(direction, o.ns_steps, o.eps) * size_of_step(direction, o.match_rms_adamw);
  sgd_step(c.params, directions, groups()[group].lr, {.weight_decay = o.weight_decay});
  c.steps.add_(1);
}

}  // namespace rushlight::optim
