// What all fuzz targets share: an Error is the right answer to most files; anything else that goes wrong is a
// find.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
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

// For readers that take the path of a file.
template <class Load>
int load_hostile(const uint8_t* data, size_t size, Load load) {
  static const int file = memfd_create("hostile", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return -1;
  return read_hostile(data, size, [&](std::string_view) { return load(path); });
}

}  // namespace rushlight
