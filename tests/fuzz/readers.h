// What all fuzz targets share: an Error is the right answer to most files; anything else that goes wrong is a
// find.
#pragma once

#include <cstdint>
#include <string_view>

#include "rushlight/base/error.h"
#include "rushlight/base/memory.h"

namespace rushlight {

template <class Read>
int read_hostile(const uint8_t* data, size_t size, Read read) {
  set_memory_limit(size_t{256} << 20);  // a small file has no use for more
  try {
    (void)read(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const Error&) {
    return 0;
  }
  return 0;
}

}  // namespace rushlight
