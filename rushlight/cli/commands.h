// What each command of the program does, once its words are understood (main.cpp). Results go to stdout, all
// else to stderr; errors are thrown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rushlight::cli {

struct TrainCommand {
  std::string recipe;  // empty: list them
  std::optional<int64_t> epochs{}, batch{};
  std::optional<double> lr{};
  uint64_t seed = 0;
  bool full = false;     // all data, where a recipe is for a part of it
  bool dry_run = false;  // one batch, then an estimate
  std::string runs = "runs";
  std::string resume;  // the folder of a run
};
void train(const TrainCommand& command);

struct EvalCommand {
  std::string model, architecture;
  std::string data = "mnist";
};
void eval(const EvalCommand& command);

struct PredictCommand {
  std::string model, architecture, image;
};
void predict(const PredictCommand& command);

struct ShowCommand {
  std::string file, architecture;
};
void show(const ShowCommand& command);

struct ConvertCommand {
  std::string from, to;
};
void convert(const ConvertCommand& command);

void list_data();
void get_data(const std::string& name);
void info();

}  // namespace rushlight::cli
