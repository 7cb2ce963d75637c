// What a training can be told. What is not said is the recipe's choice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rushlight::cli {

struct TrainSettings {
  std::optional<std::string> recipe{}, data{};  // data: a known set, or a folder
  std::optional<int64_t> epochs{}, batch{}, accumulate{}, seed{}, size{};
  std::optional<double> lr{}, clip_norm{};
  std::optional<bool> full{};  // all data, where a recipe takes a part of it
  // How the machine goes about it. Only the backend changes what comes out.
  std::optional<std::string> backend{};
  std::optional<int64_t> threads{};
  std::optional<bool> ledger{};          // a hash of each tensor after each step, for diff()
  std::optional<bool> detect_anomaly{};  // the first op that makes a NaN is named
};

// A JSON file with these names; what it does not say stays unsaid.
TrainSettings load_settings(const std::string& path);
std::string to_json(const TrainSettings& settings);
// The first's, and where it says nothing, the second's.
TrainSettings first_said(TrainSettings first, const TrainSettings& second);
// Throws where they say something else than the run that goes on with them, but for its end and for what
// changes no number.
void expect_fitting(const TrainSettings& said, const TrainSettings& before, const std::string& run);

}  // namespace rushlight::cli
