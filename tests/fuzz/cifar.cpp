// libFuzzer calls this with files that it makes up: see `./dev test --fuzz`.
#include "rushlight/data/cifar.h"
#include "tests/fuzz/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return rushlight::load_hostile(
      data, size, [](const std::string& path) { return rushlight::data::load_cifar10({path}); });
}
