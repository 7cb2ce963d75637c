// Weights as plain JSON, {"weight": [[0.5, -1.25], ...]}: small models that people want to read.
#pragma once

#include <string>
#include <string_view>

#include "rushlight/core/named_tensors.h"

namespace rushlight::io {

// All are float32: each number becomes the float32 that is nearest. Ragged lists, and what is neither list
// nor number, are refused.
NamedTensors load_json_weights(const std::string& path);
NamedTensors parse_json_weights(std::string_view text);

// The fewest digits that read back as the same float32. Takes float32, float16 and bfloat16, all finite, and
// integers that float32 holds exactly, such as batch norm's count of batches.
void save_json_weights(const std::string& path, const NamedTensors& tensors);

}  // namespace rushlight::io
