// Samplers: in which order the examples of an epoch come. Whatever has size() and order(seed) is one.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <vector>

#include "rushlight/data/dataset.h"

namespace rushlight::data {

template <class S>
concept Ordering = requires(const S& s, EpochSeed seed) {
  { s.size() } -> std::convertible_to<int64_t>;
  { s.order(seed) } -> std::convertible_to<std::vector<int64_t>>;
};

// Any sampler, as a value.
class Sampler {
 public:
  template <Ordering S>
    requires(!std::same_as<S, Sampler>)
  Sampler(S ordering) : held_(std::make_shared<Held<S>>(std::move(ordering))) {}

  int64_t size() const { return held_->size(); }  // how many examples an epoch has
  std::vector<int64_t> order(EpochSeed seed) const { return held_->order(seed); }

 private:
  struct Source {
    virtual ~Source() = default;
    virtual int64_t size() const = 0;
    virtual std::vector<int64_t> order(EpochSeed seed) const = 0;
  };
  template <class S>
  struct Held final : Source {
    explicit Held(S s) : ordering(std::move(s)) {}
    int64_t size() const override { return static_cast<int64_t>(ordering.size()); }
    std::vector<int64_t> order(EpochSeed seed) const override { return ordering.order(seed); }
    S ordering;
  };
  std::shared_ptr<const Source> held_;
};

class SequentialSampler {
 public:
  explicit SequentialSampler(int64_t size) : size_(size) {}
  int64_t size() const { return size_; }
  std::vector<int64_t> order(EpochSeed) const;

 private:
  int64_t size_;
};

struct SamplerOptions {
  bool replacement = false;      // an example may come more than once
  std::optional<int64_t> count;  // how many an epoch has; all, if not said
};

// Each example as likely as the next.
class RandomSampler {
 public:
  explicit RandomSampler(int64_t size, SamplerOptions options = {});
  int64_t size() const { return options_.count.value_or(size_); }
  std::vector<int64_t> order(EpochSeed seed) const;

 private:
  int64_t size_;
  SamplerOptions options_;
};

// With the probabilities that the weights are in proportion to.
class WeightedRandomSampler {
 public:
  explicit WeightedRandomSampler(std::vector<double> weights,
                                 SamplerOptions options = {.replacement = true, .count = {}});
  int64_t size() const { return options_.count.value_or(static_cast<int64_t>(weights_.size())); }
  std::vector<int64_t> order(EpochSeed seed) const;

 private:
  std::vector<int64_t> with_replacement(Chance chance) const;
  std::vector<int64_t> without_replacement(Chance chance) const;

  std::vector<double> weights_;
  SamplerOptions options_;
};

// The order of another sampler, cut into batches.
class BatchSampler {
 public:
  BatchSampler(Sampler sampler, int64_t batch_size, bool drop_last = false);
  int64_t size() const;  // how many batches an epoch has
  std::vector<std::vector<int64_t>> batches(EpochSeed seed) const;

 private:
  Sampler sampler_;
  int64_t batch_size_;
  bool drop_last_;
};

}  // namespace rushlight::data
