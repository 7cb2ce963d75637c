// Losses that reduce elementwise terms: mse_loss, binary_cross_entropy, kl_div, triplet_margin_loss ...
#include "rushlight/ops/loss_rules.h"

namespace rushlight {

namespace {

void expect_one_shape(const char* op, const Tensor& input, const Tensor& target) {
  if (!input.layout().same_shape(target.layout()))
    fail(ErrorKind::value, "[", op, "] target of shape ", target.shape(), " must have input's shape ",
         input.shape());
}

// Differences of unsigned numbers wrap, and whole numbers have no distances.
void expect_floats(const char* op, const Tensor& tensor) {
  if (!is_floating(tensor.dtype()))
    fail(ErrorKind::runtime, "[", op, "] expects floating point numbers, but got ", tensor.dtype(),
         "; cast them with to(float32)");
}

// A weight for each element, and the sum of the terms divided by the sum of the weights.
Tensor weighted_mean_loss(const char* op, const Tensor& input, const Tensor& terms, const Tensor& weight,
                          std::string_view reduction) {
  if (!weight.defined()) return reduce_loss(op, terms, reduction);
  if (!weight.layout().same_shape(input.layout()))
    fail(ErrorKind::value, "[", op, "] weight of shape ", weight.shape(), " must have input's shape ",
         input.shape());
  Tensor weighed = terms * weight;
  return reduction == "mean" ? sum(weighed) / sum(weight) : reduce_loss(op, weighed, reduction);
}

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, const MseLossOptions& options) {
  Tensor terms = squared_difference(input, target);
  return weighted_mean_loss("mse_loss", input, terms, options.weight, options.reduction);
}

Tensor l1_loss(const Tensor& input, const Tensor& target, const L1LossOptions& options) {
  Tensor terms = absolute_difference(input, target);
  return weighted_mean_loss("l1_loss", input, terms, options.weight, options.reduction);
}

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const SmoothL1LossOptions& options) {
  if (!(options.beta >= 0))
    fail(ErrorKind::runtime, "[smooth_l1_loss] beta must not be negative, but it is ", options.beta);
  return reduce_loss("smooth_l1_loss", smooth_l1(input, target, options.beta), options.reduction);
}

Tensor huber_loss(const Tensor& input, const Tensor& target, const HuberLossOptions& options) {
  if (!(options.delta > 0))
    fail(ErrorKind::runtime, "[huber_loss] delta must be positive, but it is ", options.delta);
  return reduce_loss("huber_loss", huber(input, target, options.delta), options.reduction);
}

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                            const BinaryCrossEntropyOptions& options) {
  expect_one_shape("binary_cross_entropy", input, target);
  Tensor terms = bce(input, target);
  if (options.weight.defined()) terms = terms * options.weight;
  return reduce_loss("binary_cross_entropy", terms, options.reduction);
}

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsOptions& options) {
  expect_one_shape("binary_cross_entropy_with_logits", input, target);
  Tensor terms = bce_with_logits(input, target, options.pos_weight.defined() ? options.pos_weight : 1.0);
  if (options.weight.defined()) terms = terms * options.weight;
  return reduce_loss("binary_cross_entropy_with_logits", terms, options.reduction);
}

Tensor kl_div(const Tensor& input, const Tensor& target, const KlDivOptions& options) {
  Tensor terms = options.log_target ? kl_term_of_log(input, target) : kl_term(input, target);
  if (options.reduction != "batchmean") return reduce_loss("kl_div", terms, options.reduction);
  return terms.rank() ? sum(terms) / static_cast<double>(terms.size(0)) : terms;
}

Tensor soft_margin_loss(const Tensor& input, const Tensor& target, const SoftMarginLossOptions& options) {
  return reduce_loss("soft_margin_loss", soft_margin(input, target), options.reduction);
}

// -- targets 1 and -1

Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target,
                            const HingeEmbeddingLossOptions& options) {
  expect_floats("hinge_embedding_loss", input);
  Tensor apart = where(target != 1, clamp_min(options.margin - input, 0), 0);
  Tensor alike = where(target != -1, input, 0);
  return reduce_loss("hinge_embedding_loss", apart + alike, options.reduction);
}

Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                           const MarginRankingLossOptions& options) {
  expect_floats("margin_ranking_loss", input1);
  expect_floats("margin_ranking_loss", input2);
  Tensor terms = clamp_min(neg(target) * (input1 - input2) + options.margin, 0);
  return reduce_loss("margin_ranking_loss", terms, options.reduction);
}

Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             const CosineEmbeddingLossOptions& options) {
  constexpr double kEpsilon = 1e-12;
  auto inner = [](const Tensor& a, const Tensor& b) { return sum(a * b, {.dim = -1}); };
  Tensor sizes = (inner(input1, input1) + kEpsilon) * (inner(input2, input2) + kEpsilon);
  Tensor cosine = inner(input1, input2) / sqrt(sizes);
  Tensor terms =
      where(target == 1, 1 - cosine, 0) + where(target == -1, clamp_min(cosine - options.margin, 0), 0);
  return reduce_loss("cosine_embedding_loss", terms, options.reduction);
}

// -- distances

Tensor normalize(const Tensor& input, const NormalizeOptions& options) {
  Tensor length = vector_norm(input, {.ord = options.p, .dim = options.dim, .keepdim = true});
  return input / clamp_min(length, options.eps);
}

Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, const PairwiseDistanceOptions& options) {
  expect_floats("pairwise_distance", x1);
  expect_floats("pairwise_distance", x2);
  return vector_norm(x1 - x2 + options.eps, {.ord = options.p, .dim = -1, .keepdim = options.keepdim});
}

Tensor cdist(const Tensor& x1, const Tensor& x2, const CdistOptions& options) {
  expect_floats("cdist", x1);
  expect_floats("cdist", x2);
  if (x1.rank() < 2 || x2.rank() < 2 || x1.size(-1) != x2.size(-1))
    fail(ErrorKind::runtime, "[cdist] x1 ", x1.shape(), " and x2 ", x2.shape(),
         " must be rows of points with as many coordinates each");
  if (!(options.p >= 0)) fail(ErrorKind::runtime, "[cdist] p must not be negative, but it is ", options.p);
  return vector_norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), {.ord = options.p, .dim = -1});
}

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, const CosineSimilarityOptions& options) {
  // Both get the common shape first: dim counts its dimensions, and a length is that of all it repeats.
  Shape shape = broadcast_shapes(x1.shape(), x2.shape(), "cosine_similarity");
  auto unit = [&](const Tensor& direction) {
    DType dtype = is_floating(direction.dtype()) ? direction.dtype() : default_dtype();
    Tensor x = as_dtype(expand(direction, shape), dtype);
    return x / clamp_min(vector_norm(x, {.dim = options.dim, .keepdim = true}), options.eps);
  };
  return sum(unit(x1) * unit(x2), {.dim = options.dim});
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginLossOptions& options) {
  auto distance = [&](const Tensor& a, const Tensor& b) {
    return pairwise_distance(a, b, {.p = options.p, .eps = options.eps});
  };
  Tensor near = distance(anchor, positive), far = distance(anchor, negative);
  if (options.swap) far = minimum(far, distance(positive, negative));
  return reduce_loss("triplet_margin_loss", clamp_min(near - far + options.margin, 0), options.reduction);
}

}  // namespace rushlight
