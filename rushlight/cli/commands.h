// What each command of the program does, once its words are understood (main.cpp). Results go to stdout, all
// else to stderr; errors are thrown.
#pragma once

#include <string>
#include <vector>

#include "rushlight/cli/recipe.h"
#include "rushlight/cli/train_settings.h"
#include "rushlight/models/network.h"

namespace rushlight::cli {

struct TrainCommand {
  TrainSettings settings;  // without a recipe: list them
  std::string config;      // a file of settings; those above come first
  bool dry_run = false;    // a few steps, then an estimate of time, FLOPs and memory
  std::string runs = "runs";
  std::string resume;  // the folder of a run
};
// False where Ctrl-C stopped it.
bool train(const TrainCommand& command);
void list_recipes();

struct EvalCommand {
  std::string model, architecture;
  std::string data;   // none: what it was trained on
  bool part = false;  // of the test as its training used it, where that took a part
  std::string svg;    // a file for the confusion matrix
};
void eval(const EvalCommand& command);

struct PredictCommand {
  std::string model, architecture, image;
  bool json = false;
};
void predict(const PredictCommand& command);

struct ShowCommand {
  std::string file, architecture;
  std::optional<int64_t> batch{};   // of the step that is foretold: 64, or a run's
  std::string svg, csv, confusion;  // of a run: files for its curves and for what it confuses
  bool json = false;                // a line for each layer, tensor or epoch
};
void show(const ShowCommand& command);
// What a run was told and reached, its curves, its model.
void show_run(const ShowCommand& command);
// The layers of a network, and what a step of training it so costs.
void show_network(const models::Network& network, Method method, int64_t batch);

struct ProfileCommand {
  std::string recipe;
  std::optional<int64_t> batches{};  // 20, or as many as an epoch has
  std::optional<int64_t> batch{};    // examples in each, instead of the recipe's
  bool json = false;
  std::string trace;  // a file for the time line
};
void profile(const ProfileCommand& command);

struct BenchCommand {
  std::vector<std::string> recipes;  // none: those that tell the most
  bool json = false;
};
void bench(const BenchCommand& command);

struct ConvertCommand {
  std::string from, to;
};
void convert(const ConvertCommand& command);

struct DiffCommand {
  std::string left, right;  // folders of runs, or files of tensors
  bool json = false;        // a line for each tensor that differs, then one for the whole
};
// True where they are the same.
bool diff(const DiffCommand& command);

struct DataCommand {
  std::string get;  // a set to download; none: list them
  bool json = false;
};
void data(const DataCommand& command);

struct InfoCommand {
  bool json = false;
};
void info(const InfoCommand& command);

}  // namespace rushlight::cli
