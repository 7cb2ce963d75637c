// How far, or how alike, two rows of numbers are.
#pragma once

#include "rushlight/generated/functions.h"
#include "rushlight/nn/layer.h"

namespace rushlight::nn {

template <class Self, class Options, Tensor (*op)(const Tensor&, const Tensor&, const Options&)>
struct Distance : Layer<Self> {
  explicit Distance(const Options& chosen = {}) : options(chosen) {}
  Tensor forward(const Tensor& x1, const Tensor& x2) const { return op(x1, x2, options); }

  Options options;
};

struct CosineSimilarity : Distance<CosineSimilarity, CosineSimilarityOptions, cosine_similarity> {
  using Distance::Distance;
};
struct PairwiseDistance : Distance<PairwiseDistance, PairwiseDistanceOptions, pairwise_distance> {
  using Distance::Distance;
};

}  // namespace rushlight::nn
