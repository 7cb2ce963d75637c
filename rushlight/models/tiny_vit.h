// TinyVit: a vision transformer small enough to read. Patches are words, an image is a sentence.
#pragma once

#include "rushlight/nn/activation.h"
#include "rushlight/nn/attention.h"
#include "rushlight/nn/patch_embed.h"
#include "rushlight/nn/sequential.h"

namespace rushlight::models {

struct TinyVitOptions {
  int64_t image = 28, channels = 1, patch = 4;
  int64_t dim = 64, depth = 1, heads = 4, mlp = 128;
  int64_t classes = 10;
  std::string pooling = "mean";  // of all patches; "cls": a word of its own that looks at them
};

// A block of an encoder: x + attention(norm(x)), then x + mlp(norm(x)).
class VitBlock : public nn::Layer<VitBlock> {
 public:
  VitBlock(int64_t dim, int64_t heads, int64_t mlp);
  Tensor forward(const Tensor& x) const;

  nn::LayerNorm norm1;
  nn::MultiheadAttention attn;
  nn::LayerNorm norm2;
  nn::Sequential mlp;
};

// (batch, channels, image, image) -> (batch, classes)
class TinyVit : public nn::Layer<TinyVit> {
 public:
  explicit TinyVit(const TinyVitOptions& options = {});
  Tensor forward(const Tensor& images) const;

  nn::Parameter pos_embed;  // (1, words, dim)
  nn::Parameter cls_token;  // (1, 1, dim), if that is what is pooled
  nn::PatchEmbed patch_embed;
  nn::ModuleList<VitBlock> blocks;
  nn::LayerNorm norm;
  nn::Linear head;

 private:
  TinyVitOptions options_;
};

}  // namespace rushlight::models
