// Programs that end well, badly, or not by themselves.
#include "rushlight/base/child_process.h"

#include <doctest/doctest.h>

#include "rushlight/base/clock.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {
constexpr int kLong = 20'000;  // milliseconds that no test needs
}

TEST_CASE("a program's end and complaints are known") {
  ChildProcess good({"true"});
  REQUIRE(good.wait(kLong));
  CHECK(good.exit_code() == 0);
  ChildProcess bad({"sh", "-c", "echo out; echo 'it failed' >&2; exit 7"});
  REQUIRE(bad.wait(kLong));
  CHECK(bad.exit_code() == 7);
  CHECK(bad.complaints() == "it failed\n");
  CHECK(bad.wait(0));
  ChildProcess killed({"sh", "-c", "kill -9 $$"});
  REQUIRE(killed.wait(kLong));
  CHECK(killed.exit_code() == 128 + 9);
  // More complaints than a pipe holds do not stop it.
  ChildProcess loud({"sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x >&2"});
  REQUIRE(loud.wait(kLong));
  CHECK(loud.complaints().size() > 60'000);
}

TEST_CASE("a program that is not there is an error, one that runs on is ended") {
  CHECK(fails_with(ErrorKind::runtime, {"no_such_program", "not installed"},
                   [] { ChildProcess({"no_such_program"}); }));
  const int64_t start = monotonic_ns();
  {
    ChildProcess sleeper({"sleep", "100"});
    CHECK_FALSE(sleeper.wait(20));
  }
  CHECK(monotonic_ns() - start < int64_t{kLong} * 1'000'000);
}
