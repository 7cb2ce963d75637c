#include "rushlight/base/clock.h"

#include <chrono>

namespace rushlight {

int64_t monotonic_ns() noexcept {
  using std::chrono::steady_clock, std::chrono::nanoseconds;
  return std::chrono::duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace rushlight
