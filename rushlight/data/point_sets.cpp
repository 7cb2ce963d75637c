#include "rushlight/data/point_sets.h"

#include <cmath>
#include <numbers>

#include "rushlight/engine/context.h"
#include "rushlight/ops/operators.h"
#include "rushlight/scalar/moons.h"
#include "rushlight/scalar/random.h"

namespace rushlight::data {

namespace {

constexpr int kPoints = 400, kCorners = 100;

std::vector<PlanePoint> corners() {
  std::vector<PlanePoint> points;
  for (int i = 0; i < kCorners; ++i) {
    const double x = i & 1 ? 1 : -1, y = i & 2 ? 1 : -1;
    points.push_back({x, y, x == y ? -1 : 1});
  }
  return points;
}

// Two arms of one and a half turns around the middle.
std::vector<PlanePoint> spirals(uint64_t seed) {
  scalar::RandomStream random(seed);
  std::vector<PlanePoint> points;
  for (int i = 0; i < kPoints; ++i) {
    const double along = 0.1 + 0.9 * i / kPoints, angle = 3 * std::numbers::pi * along;
    const int side = i % 2 == 0 ? 1 : -1;
    const double dx = random.uniform(-0.02, 0.02), dy = random.uniform(-0.02, 0.02);
    points.push_back({side * along * std::cos(angle) + dx, side * along * std::sin(angle) + dy, side});
  }
  return points;
}

}  // namespace

std::optional<PointSet> point_set(std::string_view name, uint64_t seed) {
  if (name == "xor") return PointSet{corners(), {-2.4, 1.5, 4.8}};
  if (name == "moons") return PointSet{scalar::make_moons(kPoints, 0.1, seed), scalar::kMoonsView};
  if (name == "spirals") return PointSet{spirals(seed), {-1.92, 1.2, 3.84}};
  return std::nullopt;
}

Dataset dataset_of(const PointSet& set) {
  std::vector<float> places;
  std::vector<int64_t> labels;
  for (const PlanePoint& point : set.points) {
    places.push_back(static_cast<float>(point.x));
    places.push_back(static_cast<float>(point.y));
    labels.push_back(point.label > 0);
  }
  const int64_t count = static_cast<int64_t>(labels.size());
  return TensorDataset(from_values<float>(places, {count, 2}), from_values<int64_t>(labels, {count}));
}

}  // namespace rushlight::data
