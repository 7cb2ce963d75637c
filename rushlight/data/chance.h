// Chance: the random numbers of one example. They follow from seed, epoch and index alone, so they are the
// same whichever thread asks, and in whatever order.
#pragma once

#include <cstdint>

#include "rushlight/core/generator.h"

namespace rushlight::data {

// A stream of draws. A plain value: a copy goes on from where the original was.
class Chance {
 public:
  explicit Chance(PhiloxKey key) : key_(key) {}

  double uniform();  // in [0, 1), with 53 bits
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  int64_t below(int64_t n);  // in [0, n), n > 0
  bool happens(double probability) { return uniform() < probability; }
  double normal();
  double beta(double a, double b);  // a, b > 0
  // For ops that take a generator.
  Generator generator();

 private:
  WordPair words();
  double gamma(double shape);

  PhiloxKey key_;
};

// What all draws of one pass over the data follow from.
struct EpochSeed {
  uint64_t seed = 0;
  int64_t epoch = 0;

  Chance of_example(int64_t index) const;  // below 2^40
  Chance of_order() const;                 // for samplers
  // For the part of a dataset that consists of several, which count their examples from 0 each.
  EpochSeed of_part(int64_t part) const;
};

}  // namespace rushlight::data
