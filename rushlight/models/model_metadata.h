// What a file of a model says of itself, as words: read without trust, and written so that it can be read.
#pragma once

#include <optional>

#include "rushlight/core/arguments.h"
#include "rushlight/io/safetensors.h"

namespace rushlight::models {

// What an image must become before the network sees it: so large, in 0..1, then less the mean and over the
// deviation.
struct Preprocessing {
  int64_t channels = 1, size = 28;
  RealList mean{0.1307}, deviation{0.3081};
  bool operator==(const Preprocessing&) const = default;
};

struct ModelMetadata {
  std::string architecture;                    // as Network::make takes it
  std::optional<Preprocessing> preprocessing;  // none where the network takes points, not images
  std::vector<std::string> labels;             // of the classes; none where they have no names
  std::string data{};                          // what it was trained on, a known set or a folder; "": unknown
  int64_t test_part = 0;                       // it was tested on so many of the first examples; 0: on all
  bool operator==(const ModelMetadata&) const = default;
};

// Whether these are a model's at all, in whatever state.
bool describe_model(const io::FileMetadata& metadata);

// Throws an Error that names the key whose value is missing or makes no sense. Whether network, image and
// labels fit each other is not looked at. All text in the result can be printed: labels come from strangers
// and go to terminals, tables, drawings and pipes, and here is the one place that all of them pass.
ModelMetadata parse_metadata(const io::FileMetadata& metadata);
// Throws where parse_metadata() would refuse what this writes.
io::FileMetadata write_metadata(const ModelMetadata& described);

}  // namespace rushlight::models
