// io_convert IN OUT: reads a file of tensors and writes it again, in the format that OUT's ending names.
// Prints the names. For the Python tests, which judge both files by other libraries.
#include <cstdio>

#include "rushlight/base/error.h"
#include "rushlight/io/load.h"

int main(int argc, char** argv) try {
  if (argc != 3) return std::fprintf(stderr, "usage: io_convert IN OUT\n"), 2;
  const rushlight::NamedTensors tensors = rushlight::io::load_tensors(argv[1]);
  rushlight::io::save_tensors(argv[2], tensors);
  for (const rushlight::NamedTensor& named : tensors) std::puts(named.name.c_str());
  return 0;
} catch (const rushlight::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
