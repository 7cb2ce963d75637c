// Dataset: examples by number. Whatever has size() and get(i) is one.
//
//   struct Squares {
//     int64_t size() const { return 100; }
//     data::Example get(int64_t i) const { return {full({1}, i), full({1}, i * i)}; }
//   };
//   data::DataLoader loader(Squares{}, {.batch_size = 10, .shuffle = true});
//
// It may have more: get(i, seed), where what it gives is random; and get_batch(indices, seed), where many at
// once come cheaper than one by one. All must be safe to call from several threads.
#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <vector>

#include "rushlight/core/tensor.h"
#include "rushlight/data/chance.h"

namespace rushlight::data {

struct Example {
  Tensor input, target;  // the target is undefined where there is none
};

// Many as one: inputs and targets stacked along a new first dimension.
Example collate(std::span<const Example> examples);

template <class D>
concept Seeded = requires(const D& d, int64_t i, EpochSeed seed) {
  { d.get(i, seed) } -> std::convertible_to<Example>;
};
template <class D>
concept Examples = requires(const D& d, int64_t i) {
  { d.size() } -> std::convertible_to<int64_t>;
} && (Seeded<D> || requires(const D& d, int64_t i) {
                     { d.get(i) } -> std::convertible_to<Example>;
                   });
template <class D>
concept Batched = requires(const D& d, std::span<const int64_t> indices, EpochSeed seed) {
  { d.get_batch(indices, seed) } -> std::convertible_to<Example>;
};

template <Examples D>
Example get_one(const D& dataset, int64_t i, EpochSeed seed) {
  if constexpr (Seeded<D>)
    return dataset.get(i, seed);
  else
    return dataset.get(i);
}
// One by one, then collated. An error says which one it was.
template <Examples D>
Example gather_batch(const D& dataset, std::span<const int64_t> indices, EpochSeed seed);

// Any dataset, as a value: copies share one that nobody changes.
class Dataset {
 public:
  template <Examples D>
    requires(!std::same_as<D, Dataset>)
  Dataset(D examples) : held_(std::make_shared<Held<D>>(std::move(examples))) {}

  int64_t size() const { return held_->size(); }
  Example get(int64_t i, EpochSeed seed = {}) const;
  Example get_batch(std::span<const int64_t> indices, EpochSeed seed = {}) const;

 private:
  struct Source {
    virtual ~Source() = default;
    virtual int64_t size() const = 0;
    virtual Example get(int64_t i, EpochSeed seed) const = 0;
    virtual Example get_batch(std::span<const int64_t> indices, EpochSeed seed) const = 0;
  };
  template <class D>
  struct Held;
  std::shared_ptr<const Source> held_;
};

// Tensors whose first dimension counts the examples.
class TensorDataset {
 public:
  explicit TensorDataset(Tensor inputs, Tensor targets = {});
  int64_t size() const { return inputs_.size(0); }
  Example get(int64_t i) const;
  Example get_batch(std::span<const int64_t> indices, EpochSeed) const;

 private:
  Tensor inputs_, targets_;
};

// Those examples of another dataset.
class Subset {
 public:
  Subset(Dataset whole, std::vector<int64_t> indices);
  int64_t size() const { return static_cast<int64_t>(indices_->size()); }
  const std::vector<int64_t>& indices() const { return *indices_; }
  Example get(int64_t i, EpochSeed seed) const;
  Example get_batch(std::span<const int64_t> indices, EpochSeed seed) const;

 private:
  Dataset whole_;
  std::shared_ptr<const std::vector<int64_t>> indices_;
};

// So many of the first examples; all of them where there are no more.
Dataset first_of(const Dataset& whole, int64_t count);

// One after the other.
class ConcatDataset {
 public:
  explicit ConcatDataset(std::vector<Dataset> parts);
  int64_t size() const { return ends_.empty() ? 0 : ends_.back(); }
  Example get(int64_t i, EpochSeed seed) const;

 private:
  std::vector<Dataset> parts_;
  std::vector<int64_t> ends_;  // of each part
};

// Random parts that do not overlap: their lengths, or fractions that add up to 1.
std::vector<Subset> random_split(const Dataset& dataset, const RealList& parts,
                                 Generator generator = default_generator());

// Throws an index error unless i is in [0, size).
void expect_index(int64_t i, int64_t size);

// ---------------------------------------------------------------------------------------------------------------------

// The error that is being handled, again, with the example that it came from.
[[noreturn]] void rethrow_with_index(int64_t i);

template <Examples D>
Example gather_batch(const D& dataset, std::span<const int64_t> indices, EpochSeed seed) {
  std::vector<Example> examples;
  for (int64_t i : indices) try {
      examples.push_back(get_one(dataset, i, seed));
    } catch (...) {
      rethrow_with_index(i);
    }
  return collate(examples);
}

template <class D>
struct Dataset::Held final : Source {
  explicit Held(D d) : examples(std::move(d)) {}
  int64_t size() const override { return static_cast<int64_t>(examples.size()); }
  Example get(int64_t i, EpochSeed seed) const override { return get_one(examples, i, seed); }
  Example get_batch(std::span<const int64_t> indices, EpochSeed seed) const override {
    if constexpr (Batched<D>)
      return examples.get_batch(indices, seed);
    else
      return gather_batch(examples, indices, seed);
  }
  D examples;
};

}  // namespace rushlight::data
