// How good predictions are, counted batch by batch.
#pragma once

#include "rushlight/core/tensor.h"

namespace rushlight::train {

// A mean over examples, of what is the mean of a batch.
class Mean {
 public:
  void add(double value, int64_t count) { sum_ += value * static_cast<double>(count), count_ += count; }
  double value() const { return count_ ? sum_ / static_cast<double>(count_) : 0; }
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
  explicit TopK(int64_t k = 1) : k_(k) {}
  // scores: (batch, classes), labels: (batch,) of whole numbers
  void add(const Tensor& scores, const Tensor& labels);
  double value() const { return count_ ? static_cast<double>(right_) / static_cast<double>(count_) : 0; }
  int64_t right() const { return right_; }
  int64_t count() const { return count_; }
  void reset() { right_ = count_ = 0; }

 private:
  int64_t k_, right_ = 0, count_ = 0;
};
using Accuracy = TopK;

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
