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
};

// A JSON file with these names; what it does not say stays unsaid.
TrainSettings load_settings(const std::string& path);
std::string to_json(const TrainSettings& settings);
// The first's, and where it says nothing, the second's.
TrainSettings first_said(TrainSettings first, const TrainSettings& second);
// Throws where they say something else than the run that goes on with them; only its end may be another.
void expect_same_but_epochs(const TrainSettings& said, const TrainSettings& before, const std::string& run);

}  // namespace rushlight::cli
