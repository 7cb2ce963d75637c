// A GPT on characters, as nanoGPT trains it: no biases, the head is the embedding, pre-norm blocks. A plain
// struct over public ops, with its training step.
#pragma once

#include "bench/workloads/training.h"

namespace rushlight::workloads {

struct GptSize {
  int64_t layers, heads, width, time, batch;
};

struct NanoGpt {
  static constexpr int64_t kVocabulary = 65;

  struct Block {
    Tensor norm1, qkv, out, norm2, widen, narrow;
  };
  GptSize size;
  Tensor tokens = weight({kVocabulary, size.width}), positions = weight({size.time, size.width}),
         norm = ones(size.width);
  std::vector<Block> blocks;

  explicit NanoGpt(GptSize chosen) : size(chosen) {
    int64_t w = size.width;
    for (int64_t i = 0; i < size.layers; ++i)
      blocks.push_back(
          {ones(w), weight({3 * w, w}), weight({w, w}), ones(w), weight({4 * w, w}), weight({w, 4 * w})});
  }

  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all{tokens, positions, norm};
    for (const Block& b : blocks) all.insert(all.end(), {b.norm1, b.qkv, b.out, b.norm2, b.widen, b.narrow});
    return all;
  }

  // (batch, time) tokens -> (batch, time, vocabulary) logits
  Tensor forward(const Tensor& text) const {
    Tensor x = embedding(text, tokens) + positions;
    for (const Block& b : blocks) {
      x = attention(layer_norm(x, size.width, {.weight = b.norm1}), x, b);
      Tensor h = layer_norm(x, size.width, {.weight = b.norm2});
      x = linear(gelu(linear(h, b.widen)), b.narrow, {.residual = x});
    }
    return linear(layer_norm(x, size.width, {.weight = norm}), tokens);
  }

  Tensor attention(const Tensor& x, const Tensor& residual, const Block& b) const {
    Tensor qkv = linear(x, b.qkv).view({size.batch, size.time, 3, size.heads, size.width / size.heads});
    Tensor y = self_attention(qkv, {.is_causal = true}).view({size.batch, size.time, size.width});
    return linear(y, b.out, {.residual = residual});
  }

 private:
  static Tensor ones(int64_t n) { return full(n, 1.0).requires_grad_(); }
};

// AdamW. The text is any tokens; each is to tell the next.
template <int64_t Layers, int64_t Heads, int64_t Width, int64_t Time, int64_t Batch>
struct GptTraining {
  NanoGpt model{{Layers, Heads, Width, Time, Batch}};
  Adam adam{model.parameters()};
  Tensor inputs = (arange(Batch * Time) * 7).remainder(NanoGpt::kVocabulary).view({Batch, Time});
  Tensor targets = (inputs + 7).remainder(NanoGpt::kVocabulary);

  Tensor step(const Tensor& x, const Tensor& y) {
    Tensor logits = model.forward(x);
    return train(cross_entropy(logits.view({-1, NanoGpt::kVocabulary}), y.reshape(-1)), adam);
  }
};
using SmallGptTraining = GptTraining<4, 4, 128, 64, 12>;
using LargeGptTraining = GptTraining<6, 6, 384, 256, 8>;

}  // namespace rushlight::workloads
