// A GPT-2 of 124 million weights that decodes: one token at a time, at a position where a cache holds the
// keys and values of 128 before it. A plain struct over public ops; its weights are packed in one dtype.
#pragma once

#include "bench/workloads/training.h"

namespace rushlight::workloads {

template <DType Weights>
struct Gpt2Decode {
  static constexpr int64_t kLayers = 12, kHeads = 12, kWidth = 768, kHead = kWidth / kHeads;
  static constexpr int64_t kVocabulary = 50257, kContext = 1024, kPosition = 128;

  struct Layer {
    Tensor weight, scale, bias;
    int64_t outputs;
    Tensor operator()(const Tensor& x) const {
      return linear_packed(x, weight, outputs, {.scale = scale, .bias = bias});
    }
  };
  struct Norm {
    Tensor weight = numbers({1, kWidth}).view(-1) + 1.0, bias = numbers({1, kWidth}).view(-1);
    Tensor operator()(const Tensor& x) const {
      return layer_norm(x, kWidth, {.weight = weight, .bias = bias});
    }
  };
  struct Block {
    Norm norm1;
    Layer qkv = layer(3 * kWidth, kWidth), out = layer(kWidth, kWidth);
    Norm norm2;
    Layer widen = layer(4 * kWidth, kWidth), narrow = layer(kWidth, 4 * kWidth);
    Tensor cache = numbers({2 * kHeads, kContext* kHead}).view({2, kHeads, kContext, kHead});
  };

  Tensor tokens = numbers({kVocabulary, kWidth}), positions = numbers({kContext, kWidth});
  std::vector<Block> blocks = std::vector<Block>(kLayers);
  Norm norm;
  Layer head = packed(tokens, {});
  Tensor inputs = full(1, 7919, {.dtype = DType::int64}), targets;

  // The largest of the logits of what comes after this token.
  Tensor step(const Tensor& token, const Tensor&) const {
    NoGrad guard;
    return amax(logits(token));
  }

  Tensor logits(const Tensor& token) const {
    Tensor x = embedding(token, tokens) + positions.narrow(0, kPosition, 1);
    for (const Block& b : blocks) {
      x = x + b.out(attention(b.qkv(b.norm1(x)), b.cache));
      x = x + b.narrow(gelu_tanh(b.widen(b.norm2(x))));
    }
    return head(norm(x));
  }

  static Tensor attention(const Tensor& qkv, const Tensor& cache) {
    Tensor parts = qkv.view({3, kHeads, 1, kHead});
    cache.narrow(2, kPosition, 1).copy_(parts.narrow(0, 1, 2));
    Tensor seen = cache.narrow(2, 0, kPosition + 1);
    return scaled_dot_product_attention(parts.select(0, 0), seen.select(0, 0), seen.select(0, 1))
        .view({1, kWidth});
  }

 private:
  static Tensor numbers(const IntList& shape) { return weight(shape).detach(); }
  static Layer layer(int64_t outputs, int64_t features) {
    return packed(numbers({outputs, features}), numbers({1, outputs}).view(-1));
  }
  static Layer packed(const Tensor& weight, const Tensor& bias) {
    if constexpr (Weights == DType::int8) {
      auto [whole, scale] = pack_linear_int8(weight);
      return {whole, scale, bias, weight.size(0)};
    } else {
      return {pack_linear(weight, {.dtype = Weights}), {}, bias, weight.size(0)};
    }
  }
};

}  // namespace rushlight::workloads
