// Two half circles that reach into each other: the smallest task that no straight line solves.
#pragma once

#include <cstdint>
#include <vector>

namespace rushlight::scalar {

struct Sample {
  double x, y;
  int label;  // +1: the upper moon, -1: the lower one
};

// `count` points from either moon in turn, evenly along the arcs, each moved by up to `noise` in x and in y.
std::vector<Sample> make_moons(int count, double noise = 0.1, uint64_t seed = 1);

}  // namespace rushlight::scalar
