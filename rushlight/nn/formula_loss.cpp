#include "rushlight/nn/formula_loss.h"

#include <cmath>
#include <numbers>

#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/ops/loss_rules.h"
#include "rushlight/ops/operators.h"

namespace rushlight::nn {

namespace {

// One row is a batch of one.
Tensor as_rows(const Tensor& x) { return x.rank() == 1 ? x.unsqueeze(0) : x; }

void expect_classes(const char* loss, const Tensor& input, const Tensor& target, int target_rank) {
  if ((input.rank() != 1 && input.rank() != 2) || target.rank() != input.rank() - 2 + target_rank)
    fail(ErrorKind::value, "[", loss, "] needs scores (items, classes) or (classes,), and a target of ",
         target_rank == 1 ? "one class for each item" : "as many classes", ", but the shapes are ",
         input.shape(), " and ", target.shape());
}

// One for each number, or for all along one dimension.
bool is_variance_of(const Tensor& var, const Tensor& input) {
  if (var.rank() != input.rank()) return false;
  int shared = 0;
  for (int64_t dim = 0; dim < var.rank(); ++dim)
    if (var.size(dim) != input.size(dim)) shared += var.size(dim) == 1 ? 1 : 2;
  return shared <= 1;
}

}  // namespace

Tensor PoissonNLLLoss::forward(const Tensor& input, const Tensor& target) const {
  Tensor terms = options.log_input ? exp(input) - target * input : input - target * log(input + options.eps);
  if (options.full) {  // Stirling's formula for the logarithm of the factorial
    const Tensor stirling = target * log(target) - target + log(target * (2 * std::numbers::pi)) * 0.5;
    terms = terms + where(gt(target, 1), stirling, 0.0);
  }
  return reduce_loss("PoissonNLLLoss", terms, options.reduction);
}

Tensor GaussianNLLLoss::forward(const Tensor& input, const Tensor& target, const Tensor& var) const {
  const Tensor variance = (var.rank() + 1 == input.rank() ? var.unsqueeze(-1) : var).clone();
  if (!is_variance_of(variance, input))
    fail(ErrorKind::value, "[GaussianNLLLoss] the variance is one for each number or row of ", input.shape(),
         ", but its shape is ", var.shape());
  {
    NoGrad guard;  // the gradient is that of the variance as it was
    variance.copy_(clamp_min(variance, options.eps));
  }
  Tensor terms = (log(variance) + square(input - target) / variance) * 0.5;
  if (options.full) terms = terms + 0.5 * std::log(2 * std::numbers::pi);
  return reduce_loss("GaussianNLLLoss", terms, options.reduction);
}

MultiMarginLoss::MultiMarginLoss(const MultiMarginOptions& options)
    : weight(buffer("weight", options.weight)),
      p_(options.p),
      margin_(options.margin),
      reduction_(options.reduction) {
  if (p_ != 1 && p_ != 2) fail(ErrorKind::value, "[MultiMarginLoss] p is 1 or 2, not ", p_);
}

Tensor MultiMarginLoss::forward(const Tensor& input, const Tensor& target) const {
  expect_classes("MultiMarginLoss", input, target, 1);
  const Tensor scores = as_rows(input), right = target.reshape({-1, 1});
  Tensor behind = clamp_min(scores - scores.gather(1, right) + margin_, 0);
  if (p_ == 2) behind = square(behind);
  if (weight.defined()) behind = behind * weight.index_select(0, right.reshape(-1)).unsqueeze(1);
  const Tensor terms = behind.scatter(1, right, 0.0).mean({.dim = 1});
  return reduce_loss("MultiMarginLoss", input.rank() == 1 ? terms.select(0, 0) : terms, reduction_);
}

Tensor MultiLabelMarginLoss::forward(const Tensor& input, const Tensor& target) const {
  expect_classes("MultiLabelMarginLoss", input, target, 2);
  const Tensor scores = as_rows(input);
  const Tensor listed = cumprod(ge(as_rows(target), 0).to(DType::int64), 1);  // 0 from the first -1 on
  const Tensor right = as_rows(target) * listed;
  const Tensor is_right =
      gt(full(listed.shape(), 0, {.dtype = DType::int64}).scatter_add(1, right, listed), 0);
  // of each pair of a right class and a wrong one
  const Tensor behind = clamp_min(scores.unsqueeze(1) - scores.gather(1, right).unsqueeze(2) + 1.0, 0);
  const Tensor counts = logical_and(listed.unsqueeze(2), logical_not(is_right).unsqueeze(1));
  const Tensor terms = (behind * counts).sum({.dim = {1, 2}}) / static_cast<double>(scores.size(1));
  return reduce_loss("MultiLabelMarginLoss", input.rank() == 1 ? terms.select(0, 0) : terms,
                     options.reduction);
}

MultiLabelSoftMarginLoss::MultiLabelSoftMarginLoss(const MultiLabelSoftMarginOptions& options)
    : weight(buffer("weight", options.weight)), reduction_(options.reduction) {}

Tensor MultiLabelSoftMarginLoss::forward(const Tensor& input, const Tensor& target) const {
  Tensor terms = -(target * log_sigmoid(input) + (1.0 - target) * log_sigmoid(-input));
  if (weight.defined()) terms = terms * weight;
  return reduce_loss("MultiLabelSoftMarginLoss", terms.mean({.dim = -1}), reduction_);
}

}  // namespace rushlight::nn
