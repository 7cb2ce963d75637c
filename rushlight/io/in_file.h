// Errors of what is read from a file begin with the file's name.
#pragma once

#include <string>
#include <utility>

#include "rushlight/base/error.h"

namespace rushlight::io {

// in_file(path, [&] { return parse_npy(read_file(path)); })
template <class F>
auto in_file(const std::string& path, F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (const Error& error) {
    const std::string message = error.what();
    if (message.find(path) != std::string::npos) throw;
    fail(error.kind(), path, ": ", message);
  }
}

}  // namespace rushlight::io
