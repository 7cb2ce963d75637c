// Two half circles that reach into each other: the smallest task that no straight line solves.
#pragma once

#include <cstdint>
#include <vector>

#include "rushlight/base/decision_map.h"

namespace rushlight::scalar {

using Sample = PlanePoint;

// `count` points from either moon in turn, the upper one's +1 and the lower one's -1, evenly along the arcs,
// each moved by up to `noise` in x and in y.
std::vector<Sample> make_moons(int count, double noise = 0.1, uint64_t seed = 1);
inline constexpr PlaneView kMoonsView{-1.6, 1.55, 4.2};

}  // namespace rushlight::scalar
