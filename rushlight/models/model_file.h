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
// CIFAR-10's for three channels, else MNIST's.
Preprocessing usual_preprocessing(const NetworkInput& input);

struct TrainedModel {
  Network network;
  Preprocessing preprocessing;
  std::vector<std::string> labels;  // of the classes
  std::string data{};               // what it was trained on: a known set, or a folder
};

void save_model(const std::string& path, const TrainedModel& model);
// A file without metadata of ours needs an architecture, as Network::make takes it or in a .json file; its
// preprocessing is then the usual one and its labels are numbers.
TrainedModel load_model(const std::string& path, const std::string& architecture = "");

}  // namespace rushlight::models
