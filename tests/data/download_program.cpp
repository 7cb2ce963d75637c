// What tests/python/test_download.py drives: rushlight_download URL PATH SHA256 [BYTES [PATIENCE]].
#include <cstdio>
#include <cstdlib>

#include "rushlight/base/error.h"
#include "rushlight/data/download.h"

int main(int count, char** arguments) {
  if (count < 4) return 2;
  try {
    rushlight::data::download({.url = arguments[1],
                               .path = arguments[2],
                               .sha256 = arguments[3],
                               .bytes = count > 4 ? std::atoll(arguments[4]) : 0,
                               .patience_seconds = count > 5 ? std::atoi(arguments[5]) : 20});
  } catch (const rushlight::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
