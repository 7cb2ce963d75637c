// TinyViT on MNIST-sized images: patch 4, dim 64, depth 1, 4 heads, mlp 128. A plain struct over public ops,
// with its training step; synthetic data.
#pragma once

#include "bench/workloads/training.h"

namespace rushlight::workloads {

struct TinyVit {
  static constexpr int64_t kImage = 28, kPatch = 4, kSide = kImage / kPatch, kTokens = kSide * kSide;
  static constexpr int64_t kDim = 64, kHeads = 4, kMlp = 128, kClasses = 10;

  Tensor patch_weight = weight({kDim, kPatch* kPatch}), patch_bias = zeros(kDim),
         positions = weight({kTokens, kDim});
  Tensor norm1_weight = ones(kDim), norm1_bias = zeros(kDim);
  Tensor qkv_weight = weight({3 * kDim, kDim}), qkv_bias = zeros(3 * kDim);
  Tensor out_weight = weight({kDim, kDim}), out_bias = zeros(kDim);
  Tensor norm2_weight = ones(kDim), norm2_bias = zeros(kDim);
  Tensor fc1_weight = weight({kMlp, kDim}), fc1_bias = zeros(kMlp), fc2_weight = weight({kDim, kMlp}),
         fc2_bias = zeros(kDim);
  Tensor norm_weight = ones(kDim), norm_bias = zeros(kDim), head_weight = weight({kClasses, kDim}),
         head_bias = zeros(kClasses);

  std::vector<Tensor> parameters() const {
    return {patch_weight, patch_bias,  positions,    norm1_weight, norm1_bias, qkv_weight, qkv_bias,
            out_weight,   out_bias,    norm2_weight, norm2_bias,   fc1_weight, fc1_bias,   fc2_weight,
            fc2_bias,     norm_weight, norm_bias,    head_weight,  head_bias};
  }

  // (batch, 28, 28) pixels -> (batch, 10) logits
  Tensor forward(const Tensor& images) const {
    int64_t batch = images.size(0);
    Tensor patches = images.view({batch, kSide, kPatch, kSide, kPatch})
                         .permute({0, 1, 3, 2, 4})
                         .reshape({batch, kTokens, kPatch * kPatch});
    Tensor x = linear(patches, patch_weight, {.bias = patch_bias}) + positions;
    x = attention(layer_norm(x, kDim, {.weight = norm1_weight, .bias = norm1_bias}), x, batch);
    Tensor h = layer_norm(x, kDim, {.weight = norm2_weight, .bias = norm2_bias});
    h = gelu(linear(h, fc1_weight, {.bias = fc1_bias}));
    x = linear(h, fc2_weight, {.bias = fc2_bias, .residual = x});
    x = layer_norm(x, kDim, {.weight = norm_weight, .bias = norm_bias});
    return linear(x.sum({.dim = 1}) * (1.0 / kTokens), head_weight, {.bias = head_bias});
  }

  Tensor attention(const Tensor& x, const Tensor& residual, int64_t batch) const {
    Tensor qkv = linear(x, qkv_weight, {.bias = qkv_bias}).view({batch, kTokens, 3, kHeads, kDim / kHeads});
    Tensor y = self_attention(qkv).view({batch, kTokens, kDim});
    return linear(y, out_weight, {.bias = out_bias, .residual = residual});
  }

 private:
  static Tensor zeros(int64_t n) { return full(n, 0.0).requires_grad_(); }
  static Tensor ones(int64_t n) { return full(n, 1.0).requires_grad_(); }
};

// Batch 256, AdamW.
struct TinyVitTraining {
  static constexpr int64_t kBatch = 256;
  TinyVit model;
  Adam adam{model.parameters()};
  Tensor inputs = scattered({kBatch, TinyVit::kImage, TinyVit::kImage}, 1);
  Tensor targets = arange(kBatch).remainder(TinyVit::kClasses);

  Tensor step(const Tensor& x, const Tensor& y) { return train(cross_entropy(model.forward(x), y), adam); }
};

}  // namespace rushlight::workloads
