#include "rushlight/data/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rushlight::data {

namespace {

std::vector<int64_t> counted(int64_t size) {
  std::vector<int64_t> numbers(static_cast<size_t>(size));
  std::iota(numbers.begin(), numbers.end(), int64_t{0});
  return numbers;
}

void expect_count(const char* who, const SamplerOptions& options, int64_t size) {
  const int64_t count = options.count.value_or(size);
  if (count < 0 || (!options.replacement && count > size))
    fail(ErrorKind::value, "[", who, "] ", count, " examples out of ", size,
         " cannot be had without replacement; say .replacement = true");
  if (options.replacement && size == 0 && count > 0)
    fail(ErrorKind::value, "[", who, "] there is nothing to draw from");
}

}  // namespace

std::vector<int64_t> SequentialSampler::order(EpochSeed) const { return counted(size_); }

RandomSampler::RandomSampler(int64_t size, SamplerOptions options) : size_(size), options_(options) {
  expect_count("RandomSampler", options_, size_);
}

std::vector<int64_t> RandomSampler::order(EpochSeed seed) const {
  Chance chance = seed.of_order();
  std::vector<int64_t> order;
  if (options_.replacement) {
    order.resize(static_cast<size_t>(size()));
    for (int64_t& i : order) i = chance.below(size_);
    return order;
  }
  order = counted(size_);
  for (int64_t i = 0; i < size(); ++i)  // Fisher and Yates
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(i + chance.below(size_ - i))]);
  order.resize(static_cast<size_t>(size()));
  return order;
}

WeightedRandomSampler::WeightedRandomSampler(std::vector<double> weights, SamplerOptions options)
    : weights_(std::move(weights)), options_(options) {
  int64_t possible = 0;
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (!(weights_[i] >= 0) || std::isinf(weights_[i]))
      fail(ErrorKind::value, "[WeightedRandomSampler] weight ", i, " is ", weights_[i],
           "; weights are finite and not negative");
    possible += weights_[i] > 0;
  }
  if (!options_.count)
    options_.count = options_.replacement ? static_cast<int64_t>(weights_.size()) : possible;
  expect_count("WeightedRandomSampler", options_, possible);
}

std::vector<int64_t> WeightedRandomSampler::order(EpochSeed seed) const {
  return options_.replacement ? with_replacement(seed.of_order()) : without_replacement(seed.of_order());
}

std::vector<int64_t> WeightedRandomSampler::with_replacement(Chance chance) const {
  std::vector<double> sums(weights_.size());
  std::partial_sum(weights_.begin(), weights_.end(), sums.begin());
  const auto last =
      std::find_if(weights_.rbegin(), weights_.rend(), [](double weight) { return weight > 0; });
  const int64_t highest = weights_.rend() - last - 1;
  std::vector<int64_t> order(static_cast<size_t>(size()));
  for (int64_t& i : order) {
    const auto found = std::upper_bound(sums.begin(), sums.end(), chance.uniform() * sums.back());
    i = std::min<int64_t>(found - sums.begin(), highest);  // the product may round up to the sum
  }
  return order;
}

// Efraimidis and Spirakis, 2006: those with the earliest of exponential arrivals, whose rates are the
// weights.
std::vector<int64_t> WeightedRandomSampler::without_replacement(Chance chance) const {
  std::vector<std::pair<double, int64_t>> arrivals;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const double wait = -std::log(1 - chance.uniform());
    if (weights_[i] > 0) arrivals.emplace_back(wait / weights_[i], static_cast<int64_t>(i));
  }
  std::sort(arrivals.begin(), arrivals.end());
  std::vector<int64_t> order;
  for (const auto& [time, i] : arrivals) order.push_back(i);
  order.resize(static_cast<size_t>(size()));
  return order;
}

BatchSampler::BatchSampler(Sampler sampler, int64_t batch_size, bool drop_last)
    : sampler_(std::move(sampler)), batch_size_(batch_size), drop_last_(drop_last) {
  if (batch_size < 1) fail(ErrorKind::value, "[data] a batch has at least one example, not ", batch_size);
}

int64_t BatchSampler::size() const {
  const int64_t full = sampler_.size() / batch_size_;
  return full + (!drop_last_ && sampler_.size() % batch_size_ != 0);
}

std::vector<std::vector<int64_t>> BatchSampler::batches(EpochSeed seed) const {
  const std::vector<int64_t> order = sampler_.order(seed);
  const auto count = static_cast<int64_t>(order.size());
  if (count != sampler_.size())
    fail(ErrorKind::value, "[data] the sampler promises ", sampler_.size(), " examples and names ", count);
  std::vector<std::vector<int64_t>> batches;
  for (int64_t b = 0; b < size(); ++b) {
    const int64_t begin = b * batch_size_, end = std::min(begin + batch_size_, count);
    batches.emplace_back(order.begin() + begin, order.begin() + end);
  }
  return batches;
}

}  // namespace rushlight::data
