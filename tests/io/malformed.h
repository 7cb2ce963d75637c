// Spoilt files: each has to be refused with an Error, and quickly; nothing else may happen.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "rushlight/base/error.h"
#include "rushlight/base/memory.h"

namespace rushlight {

struct Malformed {
  const char* what;
  std::string bytes;
};

// Whether parse(bytes) throws an Error. Anything else that it throws fails the test.
template <class Parse>
bool is_refused(Parse parse, std::string_view bytes) {
  try {
    (void)parse(bytes);
  } catch (const Error& error) {
    return std::string_view(error.what()).size() > 10;  // it says something
  }
  return false;
}

// Each kind of spoilt file is refused, and none asks for much memory.
template <class Parse>
void check_malformed(Parse parse, const std::vector<Malformed>& kinds) {
  CHECK(kinds.size() >= 30);
  reset_peak_memory();
  const uint64_t before = memory_stats().live_bytes;
  for (const Malformed& kind : kinds) {
    CAPTURE(std::string(kind.what));
    CHECK(is_refused(parse, kind.bytes));
  }
  CHECK(memory_stats().peak_bytes < before + (uint64_t{64} << 20));
}

// A file that is cut short anywhere is refused.
template <class Parse>
void check_cut_short(Parse parse, const std::string& good) {
  REQUIRE_FALSE(is_refused(parse, good));
  for (size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK(is_refused(parse, std::string(good, 0, size)));  // a copy: what lies behind it is not ours
  }
}

// A file with any byte changed is refused, or still one; nothing worse. Returns how many are refused.
template <class Parse>
int check_changed_bytes(Parse parse, const std::string& good) {
  int refused = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (int change : {0x01, 0x80, 0xff}) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      refused += is_refused(parse, bytes);
    }
  }
  return refused;
}

// The text with the first `old` in it replaced.
inline std::string replaced(std::string text, std::string_view old, std::string_view by) {
  const size_t at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), by);
}

// Little end first.
template <class T>
std::string little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace rushlight
