// Text files: whole, or line by line.
#pragma once

#include <string>
#include <vector>

#include "rushlight/data/file_bytes.h"

namespace rushlight::data {

inline std::string load_text(const std::string& path) { return read_file(path, kLargestFile); }

// Without their ends, "\n" or "\r\n"; the last one need not have one.
std::vector<std::string> load_lines(const std::string& path);

}  // namespace rushlight::data
