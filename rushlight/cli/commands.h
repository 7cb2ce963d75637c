// What each command of the program does, once its words are understood (main.cpp). Results go to stdout, all
// else to stderr; errors are thrown.
#pragma once

#include <string>
#include <vector>

#include "rushlight/cli/train_settings.h"

namespace rushlight::cli {

struct TrainCommand {
  TrainSettings settings;       // without a recipe: list them
  std::string config;           // a file of settings; those above come first
  bool dry_run = false;         // two steps, then an estimate of time, FLOPs and memory
  bool ledger = false;          // a hash of each tensor after each step, for diff()
  bool detect_anomaly = false;  // the first op that makes a NaN is named
  std::string runs = "runs";
  std::string resume;  // the folder of a run
};
void train(const TrainCommand& command);

struct EvalCommand {
  std::string model, architecture;
  std::string data = "mnist";
  std::string svg;  // a file for the confusion matrix
};
void eval(const EvalCommand& command);

struct PredictCommand {
  std::string model, architecture, image;
};
void predict(const PredictCommand& command);

struct ShowCommand {
  std::string file, architecture;
  int64_t batch = 64;    // of the step that is foretold
  std::string svg, csv;  // of a run: files for its curves
  bool json = false;     // a line for each layer, tensor or epoch
};
void show(const ShowCommand& command);
// What a run was told, and its curves.
void show_run(const ShowCommand& command);

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
};
// True where they are the same.
bool diff(const DiffCommand& command);

void list_data();
void get_data(const std::string& name);
void info(bool json);

}  // namespace rushlight::cli
