// Generator: a seed and a counter. Random ops draw a range of counters and compute their bits from it
// (base/philox.h), so the same seed gives the same numbers on every backend, for any number of threads,
// recorded or not.
#pragma once

#include <cstdint>
#include <mutex>

#include "rushlight/base/philox.h"
#include "rushlight/core/attr.h"

namespace rushlight {

// Copies share the state. Safe to use from several threads.
class Generator {
 public:
  explicit Generator(uint64_t seed);

  // Reserves counters for `count` words of 32 bits (four to a counter) and returns where they start.
  PhiloxKey draw(uint64_t count);
  PhiloxKey state() const;
  void set_state(PhiloxKey state);
  void seed(uint64_t seed) { set_state({seed, 0}); }
  // An independent generator whose numbers are a function of this one's state; this one moves on.
  Generator fork();

  friend bool operator==(const Generator& a, const Generator& b) { return a.cell_ == b.cell_; }

 private:
  friend class Attr;
  struct Cell final : SharedAttr {
    mutable std::mutex lock;
    PhiloxKey key;
  };
  explicit Generator(Ref<Cell> cell) : cell_(std::move(cell)) {}
  Ref<Cell> cell_;
};

Generator& default_generator();   // process-wide
void manual_seed(uint64_t seed);  // of the default generator

}  // namespace rushlight
