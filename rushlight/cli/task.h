// Tasks: the examples to learn from and to be tested on, from a known set or from files of one's own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rushlight/cli/recipe.h"
#include "rushlight/cli/train_settings.h"
#include "rushlight/data/data.h"
#include "rushlight/data/point_sets.h"
#include "rushlight/models/model_file.h"

namespace rushlight::cli {

struct TaskData {
  data::Dataset train, test;
  models::Preprocessing preprocessing;
  std::vector<std::string> labels;
  std::string architecture;                // that such data ask for
  std::optional<data::PointSet> points{};  // that it is trained on, where it is about points
};

// The recipe's data, or those that the settings name: another known set, or a folder. A folder holds one
// folder of PNG and JPEG files for each class, or `train` and `test` with such folders (else a fifth of the
// images is kept for the test), or four IDX files named as MNIST's.
TaskData task_of(const Recipe& recipe, const TrainSettings& settings);
// The test part of them, for a network that was trained with such preprocessing. Pictures of other classes
// than these labels, if any are given, are refused.
data::Dataset test_data(const std::string& name_or_folder, const models::Preprocessing& preprocessing,
                        const std::vector<std::string>& labels = {});

}  // namespace rushlight::cli
