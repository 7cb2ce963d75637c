// libFuzzer calls this with files that it makes up: see `./dev test --fuzz`.
#include "rushlight/data/idx.h"
#include "tests/fuzz/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return rushlight::load_hostile(data, size, rushlight::data::load_idx);
}
