// For the Python tests, which judge by other libraries what it reads and writes:
//   io_convert IN OUT           reads a file of tensors and writes it in the format that OUT's ending names;
//                               prints the names
//   io_convert --zip64 IN OUT   packs the bytes of IN, twice, in a zip archive whose numbers have 64 bits
#include <cstdio>
#include <cstring>

#include "rushlight/base/error.h"
#include "rushlight/base/files.h"
#include "rushlight/io/load.h"
#include "rushlight/io/zip.h"

namespace {

void convert(const char* in, const char* out) {
  const rushlight::NamedTensors tensors = rushlight::io::load_tensors(in);
  rushlight::io::save_tensors(out, tensors);
  for (const rushlight::NamedTensor& named : tensors) std::puts(named.name.c_str());
}

void pack(const char* in, const char* out) {
  const std::string content = rushlight::read_file(in);
  rushlight::io::ZipWriter zip(0);
  zip.add("first", content);
  zip.add("second", content);
  rushlight::write_file_atomically(out, zip.finish());
}

}  // namespace

int main(int argc, char** argv) try {
  const bool zip64 = argc == 4 && std::strcmp(argv[1], "--zip64") == 0;
  if (!zip64 && argc != 3) return std::fprintf(stderr, "usage: io_convert [--zip64] IN OUT\n"), 2;
  zip64 ? pack(argv[2], argv[3]) : convert(argv[1], argv[2]);
  return 0;
} catch (const rushlight::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
