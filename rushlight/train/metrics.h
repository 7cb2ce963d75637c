// How good predictions are, counted batch by batch.
#pragma once

#include <optional>

#include "rushlight/core/tensor.h"

namespace rushlight::train {

// A mean over examples, of what is the mean of a batch. Like all that counts here, it can be saved as the
// sums that it holds, and go on from them.
class Mean {
 public:
  Mean() = default;
  Mean(double sum, int64_t count) : sum_(sum), count_(count) {}
  void add(double value, int64_t count) { sum_ += value * static_cast<double>(count), count_ += count; }
  double value() const { return count_ ? sum_ / static_cast<double>(count_) : 0; }
  double sum() const { return sum_; }
  int64_t count() const { return count_; }
  void reset() { *this = {}; }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

// The share of the examples whose label is among the k highest scores. Of equal scores the first class counts
// as higher.
class TopK {
 public:
  explicit TopK(int64_t k = 1, int64_t right = 0, int64_t count = 0) : k_(k), right_(right), count_(count) {}
  // scores: (batch, classes), labels: (batch,) of whole numbers
  void add(const Tensor& scores, const Tensor& labels);
  double value() const { return count_ ? static_cast<double>(right_) / static_cast<double>(count_) : 0; }
  int64_t k() const { return k_; }
  int64_t right() const { return right_; }
  int64_t count() const { return count_; }
  void reset() { right_ = count_ = 0; }

 private:
  int64_t k_, right_ = 0, count_ = 0;
};
using Accuracy = TopK;

struct Measured {
  double loss = 0;
  std::optional<double> accuracy{};  // where scores of classes met labels
  int64_t count = 0;                 // of examples
  std::optional<double> top_k{};     // where it was asked for, too
};

// What has been measured of an epoch so far.
struct Meter {
  Mean loss{};
  Accuracy accuracy{};
  TopK top_k{0};  // 0: is not counted

  void add(double batch_loss, const Tensor& scores, const Tensor& target);
  Measured measured() const;
};

// How often each class was taken for each other.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(int64_t classes);
  // Of counts for classes x classes, label after label.
  explicit ConfusionMatrix(std::vector<int64_t> counts);
  void add(const Tensor& scores, const Tensor& labels);

  int64_t classes() const { return classes_; }
  int64_t at(int64_t label, int64_t prediction) const;
  const std::vector<int64_t>& counts() const { return counts_; }
  double accuracy() const;
  double recall(int64_t label) const;     // of the examples of this class, how many were seen as such
  double precision(int64_t label) const;  // of what was seen as this class, how many were
  double f1(int64_t label) const;

  // A table for the terminal, a row for each label; names may be left out.
  std::string to_string(const std::vector<std::string>& names = {}) const;
  // The same as a picture.
  std::string to_svg(const std::vector<std::string>& names = {}) const;

 private:
  int64_t row_sum(int64_t label) const;
  int64_t column_sum(int64_t prediction) const;

  int64_t classes_;
  std::vector<int64_t> counts_;  // label after label
};

}  // namespace rushlight::train
