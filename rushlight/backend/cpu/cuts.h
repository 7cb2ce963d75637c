// How parallel work is cut outside of *.isa.cpp files, which have chunks.h.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

inline constexpr int64_t kChunk = 1 << 14;  // elements of one chunk of parallel work

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace rushlight::cpu
