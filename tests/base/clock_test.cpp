#include "rushlight/base/clock.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

using rushlight::monotonic_ns;

TEST_CASE("monotonic_ns: never goes back and counts nanoseconds") {
  int64_t last = monotonic_ns();
  for (int i = 0; i < 10000; ++i) {
    const int64_t now = monotonic_ns();
    REQUIRE(now >= last);
    last = now;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(monotonic_ns() - last >= 20'000'000);
  CHECK(monotonic_ns() - last < 20'000'000'000);
}
