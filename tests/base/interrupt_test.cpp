// Ctrl-C as a request: to all who wait for it, and to nobody else.
#include "rushlight/base/interrupt.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <memory>

using namespace rushlight;

TEST_CASE("a request reaches all who wait for one, and lasts as long as any of them") {
  using Handler = void (*)(int);
  static int seen = 0;
  const Handler before = signal(SIGINT, [](int) { ++seen; });
  auto first = std::make_unique<Interrupt>(), second = std::make_unique<Interrupt>();
  CHECK_FALSE(first->requested());
  raise(SIGINT);
  CHECK(first->requested());
  CHECK(second->requested());
  first.reset();
  CHECK(second->requested());
  CHECK(Interrupt().requested());
  second.reset();
  CHECK(seen == 0);
  raise(SIGINT);  // to whom it went before
  CHECK(seen == 1);
  CHECK_FALSE(Interrupt().requested());
  signal(SIGINT, before);
}
