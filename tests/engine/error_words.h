// What an error says, for checks of its words.
#pragma once

#include <string>

#include "rushlight/base/error.h"

namespace rushlight {

// The words of the error that `f` throws; empty if it throws none.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}
inline bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace rushlight
