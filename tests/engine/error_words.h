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
// Whether `f` throws an error of this kind whose message has all the words.
template <class F>
bool fails_with(ErrorKind kind, std::initializer_list<const char*> words, F&& f) {
  try {
    f();
  } catch (const Error& error) {
    for (const char* word : words)
      if (std::string(error.what()).find(word) == std::string::npos) return false;
    return error.kind() == kind;
  }
  return false;
}
inline bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace rushlight
