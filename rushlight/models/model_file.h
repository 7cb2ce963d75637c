// Files of trained models: weights, and all that a prediction needs, in the metadata of one safetensors file.
#pragma once

#include "rushlight/models/model_metadata.h"
#include "rushlight/models/network.h"

namespace rushlight::models {

// CIFAR-10's for three channels, else MNIST's.
Preprocessing usual_preprocessing(const NetworkInput& input);

// Whether images that were prepared so are what the network takes.
bool takes(const Network& network, const Preprocessing& preprocessing);

struct TrainedModel {
  Network network;
  Preprocessing preprocessing;
  std::vector<std::string> labels;  // of the classes
  std::string data{};               // what it was trained on: a known set, or a folder
  int64_t test_part = 0;            // it was tested on so many of the first examples; 0: on all
};

// Throws where load_model() would refuse the file: labels must be as many as classes, or none, and the image
// what the network takes. For a network of points the preprocessing is not written.
void save_model(const std::string& path, const TrainedModel& model);

// Whether the file says what network it is of, be it rightly or not. Where it does, an error of load_model()
// speaks of damage; where it does not, this is a file of tensors, or none at all, and io::load_tensors()
// knows. Throws where a safetensors file has a broken header. Reads no tensors.
bool has_architecture(const std::string& path);

// A file without metadata of ours needs an architecture, as Network::make takes it or in a .json file; its
// preprocessing is then the usual one and its labels are numbers. Errors name the file, and the key of the
// metadata; a network that the file's numbers cannot fill is not made.
TrainedModel load_model(const std::string& path, const std::string& architecture = "");

}  // namespace rushlight::models
