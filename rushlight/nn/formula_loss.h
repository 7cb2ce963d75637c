// Losses that are no op of their own but a formula of others. Options and defaults are PyTorch's.
#pragma once

#include "rushlight/nn/layer.h"

namespace rushlight::nn {

template <class Self, class Options>
class FormulaLoss : public Layer<Self> {
 public:
  explicit FormulaLoss(const Options& chosen = {}) : options(chosen) {}

  Options options;
};

struct PoissonNLLOptions {
  bool log_input = true;  // the input is the logarithm of what is expected
  bool full = false;      // with what depends on the target alone
  double eps = 1e-8;      // keeps the logarithm finite where the input is none
  std::string reduction = "mean";
};
// How surprising counts are.
struct PoissonNLLLoss : FormulaLoss<PoissonNLLLoss, PoissonNLLOptions> {
  using FormulaLoss::FormulaLoss;
  Tensor forward(const Tensor& input, const Tensor& target) const;
};

struct GaussianNLLOptions {
  bool full = false;  // with the constant
  double eps = 1e-6;  // the least variance
  std::string reduction = "mean";
};
// How surprising numbers are that are expected about `input`, with the variance `var`: one for each, or for
// each row.
struct GaussianNLLLoss : FormulaLoss<GaussianNLLLoss, GaussianNLLOptions> {
  using FormulaLoss::FormulaLoss;
  Tensor forward(const Tensor& input, const Tensor& target, const Tensor& var) const;
};

struct MultiMarginOptions {
  int p = 1;  // or 2
  double margin = 1;
  Tensor weight{};  // of the classes
  std::string reduction = "mean";
};
// By how much the right class fails to lead the others by the margin.
class MultiMarginLoss : public Layer<MultiMarginLoss> {
 public:
  explicit MultiMarginLoss(const MultiMarginOptions& options = {});
  Tensor forward(const Tensor& input, const Tensor& target) const;

  Buffer weight;

 private:
  int p_;
  double margin_;
  std::string reduction_;
};

struct ReductionOptions {
  std::string reduction = "mean";
};
// The same where several classes are right: `target` lists them, -1 ends the list.
struct MultiLabelMarginLoss : FormulaLoss<MultiLabelMarginLoss, ReductionOptions> {
  using FormulaLoss::FormulaLoss;
  Tensor forward(const Tensor& input, const Tensor& target) const;
};

struct MultiLabelSoftMarginOptions {
  Tensor weight{};  // of the classes
  std::string reduction = "mean";
};
// The mean over the classes of binary cross-entropies.
class MultiLabelSoftMarginLoss : public Layer<MultiLabelSoftMarginLoss> {
 public:
  explicit MultiLabelSoftMarginLoss(const MultiLabelSoftMarginOptions& options = {});
  Tensor forward(const Tensor& input, const Tensor& target) const;

  Buffer weight;

 private:
  std::string reduction_;
};

}  // namespace rushlight::nn
