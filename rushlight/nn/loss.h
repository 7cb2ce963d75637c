// Losses as layers: nn::CrossEntropyLoss loss({.label_smoothing = 0.1}); loss(logits, labels).backward();
#pragma once

#include "rushlight/generated/functions.h"
#include "rushlight/nn/layer.h"

namespace rushlight::nn {

// A loss of so many tensors, and its op's options.
template <class Self, class Options, auto op>
class Loss : public Layer<Self> {
 public:
  explicit Loss(const Options& options = {}) : reduction_(options.reduction), options_(options) {}
  template <class... Tensors>
  Tensor forward(const Tensors&... tensors) const {
    return op(tensors..., options());
  }

 protected:
  Options options() const {
    Options options = options_;
    options.reduction = reduction_;  // the caller's text may be gone
    return options;
  }

 private:
  std::string reduction_;
  Options options_;
};

// One with a weight for each class or number, which belongs to the state.
template <class Self, class Options, auto op>
class WeightedLoss : public Loss<Self, Options, op> {
 public:
  explicit WeightedLoss(const Options& options = {})
      : Loss<Self, Options, op>(without_weights(options)),
        weight(this->buffer("weight", options.weight)),
        pos_weight(this->buffer("pos_weight", pos_weight_of(options))) {}
  template <class... Tensors>
  Tensor forward(const Tensors&... tensors) const {
    Options options = this->options();
    options.weight = weight;
    if constexpr (kHasPosWeight) options.pos_weight = pos_weight;
    return op(tensors..., options);
  }

  Buffer weight;
  Buffer pos_weight;  // of BCEWithLogitsLoss

 private:
  static constexpr bool kHasPosWeight = requires(Options o) { o.pos_weight; };

  static Tensor pos_weight_of(const Options& options) {
    if constexpr (kHasPosWeight)
      return options.pos_weight;
    else
      return {};
  }
  static Options without_weights(Options options) {
    options.weight = {};
    if constexpr (kHasPosWeight) options.pos_weight = {};
    return options;
  }
};

struct MSELoss : Loss<MSELoss, MseLossOptions, mse_loss> {
  using Loss::Loss;
};
struct L1Loss : Loss<L1Loss, L1LossOptions, l1_loss> {
  using Loss::Loss;
};
struct SmoothL1Loss : Loss<SmoothL1Loss, SmoothL1LossOptions, smooth_l1_loss> {
  using Loss::Loss;
};
struct HuberLoss : Loss<HuberLoss, HuberLossOptions, huber_loss> {
  using Loss::Loss;
};
struct CrossEntropyLoss : WeightedLoss<CrossEntropyLoss, CrossEntropyOptions, cross_entropy> {
  using WeightedLoss::WeightedLoss;
};
struct NLLLoss : WeightedLoss<NLLLoss, NllLossOptions, nll_loss> {
  using WeightedLoss::WeightedLoss;
};
struct BCELoss : WeightedLoss<BCELoss, BinaryCrossEntropyOptions, binary_cross_entropy> {
  using WeightedLoss::WeightedLoss;
};
struct BCEWithLogitsLoss
    : WeightedLoss<BCEWithLogitsLoss, BinaryCrossEntropyWithLogitsOptions, binary_cross_entropy_with_logits> {
  using WeightedLoss::WeightedLoss;
};
struct KLDivLoss : Loss<KLDivLoss, KlDivOptions, kl_div> {
  using Loss::Loss;
};
struct SoftMarginLoss : Loss<SoftMarginLoss, SoftMarginLossOptions, soft_margin_loss> {
  using Loss::Loss;
};
struct HingeEmbeddingLoss : Loss<HingeEmbeddingLoss, HingeEmbeddingLossOptions, hinge_embedding_loss> {
  using Loss::Loss;
};
struct MarginRankingLoss : Loss<MarginRankingLoss, MarginRankingLossOptions, margin_ranking_loss> {
  using Loss::Loss;
};
struct CosineEmbeddingLoss : Loss<CosineEmbeddingLoss, CosineEmbeddingLossOptions, cosine_embedding_loss> {
  using Loss::Loss;
};
struct TripletMarginLoss : Loss<TripletMarginLoss, TripletMarginLossOptions, triplet_margin_loss> {
  using Loss::Loss;
};

}  // namespace rushlight::nn
