// Datasets, the ways to take them apart and put them together, and the order that samplers give.
#include "rushlight/data/dataset.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "rushlight/data/sampler.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;
using namespace rushlight::data;

namespace {

using Numbers = std::vector<int64_t>;

// Example i is (i, 10 i).
TensorDataset counting(int64_t size) {
  const Tensor numbers = arange(size, {.dtype = DType::int64});
  return TensorDataset(numbers.reshape({size, 1}), numbers * 10);
}

Numbers inputs_of(const Dataset& dataset, const Numbers& indices) {
  return dataset.get_batch(indices).input.to_vector<int64_t>();
}

Numbers all_of(const Dataset& dataset) {
  Numbers indices(static_cast<size_t>(dataset.size()));
  std::iota(indices.begin(), indices.end(), 0);
  return inputs_of(dataset, indices);
}

struct Noisy {
  int64_t size() const { return 4; }
  Example get(int64_t i, EpochSeed seed) const {
    Chance chance = seed.of_example(i);
    return {full({}, chance.uniform()), {}};
  }
};

struct Squares {
  int64_t size() const { return 5; }
  Example get(int64_t i) const {
    if (i == 3) fail(ErrorKind::type, "three is no good");
    if (i == 4) throw std::out_of_range("four");
    return {full({}, static_cast<double>(i * i)), {}};
  }
};

}  // namespace

TEST_CASE("chance follows from seed, epoch and index, and is spread evenly") {
  std::set<double> seen;
  for (uint64_t seed : {0, 1})
    for (int64_t epoch : {0, 1, 2})
      for (int64_t index : {0, 1, 2, 3}) {
        const EpochSeed from{seed, epoch};
        CHECK(from.of_example(index).uniform() == from.of_example(index).uniform());
        seen.insert(Chance(from.of_example(index)).uniform());
        seen.insert(Chance(from.of_part(1).of_example(index)).uniform());
      }
  CHECK(seen.size() == 48);

  Chance chance = EpochSeed{5, 0}.of_example(0);
  constexpr int kDraws = 20000;
  double sum = 0, squares = 0, betas = 0;
  std::vector<int> counts(7);
  for (int i = 0; i < kDraws; ++i) {
    const double z = chance.normal(), u = chance.uniform(2, 4), b = chance.beta(0.5, 1.5);
    CHECK(((u >= 2 && u < 4) && (b >= 0 && b <= 1)));
    sum += z, squares += z * z, betas += b;
    ++counts[static_cast<size_t>(chance.below(7))];
  }
  CHECK(std::abs(sum / kDraws) < 0.03);
  CHECK(std::abs(squares / kDraws - 1) < 0.05);
  CHECK(std::abs(betas / kDraws - 0.25) < 0.01);  // a / (a + b)
  for (int count : counts) CHECK(std::abs(count - kDraws / 7) < 250);
}

TEST_CASE("tensors are a dataset") {
  const TensorDataset pairs = counting(6);
  CHECK(pairs.size() == 6);
  CHECK(pairs.get(4).target.item<int64_t>() == 40);
  const Dataset any = pairs, copy = any;
  const Numbers some{5, 0, 5};
  CHECK(inputs_of(copy, some) == some);
  CHECK(any.get_batch(some).target.to_vector<int64_t>() == Numbers{50, 0, 50});
  CHECK(any.get_batch(some).input.size(1) == 1);
  CHECK_FALSE(TensorDataset(full({3, 2}, 1.0)).get(0).target.defined());
  CHECK(fails_with(ErrorKind::index, {"6", "dataset of 6"}, [&] { (void)any.get(6); }));
  CHECK(fails_with(ErrorKind::index, {"-1"}, [&] { (void)any.get_batch(Numbers{0, -1}); }));
  CHECK(fails_with(ErrorKind::value, {"(3, 2)", "(2,)"},
                   [] { TensorDataset(full({3, 2}, 1.0), full({2}, 1.0)); }));
  CHECK(fails_with(ErrorKind::value, {"first dimension"}, [] { TensorDataset(full({}, 1.0)); }));
}

TEST_CASE("whatever has size and get is a dataset, and its errors say which example") {
  const Dataset squares = Squares{};
  CHECK(squares.get_batch(Numbers{2, 1}).input.to_vector<int>() == std::vector<int>{4, 1});
  CHECK(
      fails_with(ErrorKind::type, {"example 3", "no good"}, [&] { (void)squares.get_batch(Numbers{2, 3}); }));
  CHECK(fails_with(ErrorKind::runtime, {"example 4", "four"}, [&] { (void)squares.get_batch(Numbers{4}); }));
  CHECK(fails_with(ErrorKind::value, {"no examples"}, [&] { (void)squares.get_batch(Numbers{}); }));
  const std::vector<Example> mixed{{full({}, 1.0), full({}, 1.0)}, {full({}, 1.0), {}}};
  CHECK(fails_with(ErrorKind::value, {"target"}, [&] { (void)collate(mixed); }));
}

TEST_CASE("parts and sums of datasets") {
  const Dataset whole = counting(10);
  const Subset odd(whole, {1, 3, 5});
  CHECK(all_of(odd) == Numbers{1, 3, 5});
  CHECK(odd.get(2, {}).target.item<int64_t>() == 50);
  CHECK(fails_with(ErrorKind::index, {"10"}, [&] { Subset(whole, {10}); }));
  CHECK(fails_with(ErrorKind::index, {"3"}, [&] { (void)odd.get(3, {}); }));

  CHECK(all_of(first_of(whole, 3)) == Numbers{0, 1, 2});
  CHECK(first_of(whole, 0).size() == 0);
  CHECK(first_of(whole, 11).size() == 10);

  const Dataset sum = ConcatDataset({odd, counting(0), counting(2), odd});
  CHECK(all_of(sum) == Numbers{1, 3, 5, 0, 1, 1, 3, 5});
  CHECK(ConcatDataset({}).size() == 0);
  // The same dataset twice is not the same twice.
  const Dataset twice = ConcatDataset({Noisy{}, Noisy{}});
  CHECK(twice.get(0).input.item<double>() == Dataset(Noisy{}).get(0).input.item<double>());
  CHECK(twice.get(0).input.item<double>() != twice.get(4).input.item<double>());
}

TEST_CASE("a random split is a partition") {
  const Dataset whole = counting(10);
  const auto sizes = [&](const RealList& parts) {
    std::vector<int64_t> sizes;
    Numbers all;
    for (const Subset& part : random_split(whole, parts, Generator(3))) {
      sizes.push_back(part.size());
      all.insert(all.end(), part.indices().begin(), part.indices().end());
    }
    std::sort(all.begin(), all.end());
    CHECK(all == all_of(whole));
    return sizes;
  };
  CHECK(sizes({7, 3}) == Numbers{7, 3});
  CHECK(sizes({0.7, 0.3}) == Numbers{7, 3});
  CHECK(sizes({0.25, 0.25, 0.5}) == Numbers{3, 2, 5});
  CHECK(sizes({10, 0}) == Numbers{10, 0});
  const auto first = [&](uint64_t seed) { return random_split(whole, {5, 5}, Generator(seed))[0].indices(); };
  CHECK(first(3) == first(3));
  CHECK(first(3) != first(4));
  CHECK(first(3) != Numbers{0, 1, 2, 3, 4});
  CHECK(fails_with(ErrorKind::value, {"add up to 10", "9"}, [&] { (void)random_split(whole, {5, 4}); }));
  CHECK(fails_with(ErrorKind::value, {"0.9"}, [&] { (void)random_split(whole, {0.5, 0.4}); }));
  CHECK(fails_with(ErrorKind::value, {"lengths"}, [&] { (void)random_split(whole, {11, -1}); }));
}

TEST_CASE("samplers give orders that follow from the seed") {
  CHECK(SequentialSampler(3).order({}) == Numbers{0, 1, 2});
  const RandomSampler random(100);
  Numbers order = random.order({1, 0});
  CHECK(order == random.order({1, 0}));
  CHECK(order != random.order({1, 1}));
  CHECK(order != random.order({2, 0}));
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  CHECK(order == SequentialSampler(100).order({}));
  CHECK(RandomSampler(100, {.count = 7}).order({}).size() == 7);
  CHECK(RandomSampler(2, {.replacement = true, .count = 50}).order({}).size() == 50);
  CHECK(fails_with(ErrorKind::value, {"3", "2", "replacement"}, [] { RandomSampler(2, {.count = 3}); }));
  CHECK(
      fails_with(ErrorKind::value, {"nothing"}, [] { RandomSampler(0, {.replacement = true, .count = 3}); }));

  // Every order of four is as likely as the next.
  std::map<Numbers, int> orders;
  for (int64_t epoch = 0; epoch < 2400; ++epoch) ++orders[RandomSampler(4).order({9, epoch})];
  CHECK(orders.size() == 24);
  for (const auto& [which, count] : orders) CHECK(std::abs(count - 100) < 50);
}

TEST_CASE("weights say how often") {
  const WeightedRandomSampler sampler({0, 1, 3, 0}, {.replacement = true, .count = 4000});
  std::vector<int> counts(4);
  for (int64_t i : sampler.order({1, 0})) ++counts[static_cast<size_t>(i)];
  CHECK((counts[0] == 0 && counts[3] == 0));
  CHECK(std::abs(counts[1] - 1000) < 120);
  Numbers once = WeightedRandomSampler({0, 1, 3}, {.replacement = false, .count = {}}).order({1, 0});
  std::sort(once.begin(), once.end());
  CHECK(once == Numbers{1, 2});
  int heavy_first = 0;
  for (int64_t epoch = 0; epoch < 2000; ++epoch)
    heavy_first +=
        WeightedRandomSampler({1, 3}, {.replacement = false, .count = 1}).order({1, epoch})[0] == 1;
  CHECK(std::abs(heavy_first - 1500) < 80);
  CHECK(fails_with(ErrorKind::value, {"weight 1", "-2"}, [] { WeightedRandomSampler({1, -2}); }));
  CHECK(fails_with(ErrorKind::value, {"nothing"}, [] { WeightedRandomSampler({0, 0}); }));
}

TEST_CASE("batches are cut from an order") {
  const BatchSampler all(SequentialSampler(5), 2);
  CHECK(all.size() == 3);
  CHECK(all.batches({}) == std::vector<Numbers>{{0, 1}, {2, 3}, {4}});
  const BatchSampler full(SequentialSampler(5), 2, true);
  CHECK(full.size() == 2);
  CHECK(full.batches({}).size() == 2);
  CHECK(fails_with(ErrorKind::value, {"0"}, [] { BatchSampler(SequentialSampler(5), 0); }));
  struct Liar {
    int64_t size() const { return 3; }
    Numbers order(EpochSeed) const { return {1}; }
  };
  CHECK(fails_with(ErrorKind::value, {"3", "1"}, [] { (void)BatchSampler(Liar{}, 1).batches({}); }));
}
