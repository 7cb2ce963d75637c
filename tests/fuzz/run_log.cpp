// libFuzzer calls this with logs of runs that it makes up: see `./dev test --fuzz`.
#include "rushlight/train/run_log.h"
#include "tests/fuzz/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return rushlight::load_hostile(data, size, rushlight::train::read_log);
}
