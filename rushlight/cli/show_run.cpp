// rushlight show RUN: views of metrics.jsonl, in the terminal, for a browser and for a spreadsheet.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "rushlight/base/error.h"
#include "rushlight/base/files.h"
#include "rushlight/cli/commands.h"
#include "rushlight/train/curve.h"
#include "rushlight/train/run_log.h"

namespace rushlight::cli {

namespace {

using Lines = std::vector<io::Json::Object>;

double number_or_nan(const io::Json* value) {
  return value && value->if_number() ? value->number("a number of the log") : NAN;
}

// The last line of each epoch: one that was done again, after a crash, stands twice.
Lines last_of_each_epoch(const Lines& all) {
  Lines lines;
  for (const io::Json::Object& line : all) {
    const double epoch = number_or_nan(find(line, "epoch"));
    std::erase_if(lines, [&](const auto& earlier) { return number_or_nan(find(earlier, "epoch")) >= epoch; });
    lines.push_back(line);
  }
  return lines;
}

// The fields that are numbers, in the order in which they come up, as curves over the epochs.
std::vector<train::Curve> curves_of(const Lines& lines) {
  std::vector<train::Curve> curves;
  for (const io::Json::Object& line : lines)
    for (const auto& [name, value] : line) {
      const bool known =
          std::any_of(curves.begin(), curves.end(), [&](const auto& c) { return c.name == name; });
      if (!known && value.if_number() && name != "epoch") curves.push_back({name, {}, {}});
    }
  for (const io::Json::Object& line : lines)
    for (train::Curve& curve : curves) {
      curve.x.push_back(number_or_nan(find(line, "epoch")));
      curve.y.push_back(number_or_nan(find(line, curve.name)));
    }
  return curves;
}

std::string to_csv(const std::vector<train::Curve>& curves) {
  std::string csv = "epoch";
  for (const train::Curve& curve : curves) csv += "," + curve.name;
  csv += "\n";
  const auto cell = [](double number) { return std::isfinite(number) ? train::json_number(number) : ""; };
  for (size_t i = 0; i < curves[0].x.size(); ++i) {
    csv += cell(curves[0].x[i]);
    for (const train::Curve& curve : curves) csv += "," + cell(curve.y[i]);
    csv += "\n";
  }
  return csv;
}

void print_json(const Lines& lines) {
  for (const io::Json::Object& line : lines) {
    std::string json;
    io::append_json(json, line);
    std::puts(json.c_str());
  }
}

}  // namespace

void show_run(const ShowCommand& command) {
  const std::string log = command.file + "/metrics.jsonl";
  if (!std::filesystem::exists(log))
    fail(ErrorKind::value, command.file,
         " is no folder of a run, such as runs/mlp-1: it has no metrics.jsonl");
  const Lines epochs = last_of_each_epoch(train::read_log(log));
  const std::vector<train::Curve> curves = curves_of(epochs);
  if (curves.empty()) fail(ErrorKind::value, log, " has no whole line yet");
  if (!command.svg.empty()) write_file_atomically(command.svg, {train::curves_to_svg(command.file, curves)});
  if (!command.csv.empty()) write_file_atomically(command.csv, {to_csv(curves)});
  if (command.json) return print_json(epochs);
  const std::string config = command.file + "/config.json";
  if (std::filesystem::exists(config)) std::fputs(read_file(config).c_str(), stdout);
  for (const train::Curve& curve : curves)
    if (curve.name != "step") std::printf("\n%s", train::draw_curve(curve).c_str());
}

}  // namespace rushlight::cli
