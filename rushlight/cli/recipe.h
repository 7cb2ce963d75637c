// Recipes: what is trained, on which data, for how long.
#pragma once

#include <span>
#include <string_view>

#include "rushlight/data/data.h"
#include "rushlight/data/point_sets.h"
#include "rushlight/models/model_file.h"

namespace rushlight::cli {

struct Recipe {
  std::string_view name;
  std::string_view what;          // in words
  std::string_view architecture;  // models::Network::make
  std::string_view data;          // "mnist", "cifar10", or a set of points
  int64_t epochs, batch;
  double lr;
  bool one_cycle = false;                 // SGD with momentum, up and down again; else AdamW at one rate
  bool augment = false;                   // crops and flips
  int64_t train_part = 0, test_part = 0;  // so many of the first; 0: all
};

std::span<const Recipe> recipes();
const Recipe& recipe(std::string_view name);  // throws, with the nearest name

struct Task {
  data::Dataset train, test;
  models::Preprocessing preprocessing;
  std::vector<std::string> labels;
  std::optional<data::PointSet> points{};  // that it is trained on, where it is about points
};
// `full`: all examples, even if the recipe takes a part.
Task data_of(const Recipe& recipe, bool full);
// The test set by the name of its data.
data::Dataset test_set(std::string_view name, const models::Preprocessing& preprocessing);

}  // namespace rushlight::cli
