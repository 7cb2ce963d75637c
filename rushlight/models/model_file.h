// Files of trained models: weights, and all that a prediction needs, in the metadata of one safetensors file.
#pragma once

#include "rushlight/models/network.h"

namespace rushlight::models {

// What an image must become before the network sees it: so large, in 0..1, then less the mean and over the
// deviation.
struct Preprocessing {
  int64_t channels = 1, size = 28;
  RealList mean{0.1307}, deviation{0.3081};
};

struct TrainedModel {
  Network network;
  Preprocessing preprocessing;
  std::vector<std::string> labels;  // of the classes
};

void save_model(const std::string& path, const TrainedModel& model);
// A file without metadata of ours needs an architecture; it is then taken for a network of MNIST's digits.
TrainedModel load_model(const std::string& path, const std::string& architecture = "");

}  // namespace rushlight::models
