#include "rushlight/data/chance.h"

#include <cmath>

namespace rushlight::data {

namespace {

// splitmix64: neighbours share no bits.
uint64_t mixed(uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Each example has this many counters to itself, of 128 bits each.
constexpr int kCounterBits = 24;

}  // namespace

WordPair Chance::words() {
  const WordPair pair = random_word_pair(key_, 0);
  ++key_.counter;
  return pair;
}

double Chance::uniform() {
  const WordPair pair = words();
  return rushlight::uniform<double>(uint64_t{pair.high}, uint64_t{pair.low});
}

int64_t Chance::below(int64_t n) { return static_cast<int64_t>(bounded(words(), static_cast<uint64_t>(n))); }

double Chance::normal() {
  const WordPair pair = words();
  return rushlight::normal<double>(uint64_t{pair.high}, uint64_t{pair.low});
}

// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
double Chance::gamma(double shape) {
  if (shape < 1) return gamma(shape + 1) * std::pow(1 - uniform(), 1 / shape);
  const double d = shape - 1. / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(), v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
  }
}

double Chance::beta(double a, double b) {
  const double x = gamma(a), y = gamma(b);
  return x + y > 0 ? x / (x + y) : 0.5;  // tiny shapes make both vanish
}

Generator Chance::generator() {
  const WordPair pair = words();
  return Generator(uint64_t{pair.high} << 32 | pair.low);
}

Chance EpochSeed::of_example(int64_t index) const {
  return Chance(
      {mixed(mixed(seed) + static_cast<uint64_t>(epoch)), static_cast<uint64_t>(index) << kCounterBits});
}

Chance EpochSeed::of_order() const { return of_example(-1); }

EpochSeed EpochSeed::of_part(int64_t part) const {
  return {part == 0 ? seed : mixed(seed ^ static_cast<uint64_t>(part) << 32), epoch};
}

}  // namespace rushlight::data
