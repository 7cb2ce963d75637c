// Layers that multiply by a matrix, or look up its rows.
#pragma once

#include "rushlight/nn/layer.h"

namespace rushlight::nn {

struct LinearOptions {
  bool bias = true;
};

// x @ weight.T + bias
class Linear : public Layer<Linear> {
 public:
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {});
  Tensor forward(const Tensor& x) const;
  std::string details() const override;

  Parameter weight;  // (out, in)
  Parameter bias;    // (out,)
};

// x1 @ weight[k] @ x2 + bias[k]
class Bilinear : public Layer<Bilinear> {
 public:
  Bilinear(int64_t in1_features, int64_t in2_features, int64_t out_features,
           const LinearOptions& options = {});
  Tensor forward(const Tensor& x1, const Tensor& x2) const;
  std::string details() const override;

  Parameter weight;  // (out, in1, in2)
  Parameter bias;    // (out,)
};

struct EmbeddingOptions {
  std::optional<int64_t> padding_idx{};  // this row is 0 and stays so
  std::optional<double> max_norm{};      // longer rows are cut to this when they are looked up
  double norm_type = 2;                  // what they are measured by
};
struct PretrainedOptions {
  bool freeze = true;  // no training
  EmbeddingOptions embedding{};
};

// The rows of weight that the indices name.
class Embedding : public Layer<Embedding> {
 public:
  Embedding(int64_t num_embeddings, int64_t embedding_dim, const EmbeddingOptions& options = {});
  // With these rows, which it shares.
  static Embedding from_pretrained(const Tensor& embeddings, const PretrainedOptions& options = {});
  Tensor forward(const Tensor& indices) const;
  std::string details() const override;

  Parameter weight;  // (num_embeddings, embedding_dim)

 private:
  Embedding(Tensor table, const EmbeddingOptions& options);
  void cut_to_norm(const Tensor& indices) const;

  EmbeddingOptions options_;
};

class Identity : public Layer<Identity> {
 public:
  Tensor forward(const Tensor& x) const { return x; }
};

class Flatten : public Layer<Flatten> {
 public:
  explicit Flatten(int64_t start_dim = 1, int64_t end_dim = -1) : start_dim_(start_dim), end_dim_(end_dim) {}
  Tensor forward(const Tensor& x) const;
  std::string details() const override;

 private:
  int64_t start_dim_, end_dim_;
};

class Unflatten : public Layer<Unflatten> {
 public:
  Unflatten(int64_t dim, IntList sizes) : dim_(dim), sizes_(std::move(sizes)) {}
  Tensor forward(const Tensor& x) const;
  std::string details() const override;

 private:
  int64_t dim_;
  IntList sizes_;
};

}  // namespace rushlight::nn
