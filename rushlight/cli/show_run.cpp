// rushlight show RUN: views of metrics.jsonl, in the terminal, for a browser and for a spreadsheet.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "rushlight/base/error.h"
#include "rushlight/base/files.h"
#include "rushlight/base/utf8.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/run_folder.h"
#include "rushlight/cli/training.h"
#include "rushlight/train/curve.h"
#include "rushlight/train/epoch_log.h"

namespace rushlight::cli {

namespace {

using Lines = std::vector<io::Json::Object>;

double number_or_nan(const io::Json* value) {
  return value && value->if_number() ? value->number("a number of the log") : NAN;
}

// The last line of each epoch: one that was done again, after a crash, stands twice. The test's is no
// epoch's.
Lines last_of_each_epoch(const Lines& all) {
  Lines lines;
  for (const io::Json::Object& line : all) {
    const double epoch = number_or_nan(find(line, "epoch"));
    if (std::isnan(epoch)) continue;
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

// Steps are no curve to look at.
std::vector<train::Curve> without_steps(std::vector<train::Curve> curves) {
  std::erase_if(curves, [](const train::Curve& curve) { return curve.name == "step"; });
  return curves;
}

void draw(const train::Curve& curve) {
  if (!is_printable(curve.name)) return;
  if (curve.y.size() > 1)
    std::printf("\n%s", train::draw_curve(curve).c_str());
  else
    std::printf("%-9s %.4g\n", curve.name.c_str(), curve.y[0]);
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

void print_json(const std::string& run, const Lines& epochs, const std::optional<train::TestResult>& test) {
  for (const io::Json::Object& line : epochs) {
    std::string json;
    io::append_json(json, line);
    std::puts(json.c_str());
  }
  if (test)
    std::puts(train::json_line({{"run", run},
                                {"epochs", test->epochs},
                                {"test_accuracy", test->accuracy},
                                {"test_loss", test->loss}})
                  .c_str());
}

void draw_confusion(const ShowCommand& command, const std::optional<train::TestResult>& test) {
  if (!test) fail(ErrorKind::value, command.file, " has not been tested yet, so it has confused nothing");
  const models::TrainedModel model = models::load_model(model_file(command.file));
  write_file_atomically(command.confusion, {test->confusion.to_svg(model.labels)});
}

// What a step of this training costs, besides the layers.
void show_model_of(const std::string& run, std::optional<int64_t> batch) {
  const TrainSettings settings = settled(load_settings(config_in(run)));
  const models::TrainedModel model = models::load_model(model_file(run));
  show_network(model.network, recipe(*settings.recipe).method, batch.value_or(*settings.batch));
}

}  // namespace

void show_run(const ShowCommand& command) {
  const std::string log = log_in(command.file);
  if (!std::filesystem::exists(log))
    fail(ErrorKind::value, command.file,
         " is no folder of a run, such as runs/mlp-1: it has no metrics.jsonl");
  const std::optional<train::TestResult> test = train::test_result(log);
  const Lines epochs = last_of_each_epoch(train::read_log(log));
  const std::vector<train::Curve> curves = curves_of(epochs);
  if (curves.empty()) fail(ErrorKind::value, log, " has no whole line yet");
  const std::vector<train::Curve> seen = without_steps(curves);
  if (!command.svg.empty()) write_file_atomically(command.svg, {train::curves_to_svg(command.file, seen)});
  if (!command.csv.empty()) write_file_atomically(command.csv, {to_csv(curves)});
  if (!command.confusion.empty()) draw_confusion(command, test);
  if (command.json) return print_json(command.file, epochs, test);
  std::fputs(without_controls(read_file(config_in(command.file))).c_str(), stdout);
  for (const train::Curve& curve : seen) draw(curve);
  if (!test) return;
  std::printf("\n%.2f %% of the test is right, its loss is %.4f; epochs: %lld\n\n", 100 * test->accuracy,
              test->loss, static_cast<long long>(test->epochs));
  show_model_of(command.file, command.batch);
}

}  // namespace rushlight::cli
