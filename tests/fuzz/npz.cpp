// libFuzzer calls this with files that it makes up: see `./dev test --fuzz`.
#include "rushlight/io/npz.h"
#include "tests/fuzz/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return rushlight::read_hostile(data, size, rushlight::io::parse_npz);
}
