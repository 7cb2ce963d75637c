#include "rushlight/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "rushlight/generated/functions.h"

namespace rushlight::data {

namespace {

Tensor stacked(const std::vector<Tensor>& tensors) {
  return tensors.empty() || !tensors[0].defined() ? Tensor() : stack(tensors);
}

// The lengths of the parts, from fractions: rounded down, and what is left goes to the first ones.
std::vector<int64_t> lengths_of(const RealList& fractions, int64_t size) {
  std::vector<int64_t> lengths;
  for (double fraction : fractions)
    lengths.push_back(static_cast<int64_t>(std::floor(fraction * static_cast<double>(size))));
  int64_t left = size - std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  for (size_t i = 0; left > 0; i = (i + 1) % lengths.size(), --left) ++lengths[i];
  return lengths;
}

std::vector<int64_t> part_lengths(const RealList& parts, int64_t size) {
  const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  const bool negative = std::any_of(parts.begin(), parts.end(), [](double part) { return !(part >= 0); });
  const bool whole =
      std::all_of(parts.begin(), parts.end(), [](double part) { return part == std::floor(part); });
  if (!negative && whole && sum == static_cast<double>(size)) return {parts.begin(), parts.end()};
  if (negative || std::abs(sum - 1) > 1e-9)
    fail(ErrorKind::value, "[random_split] the parts must be lengths that add up to ", size,
         ", the size of the dataset, or fractions that add up to 1; these add up to ", sum);
  return lengths_of(parts, size);
}

}  // namespace

void expect_index(int64_t i, int64_t size) {
  if (i < 0 || i >= size) fail(ErrorKind::index, "[data] there is no example ", i, " in a dataset of ", size);
}

void rethrow_with_index(int64_t i) {
  try {
    throw;
  } catch (const Error& error) {
    fail(error.kind(), "[data] example ", i, ": ", error.what());
  } catch (const std::exception& error) {
    fail(ErrorKind::runtime, "[data] example ", i, ": ", error.what());
  } catch (...) {
    fail(ErrorKind::runtime, "[data] example ", i, ": something that is no std::exception was thrown");
  }
}

Example collate(std::span<const Example> examples) {
  if (examples.empty()) fail(ErrorKind::value, "[collate] there are no examples to make a batch of");
  std::vector<Tensor> inputs, targets;
  for (const Example& example : examples) {
    if (example.target.defined() != examples[0].target.defined())
      fail(ErrorKind::value, "[collate] some of the examples have a target, and some have none");
    inputs.push_back(example.input);
    targets.push_back(example.target);
  }
  return {stacked(inputs), stacked(targets)};
}

// -- Dataset

Example Dataset::get(int64_t i, EpochSeed seed) const {
  expect_index(i, size());
  return held_->get(i, seed);
}

Example Dataset::get_batch(std::span<const int64_t> indices, EpochSeed seed) const {
  for (int64_t i : indices) expect_index(i, size());
  return held_->get_batch(indices, seed);
}

// -- TensorDataset

TensorDataset::TensorDataset(Tensor inputs, Tensor targets)
    : inputs_(std::move(inputs)), targets_(std::move(targets)) {
  if (inputs_.rank() == 0)
    fail(ErrorKind::value, "[TensorDataset] the first dimension counts the examples; a number has none");
  if (targets_.defined() && (targets_.rank() == 0 || targets_.size(0) != inputs_.size(0)))
    fail(ErrorKind::value, "[TensorDataset] as many targets as inputs are needed, not inputs ", inputs_,
         " and targets ", targets_);
}

Example TensorDataset::get(int64_t i) const {
  expect_index(i, size());
  return {inputs_.select(0, i), targets_.defined() ? targets_.select(0, i) : Tensor()};
}

Example TensorDataset::get_batch(std::span<const int64_t> indices, EpochSeed) const {
  const Tensor rows = from_values(indices, {static_cast<int64_t>(indices.size())});
  return {inputs_.index_select(0, rows), targets_.defined() ? targets_.index_select(0, rows) : Tensor()};
}

// -- Subset

Subset::Subset(Dataset whole, std::vector<int64_t> indices) : whole_(std::move(whole)) {
  for (int64_t i : indices) expect_index(i, whole_.size());
  indices_ = std::make_shared<const std::vector<int64_t>>(std::move(indices));
}

Example Subset::get(int64_t i, EpochSeed seed) const {
  expect_index(i, size());
  return whole_.get((*indices_)[static_cast<size_t>(i)], seed);
}

Example Subset::get_batch(std::span<const int64_t> indices, EpochSeed seed) const {
  std::vector<int64_t> inner;
  for (int64_t i : indices) {
    expect_index(i, size());
    inner.push_back((*indices_)[static_cast<size_t>(i)]);
  }
  return whole_.get_batch(inner, seed);
}

// -- ConcatDataset

Dataset first_of(const Dataset& whole, int64_t count) {
  std::vector<int64_t> indices(static_cast<size_t>(std::clamp<int64_t>(count, 0, whole.size())));
  std::iota(indices.begin(), indices.end(), 0);
  return Subset(whole, std::move(indices));
}

ConcatDataset::ConcatDataset(std::vector<Dataset> parts) : parts_(std::move(parts)) {
  int64_t end = 0;
  for (const Dataset& part : parts_) ends_.push_back(end += part.size());
}

Example ConcatDataset::get(int64_t i, EpochSeed seed) const {
  expect_index(i, size());
  const auto part = std::upper_bound(ends_.begin(), ends_.end(), i) - ends_.begin();
  const auto at = static_cast<size_t>(part);
  const int64_t first = ends_[at] - parts_[at].size();
  return parts_[at].get(i - first, seed.of_part(part));
}

// -- random_split

std::vector<Subset> random_split(const Dataset& dataset, const RealList& parts, Generator generator) {
  const std::vector<int64_t> order = randperm(dataset.size(), {.generator = generator}).to_vector<int64_t>();
  std::vector<Subset> subsets;
  auto begin = order.begin();
  for (int64_t length : part_lengths(parts, dataset.size())) {
    subsets.emplace_back(dataset, std::vector<int64_t>(begin, begin + length));
    begin += length;
  }
  return subsets;
}

}  // namespace rushlight::data
