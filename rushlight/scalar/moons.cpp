#include "rushlight/scalar/moons.h"

#include <cmath>
#include <numbers>

#include "rushlight/scalar/random.h"

namespace rushlight::scalar {

std::vector<Sample> make_moons(int count, double noise, uint64_t seed) {
  RandomStream random(seed);
  std::vector<Sample> samples;
  for (int i = 0; i < count; ++i) {
    const double angle = std::numbers::pi * i / count;
    const bool upper = i % 2 == 0;
    const double x = upper ? std::cos(angle) : 1 - std::cos(angle);
    const double y = upper ? std::sin(angle) : 0.5 - std::sin(angle);
    const double dx = random.uniform(-noise, noise), dy = random.uniform(-noise, noise);
    samples.push_back({x + dx, y + dy, upper ? 1 : -1});
  }
  return samples;
}

}  // namespace rushlight::scalar
