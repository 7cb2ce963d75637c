// Time that only moves forward.
#pragma once

#include <cstdint>

namespace rushlight {

// Nanoseconds since some fixed moment; differences are what counts.
int64_t monotonic_ns() noexcept;

}  // namespace rushlight
