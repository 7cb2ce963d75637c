#include "rushlight/base/memory.h"

#include "rushlight/base/memory_account.h"

namespace rushlight {

MemoryStats memory_stats() {
  const SmallCounts small = count_small_objects();
  memory_account.see_small_bytes(small.live_bytes);
  return {
      .live_bytes = memory_account.live_bytes(),
      .peak_bytes = memory_account.peak_bytes(),
      .cached_bytes = small.cached_bytes + cached_block_bytes(),
      .system_bytes = memory_account.system_bytes(),
      .live_blocks = small.live_objects + memory_account.live_blocks(),
      .system_calls = memory_account.system_calls(),
  };
}

void reset_peak_memory() {
  memory_account.see_small_bytes(count_small_objects().live_bytes);
  memory_account.reset_peak();
}

void empty_cache() { empty_block_cache(); }

void set_memory_limit(size_t bytes) { memory_account.set_limit(bytes); }

}  // namespace rushlight
