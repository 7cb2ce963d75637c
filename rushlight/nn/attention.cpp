#include "rushlight/nn/attention.h"

#include <cmath>
#include <limits>

#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/nn/init.h"
#include "rushlight/ops/operators.h"

namespace rushlight::nn {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

Tensor xavier(const IntList& shape) {
  Tensor weight = empty(shape, default_dtype());
  return init::xavier_uniform_(weight);
}
Tensor zeros_if(bool wanted, const IntList& shape) {
  return wanted ? full(shape, 0.0, {.dtype = default_dtype()}) : Tensor();
}

Linear output_projection(int64_t features, bool bias) {
  Linear layer(features, features, {.bias = bias});
  if (bias) init::zeros_(layer.bias);
  return layer;
}

int64_t checked_heads(int64_t features, int64_t heads) {
  if (features < 1 || heads < 1 || features % heads != 0)
    fail(ErrorKind::value, "[MultiheadAttention] ", features, " features can not be split among ", heads,
         " heads");
  return heads;
}

// Whether one matrix projects queries, keys and values.
bool together(int64_t features, const MultiheadAttentionOptions& options) {
  return options.kdim.value_or(features) == features && options.vdim.value_or(features) == features;
}
Tensor apart(int64_t features, int64_t from, const MultiheadAttentionOptions& options) {
  return together(features, options) ? Tensor() : xavier({features, from});
}

// True means leave it out; numbers are added to the scores.
Tensor additive(const Tensor& mask, DType dtype) {
  if (mask.dtype() != DType::boolean) return mask.to(dtype);
  return full(mask.shape(), 0.0, {.dtype = dtype}).masked_fill(mask, kNever);
}

// (batch, time, features) -> (batch, heads, time, features of a head)
Tensor split_heads(const Tensor& x, int64_t heads) { return x.unflatten(-1, {heads, -1}).transpose(1, 2); }

Tensor activated(const std::string& name, const Tensor& x) { return name == "gelu" ? gelu(x) : relu(x); }

std::string checked_activation(const std::string& name) {
  if (name != "relu" && name != "gelu")
    fail(ErrorKind::value, "[Transformer] activation is \"relu\" or \"gelu\", not \"", name, "\"");
  return name;
}

MultiheadAttentionOptions of_heads(const TransformerOptions& o) {
  return {.dropout = o.dropout, .bias = o.bias, .batch_first = o.batch_first};
}
LayerNormOptions of_norms(const TransformerOptions& o) { return {.eps = o.layer_norm_eps, .bias = o.bias}; }

AttentionCall of_call(const MaskOptions& masks) {
  return {.key_padding_mask = masks.key_padding_mask, .attn_mask = masks.mask, .is_causal = masks.is_causal};
}

std::vector<Module::Child> layers_and_norm(const Module& layers, const std::optional<LayerNorm>& norm) {
  std::vector<Module::Child> found{{"layers", const_cast<Module*>(&layers)}};
  if (norm) found.push_back({"norm", const_cast<LayerNorm*>(&*norm)});
  return found;
}

}  // namespace

MultiheadAttention::MultiheadAttention(int64_t embed_dim, int64_t num_heads,
                                       const MultiheadAttentionOptions& options)
    : in_proj_weight(parameter(
          "in_proj_weight", (checked_heads(embed_dim, num_heads),
                             together(embed_dim, options) ? xavier({3 * embed_dim, embed_dim}) : Tensor()))),
      q_proj_weight(parameter("q_proj_weight", apart(embed_dim, embed_dim, options))),
      k_proj_weight(parameter("k_proj_weight", apart(embed_dim, options.kdim.value_or(embed_dim), options))),
      v_proj_weight(parameter("v_proj_weight", apart(embed_dim, options.vdim.value_or(embed_dim), options))),
      in_proj_bias(parameter("in_proj_bias", zeros_if(options.bias, 3 * embed_dim))),
      out_proj(child("out_proj", output_projection(embed_dim, options.bias))),
      features_(embed_dim),
      key_features_(options.kdim.value_or(embed_dim)),
      value_features_(options.vdim.value_or(embed_dim)),
      heads_(num_heads),
      dropout_(options.dropout),
      batch_first_(options.batch_first) {}

void MultiheadAttention::expect_shapes(const Tensor& query, const Tensor& key, const Tensor& value) const {
  const auto expect = [&](const char* what, const Tensor& x, int64_t features) {
    if ((x.rank() != 2 && x.rank() != 3) || x.rank() != query.rank() || x.size(-1) != features)
      fail(ErrorKind::value, "[MultiheadAttention] query, key and value need ",
           batch_first_ ? "(batch, time, features)" : "(time, batch, features)", ", and the ", what, " ",
           features, " features, but its shape is ", x.shape());
  };
  expect("query", query, features_), expect("key", key, key_features_),
      expect("value", value, value_features_);
}

// As (batch, time, features).
Tensor MultiheadAttention::turned(const Tensor& x) const {
  return x.rank() == 2 ? x.unsqueeze(0) : batch_first_ ? x : x.transpose(0, 1);
}

// Queries, keys and values of a sequence, (batch, time, 3 features).
Tensor MultiheadAttention::project_together(const Tensor& x) const {
  return linear(turned(x), in_proj_weight, {.bias = in_proj_bias});
}

// (batch, time, features) of each
MultiheadAttention::Projected MultiheadAttention::project(const Tensor& query, const Tensor& key,
                                                          const Tensor& value) const {
  if (projects_together(query, key, value)) {
    const Tensor all = project_together(query);
    return {all.narrow(-1, 0, features_), all.narrow(-1, features_, features_),
            all.narrow(-1, 2 * features_, features_)};
  }
  const auto projected = [&](const Tensor& x, int64_t which, const Tensor& own_weight) {
    const int64_t first = which * features_;
    const Tensor bias = in_proj_bias.defined() ? in_proj_bias.narrow(0, first, features_) : Tensor();
    const Tensor weight = own_weight.defined() ? own_weight : in_proj_weight.narrow(0, first, features_);
    return linear(turned(x), weight, {.bias = bias});
  };
  return {projected(query, 0, q_proj_weight), projected(key, 1, k_proj_weight),
          projected(value, 2, v_proj_weight)};
}

bool MultiheadAttention::projects_together(const Tensor& query, const Tensor& key,
                                           const Tensor& value) const {
  return in_proj_weight.defined() && query.is_same(key) && key.is_same(value);
}

// What each token saw of its own sequence, (batch, time, heads, features of a head).
Tensor MultiheadAttention::attend_to_itself(const Tensor& x, bool is_causal) const {
  return self_attention(project_together(x).unflatten(-1, {3, heads_, -1}), {.is_causal = is_causal});
}

// The same of any sequence through any mask; and the weights if they are asked for.
MultiheadAttention::Seen MultiheadAttention::attend(const Tensor& query, const Tensor& key,
                                                    const Tensor& value, const AttentionCall& call) const {
  auto [q, k, v] = project(query, key, value);
  q = split_heads(q, heads_), k = split_heads(k, heads_), v = split_heads(v, heads_);
  const int64_t batch = q.size(0), queries = q.size(2), keys = k.size(2);

  const bool causal_alone = call.is_causal && !call.key_padding_mask.defined() && !call.need_weights;
  Tensor mask;
  if (call.attn_mask.defined() && !causal_alone) {
    mask = additive(call.attn_mask, q.dtype());
    if (mask.rank() == 3) mask = mask.reshape({batch, heads_, queries, keys});
  } else if (call.is_causal && !causal_alone) {
    mask = additive(triu(full({queries, keys}, true), {.diagonal = 1}), q.dtype());
  }
  if (call.key_padding_mask.defined()) {
    const Tensor padding = additive(call.key_padding_mask, q.dtype()).reshape({batch, 1, 1, keys});
    mask = mask.defined() ? mask + padding : padding.expand({batch, 1, queries, keys});
  }

  const double drop = is_training() ? dropout_ : 0;
  if (!call.need_weights)
    return {scaled_dot_product_attention(q, k, v,
                                         {.attn_mask = mask, .dropout_p = drop, .is_causal = causal_alone})
                .transpose(1, 2),
            {}};
  Tensor scores = matmul(q / std::sqrt(static_cast<double>(features_ / heads_)), k.transpose(-2, -1));
  if (mask.defined()) scores = scores + mask;
  Tensor weights = softmax(scores, -1);
  if (drop > 0) weights = rushlight::dropout(weights, {.p = drop, .training = true});
  return {matmul(weights, v).transpose(1, 2), call.average_attn_weights ? weights.mean({.dim = 1}) : weights};
}

AttentionResult MultiheadAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                            const AttentionCall& call) const {
  expect_shapes(query, key, value);
  const bool unmasked = !call.key_padding_mask.defined() && (call.is_causal || !call.attn_mask.defined());
  const bool plain = unmasked && !call.need_weights && !(is_training() && dropout_ > 0);
  const Seen seen = plain && projects_together(query, key, value)
                        ? Seen{attend_to_itself(query, call.is_causal), {}}
                        : attend(query, key, value, call);
  AttentionResult result{out_proj(seen.heads.flatten({.start_dim = 2})), seen.weights};
  if (query.rank() == 3) {
    if (!batch_first_) result.output = result.output.transpose(0, 1);
    return result;
  }
  result.output = result.output.select(0, 0);
  if (call.need_weights) result.weights = result.weights.select(0, 0);
  return result;
}

// -- encoder

TransformerEncoderLayer::TransformerEncoderLayer(int64_t d_model, int64_t nhead, const TransformerOptions& o)
    : self_attn(child("self_attn", MultiheadAttention(d_model, nhead, of_heads(o)))),
      linear1(child("linear1", Linear(d_model, o.dim_feedforward, {.bias = o.bias}))),
      dropout(child("dropout", Dropout(o.dropout))),
      linear2(child("linear2", Linear(o.dim_feedforward, d_model, {.bias = o.bias}))),
      norm1(child("norm1", LayerNorm(d_model, of_norms(o)))),
      norm2(child("norm2", LayerNorm(d_model, of_norms(o)))),
      dropout1(child("dropout1", Dropout(o.dropout))),
      dropout2(child("dropout2", Dropout(o.dropout))),
      activation_(checked_activation(o.activation)),
      norm_first_(o.norm_first) {}

Tensor TransformerEncoderLayer::attend(const Tensor& x, const MaskOptions& masks) const {
  return dropout1(self_attn(x, x, x, of_call(masks)).output);
}

Tensor TransformerEncoderLayer::feed_forward(const Tensor& x) const {
  return dropout2(linear2(dropout(activated(activation_, linear1(x)))));
}

Tensor TransformerEncoderLayer::forward(const Tensor& x, const MaskOptions& masks) const {
  if (norm_first_) {
    const Tensor seen = x + attend(norm1(x), masks);
    return seen + feed_forward(norm2(seen));
  }
  const Tensor seen = norm1(x + attend(x, masks));
  return norm2(seen + feed_forward(seen));
}

TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& layer, int64_t num_layers,
                                       std::optional<LayerNorm> last)
    : layers(num_layers, [&](int64_t) { return layer; }), norm(std::move(last)) {}

Tensor TransformerEncoder::forward(Tensor x, const MaskOptions& masks) const {
  for (const TransformerEncoderLayer& layer : layers) x = layer(x, masks);
  return norm ? (*norm)(x) : x;
}

std::vector<Module::Child> TransformerEncoder::children() const { return layers_and_norm(layers, norm); }

// -- decoder

TransformerDecoderLayer::TransformerDecoderLayer(int64_t d_model, int64_t nhead, const TransformerOptions& o)
    : self_attn(child("self_attn", MultiheadAttention(d_model, nhead, of_heads(o)))),
      multihead_attn(child("multihead_attn", MultiheadAttention(d_model, nhead, of_heads(o)))),
      linear1(child("linear1", Linear(d_model, o.dim_feedforward, {.bias = o.bias}))),
      dropout(child("dropout", Dropout(o.dropout))),
      linear2(child("linear2", Linear(o.dim_feedforward, d_model, {.bias = o.bias}))),
      norm1(child("norm1", LayerNorm(d_model, of_norms(o)))),
      norm2(child("norm2", LayerNorm(d_model, of_norms(o)))),
      norm3(child("norm3", LayerNorm(d_model, of_norms(o)))),
      dropout1(child("dropout1", Dropout(o.dropout))),
      dropout2(child("dropout2", Dropout(o.dropout))),
      dropout3(child("dropout3", Dropout(o.dropout))),
      activation_(checked_activation(o.activation)),
      norm_first_(o.norm_first) {}

Tensor TransformerDecoderLayer::look_back(const Tensor& x, const MaskOptions& masks) const {
  return dropout1(self_attn(x, x, x, of_call(masks)).output);
}

Tensor TransformerDecoderLayer::look_across(const Tensor& x, const Tensor& memory,
                                            const MaskOptions& masks) const {
  return dropout2(multihead_attn(x, memory, memory, of_call(masks)).output);
}

Tensor TransformerDecoderLayer::feed_forward(const Tensor& x) const {
  return dropout3(linear2(dropout(activated(activation_, linear1(x)))));
}

Tensor TransformerDecoderLayer::forward(const Tensor& target, const Tensor& memory,
                                        const DecoderMasks& masks) const {
  Tensor x = target;
  if (norm_first_) {
    x = x + look_back(norm1(x), masks.target);
    x = x + look_across(norm2(x), memory, masks.memory);
    return x + feed_forward(norm3(x));
  }
  x = norm1(x + look_back(x, masks.target));
  x = norm2(x + look_across(x, memory, masks.memory));
  return norm3(x + feed_forward(x));
}

TransformerDecoder::TransformerDecoder(const TransformerDecoderLayer& layer, int64_t num_layers,
                                       std::optional<LayerNorm> last)
    : layers(num_layers, [&](int64_t) { return layer; }), norm(std::move(last)) {}

Tensor TransformerDecoder::forward(Tensor target, const Tensor& memory, const DecoderMasks& masks) const {
  for (const TransformerDecoderLayer& layer : layers) target = layer(target, memory, masks);
  return norm ? (*norm)(target) : target;
}

std::vector<Module::Child> TransformerDecoder::children() const { return layers_and_norm(layers, norm); }

Tensor generate_square_subsequent_mask(int64_t size) {
  return additive(triu(full({size, size}, true), {.diagonal = 1}), default_dtype());
}

}  // namespace rushlight::nn
