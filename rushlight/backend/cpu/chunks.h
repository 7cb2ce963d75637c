// How simple loops are cut: by fixed sizes, so that results do not depend on threads. Only for *.isa.cpp
// files.
#pragma once

#include <cstdint>

#include "rushlight/base/thread_pool.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }
constexpr int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t clamped(int64_t x, int64_t low, int64_t high) {
  return x < low ? low : x > high ? high : x;
}

// Numbers that one chunk of a simple loop handles: 64 KiB of floats, some 10 us.
constexpr int64_t kChunkNumbers = 1 << 14;

// Items of a size whose chunks may run on any thread.
constexpr int64_t items_per_chunk(int64_t items, int64_t numbers_per_item) {
  return clamped(kChunkNumbers / (numbers_per_item + 1), 1, items + 1);
}

// body(begin, end) over [0, items) in chunks of kChunkNumbers.
template <class Body>
void parallel_ranges(int64_t items, int64_t numbers_per_item, Body body) {
  const int64_t size = items_per_chunk(items, numbers_per_item);
  parallel_for(ceil_div(items, size),
               [&](int64_t chunk) { body(chunk * size, smaller(items, (chunk + 1) * size)); });
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
