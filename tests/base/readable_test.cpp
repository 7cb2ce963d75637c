#include "rushlight/base/readable.h"

#include <doctest/doctest.h>

using namespace rushlight;

TEST_CASE("counts as people read them") {
  CHECK(readable_count(0) == "0");
  CHECK(readable_count(845) == "845");
  CHECK(readable_count(845, "FLOP") == "845 FLOP");
  CHECK(readable_count(12345, "FLOP") == "12.3 kFLOP");
  CHECK(readable_count(999'900) == "1 M");  // not 1e+03 k
  CHECK(readable_count(4.5e9, "FLOP") == "4.5 GFLOP");
  CHECK(readable_count(2e15) == "2e+03 T");
}

TEST_CASE("times as people read them") {
  CHECK(readable_seconds(0) == "0 ns");
  CHECK(readable_seconds(9.994e-7) == "999 ns");
  CHECK(readable_seconds(5.48e-6) == "5.48 µs");
  CHECK(readable_seconds(0.99999e-3) == "1 ms");
  CHECK(readable_seconds(0.0042) == "4.2 ms");
  CHECK(readable_seconds(1) == "1 s");
  CHECK(readable_seconds(119) == "119 s");
  CHECK(readable_seconds(750) == "12.5 minutes");
  CHECK(readable_seconds(3 * 3600) == "3 hours");
}
