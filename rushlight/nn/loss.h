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
    Options options = options_;
    options.reduction = reduction_;  // the caller's text may be gone
    return op(tensors..., options);
  }
  std::string details() const override { return join_text("reduction='", reduction_, "'"); }

 private:
  std::string reduction_;
  Options options_;
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
struct CrossEntropyLoss : Loss<CrossEntropyLoss, CrossEntropyOptions, cross_entropy> {
  using Loss::Loss;
};
struct NLLLoss : Loss<NLLLoss, NllLossOptions, nll_loss> {
  using Loss::Loss;
};
struct BCELoss : Loss<BCELoss, BinaryCrossEntropyOptions, binary_cross_entropy> {
  using Loss::Loss;
};
struct BCEWithLogitsLoss
    : Loss<BCEWithLogitsLoss, BinaryCrossEntropyWithLogitsOptions, binary_cross_entropy_with_logits> {
  using Loss::Loss;
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
