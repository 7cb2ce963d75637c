// libFuzzer calls this with pictures that it makes up: see `./dev test --fuzz`.
#include "rushlight/data/image_file.h"

#include <zlib.h>

#include "tests/fuzz/readers.h"

namespace {

// A PNG is a signature of 8 bytes and chunks: a length, a name of 4 bytes, content, the checksum of name and
// content. No random change gets that right, so each is put right here.
void repair_checksums(std::string& png) {
  auto* bytes = reinterpret_cast<uint8_t*>(png.data());
  for (size_t at = 8; at + 12 <= png.size();) {
    const size_t length = size_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
    if (length > png.size() - at - 12) return;
    const auto sum = static_cast<uint32_t>(crc32(0, bytes + at + 4, static_cast<uInt>(length + 4)));
    at += 8 + length;
    for (int shift = 24; shift >= 0; shift -= 8) bytes[at++] = static_cast<uint8_t>(sum >> shift);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (file.starts_with("\x89PNG")) repair_checksums(file);
  return rushlight::load_hostile(reinterpret_cast<const uint8_t*>(file.data()), file.size(),
                                 [](const std::string& path) { return rushlight::data::load_image(path); });
}
