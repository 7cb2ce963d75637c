#include "rushlight/cli/train_settings.h"

#include <algorithm>
#include <vector>

#include "rushlight/base/error.h"
#include "rushlight/base/files.h"
#include "rushlight/base/nearest.h"
#include "rushlight/io/json.h"
#include "rushlight/train/run_log.h"

namespace rushlight::cli {

namespace {

// visit(name, field of each settings).
template <class Visit, class... Settings>
void for_each_setting(Visit visit, Settings&... settings) {
  visit("recipe", settings.recipe...);
  visit("data", settings.data...);
  visit("size", settings.size...);
  visit("epochs", settings.epochs...);
  visit("batch", settings.batch...);
  visit("accumulate", settings.accumulate...);
  visit("seed", settings.seed...);
  visit("lr", settings.lr...);
  visit("clip_norm", settings.clip_norm...);
  visit("full", settings.full...);
  visit("backend", settings.backend...);
  visit("threads", settings.threads...);
  visit("ledger", settings.ledger...);
  visit("detect_anomaly", settings.detect_anomaly...);
}

// What a run may be told anew each time that it goes on.
bool may_change(std::string_view name) {
  return name == "epochs" || name == "threads" || name == "ledger" || name == "detect_anomaly";
}

void read(const io::Json& json, std::string_view what, std::optional<std::string>& field) {
  field = json.text(what);
}
void read(const io::Json& json, std::string_view what, std::optional<int64_t>& field) {
  field = json.integer(what);
}
void read(const io::Json& json, std::string_view what, std::optional<double>& field) {
  field = json.number(what);
}
void read(const io::Json& json, std::string_view what, std::optional<bool>& field) {
  field = json.boolean(what);
}

std::string in_words(const std::string& text) { return text; }
std::string in_words(bool yes) { return yes ? "true" : "false"; }
std::string in_words(int64_t number) { return train::json_number(number); }
std::string in_words(double number) { return train::json_number(number); }

}  // namespace

TrainSettings load_settings(const std::string& path) {
  const io::Json json = io::parse_json_of(path, read_file(path));
  const io::Json::Object& said = json.object(path);
  TrainSettings settings;
  std::vector<std::string_view> known;
  for_each_setting(
      [&](std::string_view name, auto& field) {
        known.push_back(name);
        if (const io::Json* value = find(said, name); value && !value->is_null())
          read(*value, join_text(name, " in ", path), field);
      },
      settings);
  for (const auto& [name, value] : said) {
    if (std::ranges::find(known, name) != known.end()) continue;
    fail(ErrorKind::value, path, " sets \"", name, "\", which is no setting", did_you_mean(name, known));
  }
  return settings;
}

std::string to_json(const TrainSettings& settings) {
  std::string json = "{";
  for_each_setting(
      [&](std::string_view name, const auto& field) {
        if (!field) return;
        json += json.size() > 1 ? ",\n  " : "\n  ";
        io::append_json_text(json, name);
        json += ": ";
        if constexpr (std::is_same_v<decltype(field), const std::optional<std::string>&>)
          io::append_json_text(json, *field);
        else
          json += in_words(*field);
      },
      settings);
  return json + "\n}\n";
}

TrainSettings first_said(TrainSettings first, const TrainSettings& second) {
  for_each_setting(
      [](std::string_view, auto& mine, const auto& other) {
        if (!mine) mine = other;
      },
      first, second);
  return first;
}

void expect_fitting(const TrainSettings& said, const TrainSettings& before, const std::string& run) {
  for_each_setting(
      [&](std::string_view name, const auto& mine, const auto& its) {
        if (!mine || may_change(name) || mine == its) return;
        fail(ErrorKind::value, run, " goes on as it began: its ", name, " is ",
             its ? in_words(*its) : std::string("not said"), ", not ", in_words(*mine),
             ". Only --epochs, --threads, --ledger and --detect-anomaly may change; a new run takes any "
             "setting");
      },
      said, before);
}

}  // namespace rushlight::cli
