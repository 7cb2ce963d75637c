// Where all memory of the library comes from: two allocators, one account.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rushlight/base/block_cache.h"
#include "rushlight/base/small_pool.h"

namespace rushlight {

// At least 16-byte aligned, 64-byte above kSmallLimit; not zeroed. `free_memory` takes the same `bytes`, from
// any thread. Zero bytes are allowed. Throws Error(out_of_memory), which names size, live amount and limit.
inline void* allocate_memory(size_t bytes) {
  return bytes <= kSmallLimit ? small_allocate(bytes) : block_allocate(bytes);
}
inline void free_memory(void* memory, size_t bytes) noexcept {
  bytes <= kSmallLimit ? small_free(memory, bytes) : block_free(memory, bytes);
}

// All sizes are those of the size classes. Blocks are counted exactly. Small objects are exact in live_bytes
// and live_blocks when no other thread is at work; peak_bytes and the limit see them each time that a thread
// needs a new slab (64 KiB), and whenever memory_stats is called.
struct MemoryStats {
  uint64_t live_bytes;    // in use
  uint64_t peak_bytes;    // the most that was in use since the start or reset_peak_memory
  uint64_t cached_bytes;  // free, waiting for the next caller
  uint64_t system_bytes;  // mapped from the system
  uint64_t live_blocks;   // allocations in use, large and small
  uint64_t system_calls;  // mappings made and returned; constant once a program repeats itself
};
MemoryStats memory_stats();
void reset_peak_memory();

// Returns free blocks to the system, as far as no live one shares their pages; small objects stay.
void empty_cache();

// The most that may be live; more throws. At the start it is $RUSHLIGHT_MEMORY_LIMIT ("2G", "500M", bytes),
// else none.
void set_memory_limit(size_t bytes);

}  // namespace rushlight
