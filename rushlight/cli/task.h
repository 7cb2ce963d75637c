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
  std::string name;                        // of the known set, or the folder
  std::optional<data::PointSet> points{};  // that it is trained on, where it is about points
  int64_t test_part = 0;                   // the test is so many of the first examples; 0: all
  int workers = 0;  // files are read beside the training, what lies in memory by all threads
};

// The recipe's data, or those that the settings name: another known set, or a folder. A folder holds one
// folder of PNG and JPEG files for each class, or `train` and `test` with such folders (else a fifth of the
// images is kept for the test), or four IDX files named as MNIST's.
TaskData task_of(const Recipe& recipe, const TrainSettings& settings);
// The test part of them, for a network that was trained with such preprocessing.
struct TestData {
  data::Dataset examples;
  std::vector<std::string> labels;
};
// Whether it is a set of points, a known set of images, or a folder that is here.
bool names_data(const std::string& name_or_folder);
TestData test_data(const std::string& name_or_folder, const models::Preprocessing& preprocessing);
// As many of the first examples as a recipe takes; 0: all.
data::Dataset part_of(const data::Dataset& whole, int64_t part);
// What becomes of an image of the network's size, after training too.
data::Transform usual_transform(const models::Preprocessing& preprocessing);

}  // namespace rushlight::cli
