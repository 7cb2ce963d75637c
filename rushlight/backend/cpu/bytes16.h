// An element of 16 bytes where only its bits matter.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

struct Bytes16 {
  uint64_t half[2];
};

}  // namespace rushlight::cpu
