// Attention in several heads, and the transformer layers around it.
#pragma once

#include "rushlight/nn/dropout.h"
#include "rushlight/nn/linear.h"
#include "rushlight/nn/normalization.h"
#include "rushlight/nn/sequential.h"

namespace rushlight::nn {

struct MultiheadAttentionOptions {
  double dropout = 0;
  bool bias = true;
  bool batch_first = false;               // (batch, time, features) instead of (time, batch, features)
  std::optional<int64_t> kdim{}, vdim{};  // features of keys and values, where others than the queries'
};
struct AttentionCall {
  Tensor key_padding_mask{};         // (batch, keys): True, or -inf, where a key is to be left out
  Tensor attn_mask{};                // (queries, keys) or (batch * heads, queries, keys), likewise
  bool need_weights = false;         // costs the matrix of weights that attention otherwise never writes
  bool average_attn_weights = true;  // over the heads
  bool is_causal = false;            // a query sees no key behind it
};
struct AttentionResult {
  Tensor output;
  Tensor weights;  // undefined if they were not asked for
};

class MultiheadAttention : public Layer<MultiheadAttention> {
 public:
  MultiheadAttention(int64_t embed_dim, int64_t num_heads, const MultiheadAttentionOptions& options = {});
  AttentionResult forward(const Tensor& query, const Tensor& key, const Tensor& value,
                          const AttentionCall& call = {}) const;

  // Of queries, keys and values: (3 features, features), or apart where they differ in their features.
  Parameter in_proj_weight;
  Parameter q_proj_weight, k_proj_weight, v_proj_weight;
  Parameter in_proj_bias;
  Linear out_proj;

 private:
  struct Projected {
    Tensor q, k, v;
  };
  Tensor turned(const Tensor& x) const;
  // Whether one product makes queries, keys and values.
  bool projects_together(const Tensor& query, const Tensor& key, const Tensor& value) const;
  Tensor project_together(const Tensor& x) const;
  Projected project(const Tensor& query, const Tensor& key, const Tensor& value) const;
  Tensor attend_to_itself(const Tensor& x, bool is_causal) const;
  struct Seen {
    Tensor heads, weights;
  };
  Seen attend(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionCall& call) const;
  void expect_shapes(const Tensor& query, const Tensor& key, const Tensor& value) const;

  int64_t features_, key_features_, value_features_, heads_;
  double dropout_;
  bool batch_first_;
};

struct TransformerOptions {
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::string activation = "relu";  // or "gelu"
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;  // layer norms at the entry of the branches: trains more easily
  bool bias = true;
};
struct MaskOptions {
  Tensor mask{};
  Tensor key_padding_mask{};
  bool is_causal = false;
};

class TransformerEncoderLayer : public Layer<TransformerEncoderLayer> {
 public:
  TransformerEncoderLayer(int64_t d_model, int64_t nhead, const TransformerOptions& options = {});
  Tensor forward(const Tensor& x, const MaskOptions& masks = {}) const;

  MultiheadAttention self_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2;
  Dropout dropout1, dropout2;

 private:
  Tensor attend(const Tensor& x, const MaskOptions& masks) const;
  Tensor feed_forward(const Tensor& x) const;

  std::string activation_;
  bool norm_first_;
};

class TransformerEncoder : public Layer<TransformerEncoder> {
 public:
  // Copies of the layer, which begin equal, as PyTorch's do; and perhaps a norm behind them.
  TransformerEncoder(const TransformerEncoderLayer& layer, int64_t num_layers,
                     std::optional<LayerNorm> norm = {});
  Tensor forward(Tensor x, const MaskOptions& masks = {}) const;

  std::vector<Child> children() const override;

  ModuleList<TransformerEncoderLayer> layers;
  std::optional<LayerNorm> norm;
};

struct DecoderMasks {
  MaskOptions target{}, memory{};
};

// Each layer looks back at its own sequence, then at the encoder's.
class TransformerDecoderLayer : public Layer<TransformerDecoderLayer> {
 public:
  TransformerDecoderLayer(int64_t d_model, int64_t nhead, const TransformerOptions& options = {});
  // `memory` is what the encoder made.
  Tensor forward(const Tensor& target, const Tensor& memory, const DecoderMasks& masks = {}) const;

  MultiheadAttention self_attn, multihead_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2, norm3;
  Dropout dropout1, dropout2, dropout3;

 private:
  Tensor look_back(const Tensor& x, const MaskOptions& masks) const;
  Tensor look_across(const Tensor& x, const Tensor& memory, const MaskOptions& masks) const;
  Tensor feed_forward(const Tensor& x) const;

  std::string activation_;
  bool norm_first_;
};

class TransformerDecoder : public Layer<TransformerDecoder> {
 public:
  TransformerDecoder(const TransformerDecoderLayer& layer, int64_t num_layers,
                     std::optional<LayerNorm> norm = {});
  Tensor forward(Tensor target, const Tensor& memory, const DecoderMasks& masks = {}) const;
  std::vector<Child> children() const override;

  ModuleList<TransformerDecoderLayer> layers;
  std::optional<LayerNorm> norm;
};

// -inf above the diagonal: what a query must not see.
Tensor generate_square_subsequent_mask(int64_t size);

}  // namespace rushlight::nn
