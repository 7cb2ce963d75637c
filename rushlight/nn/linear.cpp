#include "rushlight/nn/linear.h"

#include <cmath>

#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/nn/init.h"

namespace rushlight::nn {

namespace {

// A weight that sums up so many inputs, or its bias.
Tensor summing(const IntList& shape, int64_t inputs) {
  return init::within(shape, inputs > 0 ? 1 / std::sqrt(static_cast<double>(inputs)) : 0);
}
Tensor bias_summing(bool wanted, int64_t outputs, int64_t inputs) {
  return wanted ? summing(outputs, inputs) : Tensor();
}

EmbeddingOptions checked(EmbeddingOptions options, int64_t rows) {
  if (!options.padding_idx) return options;
  int64_t& row = *options.padding_idx;
  if (row < -rows || row >= rows)
    fail(ErrorKind::value, "[Embedding] padding_idx ", row, " is none of the ", rows, " embeddings");
  if (row < 0) row += rows;
  return options;
}

Tensor embeddings_of(int64_t rows, int64_t columns, const EmbeddingOptions& options) {
  Tensor table = empty({rows, columns}, default_dtype());
  init::normal_(table);
  if (options.padding_idx) table.select(0, *checked(options, rows).padding_idx).zero_();
  return table;
}

}  // namespace

Linear::Linear(int64_t in_features, int64_t out_features, const LinearOptions& options)
    : weight(parameter("weight", summing({out_features, in_features}, in_features))),
      bias(parameter("bias", bias_summing(options.bias, out_features, in_features))) {}

Tensor Linear::forward(const Tensor& x) const { return linear(x, weight, {.bias = bias}); }

std::string Linear::details() const {
  return join_text("in_features=", weight.size(1), ", out_features=", weight.size(0),
                   ", bias=", bias.defined());
}

Bilinear::Bilinear(int64_t in1_features, int64_t in2_features, int64_t out_features,
                   const LinearOptions& options)
    : weight(parameter("weight", summing({out_features, in1_features, in2_features}, in1_features))),
      bias(parameter("bias", bias_summing(options.bias, out_features, in1_features))) {}

Tensor Bilinear::forward(const Tensor& x1, const Tensor& x2) const {
  return bilinear(x1, x2, weight, {.bias = bias});
}

std::string Bilinear::details() const {
  return join_text("in1_features=", weight.size(1), ", in2_features=", weight.size(2),
                   ", out_features=", weight.size(0), ", bias=", bias.defined());
}

Embedding::Embedding(int64_t num_embeddings, int64_t embedding_dim, const EmbeddingOptions& options)
    : Embedding(embeddings_of(num_embeddings, embedding_dim, options), options) {}

Embedding::Embedding(Tensor table, const EmbeddingOptions& options)
    : weight(parameter("weight", std::move(table))), options_(checked(options, weight.size(0))) {}

Embedding Embedding::from_pretrained(const Tensor& embeddings, const PretrainedOptions& options) {
  if (embeddings.rank() != 2)
    fail(ErrorKind::value, "[Embedding] embeddings are the rows of a matrix, not of shape ",
         embeddings.shape());
  Embedding made(embeddings.detach(), options.embedding);
  made.weight.requires_grad_(!options.freeze);
  return made;
}

Tensor Embedding::forward(const Tensor& indices) const {
  if (options_.max_norm) cut_to_norm(indices);
  return embedding(indices, weight, {.padding_idx = options_.padding_idx});
}

void Embedding::cut_to_norm(const Tensor& indices) const {
  NoGrad guard;
  const Tensor rows = unique(indices).output;
  weight.index_copy_(0, rows,
                     renorm(weight.index_select(0, rows), options_.norm_type, 0, *options_.max_norm));
}

std::string Embedding::details() const {
  std::string text = join_text(weight.size(0), ", ", weight.size(1));
  if (options_.padding_idx) text += join_text(", padding_idx=", *options_.padding_idx);
  if (options_.max_norm) text += join_text(", max_norm=", *options_.max_norm);
  if (options_.norm_type != 2) text += join_text(", norm_type=", options_.norm_type);
  return text;
}

Tensor Flatten::forward(const Tensor& x) const {
  return x.flatten({.start_dim = start_dim_, .end_dim = end_dim_});
}

std::string Flatten::details() const { return join_text("start_dim=", start_dim_, ", end_dim=", end_dim_); }

Tensor Unflatten::forward(const Tensor& x) const { return x.unflatten(dim_, sizes_); }

std::string Unflatten::details() const {
  return join_text("dim=", dim_, ", unflattened_size=", static_cast<IntSpan>(sizes_));
}

}  // namespace rushlight::nn
