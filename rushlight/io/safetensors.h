// .safetensors: a header in JSON, then the tensors' bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rushlight/core/named_tensors.h"

namespace rushlight::io {

using FileMetadata = std::vector<std::pair<std::string, std::string>>;

struct TensorFile {
  NamedTensors tensors;  // in the order of the header
  FileMetadata metadata;
};

TensorFile load_safetensors(const std::string& path);
// The metadata alone, at the price of the header; none where the file is of another format.
FileMetadata load_metadata(const std::string& path);
// Judged by what it begins with: nine bytes are enough.
bool is_safetensors(std::string_view bytes);
// From the bytes of a file. Throws where the format is broken anywhere, or a dtype is one that there is not
// here.
TensorFile parse_safetensors(std::string_view bytes);

// The same tensors give the same bytes. The header has their order; their data lie with the largest elements
// first, so that each is aligned for whoever maps the file.
void save_safetensors(const std::string& path, const NamedTensors& tensors,
                      const FileMetadata& metadata = {});

}  // namespace rushlight::io
