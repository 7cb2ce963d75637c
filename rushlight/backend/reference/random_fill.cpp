// Tensors of random numbers, each a function of the key and of the element's place in row-major order.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/base/philox.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

PhiloxKey key_of(const Tensor& key) {
  auto* words = key.data<uint64_t>();
  return {words[0], words[1]};
}

constexpr int mantissa_bits(DType dtype) {
  return dtype == DType::float16 ? 11 : dtype == DType::bfloat16 ? 8 : 24;
}

// float64 takes two words of an element, every other type one and is drawn in float32, for a type of so many
// bits.
template <class Draw>
bool fill_floating(const Tensor& out, Draw draw) {
  bool wide = out.dtype() == DType::float64;
  Tensor numbers = empty(out.shape(), wide ? DType::float64 : DType::float32);
  uint64_t element = 0;
  if (wide)
    for (double& x : numbers.span<double>()) x = draw.wide(element++);
  else
    for (float& x : numbers.span<float>()) x = draw.narrow(element++, mantissa_bits(out.dtype()));
  copy_elements(out, numbers);
  return true;
}

struct Uniform {
  PhiloxKey key;
  // on the grid that the type holds: rounded up, a number below 1 could become 1
  float narrow(uint64_t element, int bits) const {
    auto steps = static_cast<float>(1 << bits);
    return std::floor(uniform<float>(random_word(key, element)) * steps) / steps;
  }
  double wide(uint64_t element) const {
    WordPair words = random_word_pair(key, element);
    return uniform<double>(uint64_t{words.high}, uint64_t{words.low});
  }
};
struct Normal {
  PhiloxKey key;
  float narrow(uint64_t element, int) const { return normal<float>(random_word(key, element)); }
  double wide(uint64_t element) const {
    WordPair words = random_word_pair(key, element);
    return normal<double>(uint64_t{words.high}, uint64_t{words.low});
  }
};

}  // namespace

bool uniform_with_key(const KernelCall& call) {
  return fill_floating(call.out[0], Uniform{key_of(call.in[0])});
}
bool normal_with_key(const KernelCall& call) {
  return fill_floating(call.out[0], Normal{key_of(call.in[0])});
}

bool integers_with_key(const KernelCall& call) {
  args::IntegersWithKey a(call.attrs);
  PhiloxKey key = key_of(call.in[0]);
  uint64_t span = static_cast<uint64_t>(a.high) - static_cast<uint64_t>(a.low);
  Tensor numbers = empty(call.out[0].shape(), DType::int64);
  uint64_t element = 0;
  for (int64_t& x : numbers.span<int64_t>())
    x = static_cast<int64_t>(static_cast<uint64_t>(a.low) + bounded(random_word_pair(key, element++), span));
  copy_elements(call.out[0], numbers);
  return true;
}

// Fisher and Yates: every element changes places with one that is not before it.
bool permutation_with_key(const KernelCall& call) {
  PhiloxKey key = key_of(call.in[0]);
  std::span<int64_t> order = call.out[0].span<int64_t>();
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  for (size_t i = 0; i + 1 < order.size(); ++i)
    std::swap(order[i], order[i + bounded(random_word_pair(key, i), order.size() - i)]);
  return true;
}

namespace {

double uniform_at(PhiloxKey key, uint64_t element) {
  WordPair words = random_word_pair(key, element);
  return uniform<double>(uint64_t{words.high}, uint64_t{words.low});
}

// Throws where a row is no distribution.
void expect_weights(std::span<const double> weights) {
  double total = 0;
  for (double weight : weights) {
    if (!(weight >= 0 && std::isfinite(weight)))
      fail(ErrorKind::runtime, "[multinomial] probabilities must be finite and not negative, but one is ",
           weight);
    total += weight;
  }
  if (!(total > 0))
    fail(ErrorKind::runtime, "[multinomial] the probabilities of a row are all 0: there is nothing to draw");
}

// A uniform number among the running sums finds the place of the step it is on.
void draw_with_replacement(std::span<const double> weights, PhiloxKey key, uint64_t element,
                           std::span<int64_t> places) {
  std::vector<double> sums;
  for (double weight : weights) sums.push_back((sums.empty() ? 0 : sums.back()) + weight);
  auto end = std::lower_bound(sums.begin(), sums.end(), sums.back());  // behind it are zero weights
  for (int64_t& place : places)
    place = std::upper_bound(sums.begin(), end, uniform_at(key, element++) * sums.back()) - sums.begin();
}

// Each place waits for an exponentially distributed time, the shorter the larger its weight: who comes first
// is drawn first. A weight of 0 comes after all others.
void draw_without_replacement(std::span<const double> weights, PhiloxKey key, uint64_t element,
                              std::span<int64_t> places) {
  std::vector<std::pair<double, int64_t>> times;
  for (double weight : weights) {
    double time = -std::log1p(-uniform_at(key, element++)) / weight;
    times.emplace_back(weight > 0 ? time : std::numeric_limits<double>::infinity(), times.size());
  }
  std::sort(times.begin(), times.end());
  for (size_t i = 0; i < places.size(); ++i) places[i] = times[i].second;
}

}  // namespace

bool multinomial_with_key(const KernelCall& call) {
  args::MultinomialWithKey a(call.attrs);
  PhiloxKey key = key_of(call.in[1]);
  Tensor numbers = row_major_in(DType::float64, call.in[0]);
  std::span<const double> weights = numbers.span<double>();
  std::span<int64_t> places = call.out[0].span<int64_t>();
  auto categories = static_cast<size_t>(call.in[0].size(-1)), samples = static_cast<size_t>(a.num_samples);
  auto draw = a.replacement ? draw_with_replacement : draw_without_replacement;
  for (size_t row = 0; row < weights.size() / categories; ++row) {
    std::span<const double> of_row = weights.subspan(row * categories, categories);
    expect_weights(of_row);
    draw(of_row, key, row * (a.replacement ? samples : categories), places.subspan(row * samples, samples));
  }
  return true;
}

}  // namespace rushlight::reference
