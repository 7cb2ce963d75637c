#include "rushlight/models/tiny_vit.h"

#include "rushlight/generated/functions.h"
#include "rushlight/nn/init.h"
#include "rushlight/ops/operators.h"

namespace rushlight::models {

namespace {

Tensor small_numbers(const IntList& shape) {
  Tensor tensor = empty(shape, default_dtype());
  return nn::init::normal_(tensor, 0, 0.02);
}

TinyVitOptions checked(const TinyVitOptions& o) {
  if (o.patch < 1 || o.image % o.patch != 0)
    fail(ErrorKind::value, "[TinyVit] an image of ", o.image, " pixels can not be cut into patches of ",
         o.patch);
  constexpr int64_t kMostBlocks = 1024;
  if (o.depth > kMostBlocks)
    fail(ErrorKind::value, "[TinyVit] can have at most ", kMostBlocks, " blocks, not ", o.depth);
  if (o.pooling != "mean" && o.pooling != "cls")
    fail(ErrorKind::value, "[TinyVit] pooling is \"mean\" or \"cls\", not \"", o.pooling, "\"");
  return o;
}

int64_t words_of(const TinyVitOptions& o) {
  return (o.image / o.patch) * (o.image / o.patch) + (o.pooling == "cls");
}

}  // namespace

VitBlock::VitBlock(int64_t dim, int64_t heads, int64_t hidden)
    : norm1(child("norm1", nn::LayerNorm(dim))),
      attn(child("attn", nn::MultiheadAttention(dim, heads, {.batch_first = true}))),
      norm2(child("norm2", nn::LayerNorm(dim))),
      mlp(child("mlp", nn::Sequential(nn::Linear(dim, hidden), nn::GELU(), nn::Linear(hidden, dim)))) {}

Tensor VitBlock::forward(const Tensor& x) const {
  const Tensor y = norm1(x);
  const Tensor seen = x + attn(y, y, y).output;
  return seen + mlp(norm2(seen));
}

TinyVit::TinyVit(const TinyVitOptions& options)
    : pos_embed(parameter("pos_embed", small_numbers({1, words_of(checked(options)), options.dim}))),
      cls_token(
          parameter("cls_token", options.pooling == "cls" ? small_numbers({1, 1, options.dim}) : Tensor())),
      patch_embed(child("patch_embed", nn::PatchEmbed(options.patch, options.channels, options.dim))),
      blocks(child(
          "blocks",
          nn::ModuleList<VitBlock>(
              options.depth, [&](int64_t) { return VitBlock(options.dim, options.heads, options.mlp); }))),
      norm(child("norm", nn::LayerNorm(options.dim))),
      head(child("head", nn::Linear(options.dim, options.classes))),
      options_(options) {}

Tensor TinyVit::forward(const Tensor& images) const {
  Tensor x = patch_embed(images);
  if (cls_token.defined()) x = cat({cls_token.expand({x.size(0), 1, x.size(2)}), x}, {.dim = 1});
  x = x + pos_embed;
  for (const VitBlock& block : blocks) x = block(x);
  x = norm(x);
  return head(cls_token.defined() ? x.select(1, 0) : x.mean({.dim = 1}));
}

}  // namespace rushlight::models
