// Points of the plane in two classes: the first tasks that no straight line solves.
#pragma once

#include <optional>
#include <string_view>

#include "rushlight/base/decision_map.h"
#include "rushlight/data/dataset.h"

namespace rushlight::data {

struct PointSet {
  std::vector<PlanePoint> points;
  PlaneView view;  // where they lie
};

// "xor" (the same four corners again and again, 100 points), "moons" or "spirals" (400 points, others for
// each seed). Nothing for another name.
std::optional<PointSet> point_set(std::string_view name, uint64_t seed);

// Inputs (2,), and 1 for the points of +1, 0 for those of -1.
Dataset dataset_of(const PointSet& set);

}  // namespace rushlight::data
