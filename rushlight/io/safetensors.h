// .safetensors: a header in JSON, then the tensors' bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rushlight/core/named_tensors.h"

namespace rushlight::io {

struct TensorFile {
  NamedTensors tensors;  // in the order of the header
  std::vector<std::pair<std::string, std::string>> metadata;
};

TensorFile load_safetensors(const std::string& path);
// From the bytes of a file. Throws where the format is broken anywhere, or a dtype is one that there is not
// here.
TensorFile parse_safetensors(std::string_view bytes);

// The same tensors give the same bytes. The header has their order; their data lie with the largest elements
// first, so that each is aligned for whoever maps the file.
void save_safetensors(const std::string& path, const NamedTensors& tensors,
                      const std::vector<std::pair<std::string, std::string>>& metadata = {});

}  // namespace rushlight::io
