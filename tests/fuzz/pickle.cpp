// libFuzzer calls this with pickles that it makes up; behind each stands the memory that a tensor may ask
// for.
#include "rushlight/io/torch_file.h"
#include "rushlight/io/zip.h"
#include "tests/fuzz/readers.h"

namespace {

// Without the archive, whose checksums no random change gets right.
rushlight::io::TorchFile parse_pickle(std::string_view pickle) {
  rushlight::io::ZipWriter zip;
  zip.add("archive/data.pkl", pickle);
  zip.add("archive/data/0", std::string_view("0123456789abcdef01234567", 24));
  std::string bytes;
  for (std::string_view piece : zip.finish()) bytes += piece;
  return rushlight::io::parse_torch(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return rushlight::read_hostile(data, size, parse_pickle);
}
