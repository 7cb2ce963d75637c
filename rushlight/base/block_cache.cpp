#include "rushlight/base/block_cache.h"

#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include "rushlight/base/memory_account.h"
#include "rushlight/base/os.h"

namespace rushlight {

namespace {

constexpr size_t kChunkBytes = size_t{2} << 20;  // one huge page
constexpr size_t kOwnMapping = kChunkBytes / 2;  // from here on carving would waste too much
constexpr size_t kAlignment = 64;
constexpr int kFirstBits = 11, kLastBits = 47;  // bit widths of the smallest and the largest (size - 1)
constexpr int kGroups = kLastBits - kFirstBits + 1, kSteps = 8;
constexpr size_t kSmallestBlock = (size_t{1} << (kFirstBits - 1)) / kSteps * (kSteps + 1);

// The sizes (9..16) << (bits - 4): at most an eighth is wasted, and all are multiples of 128.
struct SizeClass {
  int group, step;
  size_t bytes() const { return static_cast<size_t>(step + kSteps + 1) << (group + kFirstBits - 4); }
};

SizeClass class_above(size_t bytes) {
  const int bits = std::bit_width(bytes - 1);
  return {bits - kFirstBits, static_cast<int>((bytes - 1) >> (bits - 4)) - kSteps};
}

SizeClass class_below(size_t bytes) {
  const int bits = std::bit_width(bytes);
  return class_above(bytes >> (bits - 4) << (bits - 4));
}

struct FreeBlock {
  FreeBlock* next;
};

// The classes of one power of two share a lock.
struct alignas(kAlignment) Group {
  std::mutex mutex;
  FreeBlock* free[kSteps] = {};
  uint64_t cached_bytes = 0;

  FreeBlock* pop(SizeClass size) {
    FreeBlock* block = free[size.step];
    if (!block) return nullptr;
    free[size.step] = block->next;
    cached_bytes -= size.bytes();
    return block;
  }
  void push(void* memory, SizeClass size) {
    auto* block = static_cast<FreeBlock*>(memory);
    block->next = free[size.step];
    free[size.step] = block;
    cached_bytes += size.bytes();
  }
};

// The head of a 2 MiB chunk. Blocks are cut from its front; what is left when a block does not fit any more
// goes to the lists in the largest pieces that have a class.
struct alignas(128) Chunk {
  Chunk* next;
  size_t carved;  // bytes that went to blocks
  size_t cached;  // of these, bytes that lie in the lists: only counted while the cache is emptied

  static Chunk* of(void* block) {
    return reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(block) & ~(kChunkBytes - 1));
  }
};

// Lock order: chunks, then one group. Constant initialisation and no destructor: tensors in static objects
// come before it and go after it.
struct BlockCache {
  Group groups[kGroups];
  std::mutex chunk_mutex;
  Chunk* chunks = nullptr;
  char* cursor = nullptr;
  char* cursor_end = nullptr;
};
constinit BlockCache cache;

void lock_all() {
  cache.chunk_mutex.lock();
  for (Group& group : cache.groups) group.mutex.lock();
}
void unlock_all() {
  for (Group& group : cache.groups) group.mutex.unlock();
  cache.chunk_mutex.unlock();
}
[[maybe_unused]] const bool kForkGuarded = (on_fork(lock_all, unlock_all), true);

Group& group_of(SizeClass size) { return cache.groups[size.group]; }

// REQUIRES, here and in cut_rest_to_lists: chunk_mutex held.
void cut(Chunk* chunk, SizeClass size) {
  cache.cursor += size.bytes();
  chunk->carved += size.bytes();
}

void cut_rest_to_lists() {
  for (size_t rest = 0; (rest = static_cast<size_t>(cache.cursor_end - cache.cursor)) >= kSmallestBlock;) {
    const SizeClass size = class_below(rest);
    char* piece = cache.cursor;
    cut(Chunk::of(piece), size);
    std::lock_guard lock(group_of(size).mutex);
    group_of(size).push(piece, size);
  }
}

void* carve_from_chunk(SizeClass size) {
  std::lock_guard lock(cache.chunk_mutex);
  if (size.bytes() > static_cast<size_t>(cache.cursor_end - cache.cursor)) return nullptr;
  char* block = cache.cursor;
  cut(Chunk::of(block), size);
  return block;
}

// Maps without a lock, since a short system makes `map` empty the cache. False when there is nothing to map.
bool start_chunk() {
  void* pages = memory_account.map(kChunkBytes, kChunkBytes);
  if (!pages) return false;
  advise_huge(pages, kChunkBytes);
  std::lock_guard lock(cache.chunk_mutex);
  cut_rest_to_lists();
  cache.chunks = new (pages) Chunk{cache.chunks, 0, 0};
  cache.cursor = static_cast<char*>(pages) + sizeof(Chunk);
  cache.cursor_end = static_cast<char*>(pages) + kChunkBytes;
  return true;
}

void* map_block(size_t bytes) {
  if (bytes < kChunkBytes) return memory_account.map(bytes, kAlignment);
  void* pages = memory_account.map(bytes, kChunkBytes);
  if (pages) advise_huge(pages, bytes);
  return pages;
}

void* fresh_block(SizeClass size) {
  if (size.bytes() >= kOwnMapping) return map_block(size.bytes());
  void* block = carve_from_chunk(size);
  while (!block && start_chunk()) block = carve_from_chunk(size);
  return block;
}

// Takes the blocks for which keep(block) is false out of a list and gives them to drop(block).
template <class Keep, class Drop>
void sift(Group& group, SizeClass size, Keep keep, Drop drop) {
  FreeBlock* block = std::exchange(group.free[size.step], nullptr);
  while (block) {
    FreeBlock* next = block->next;
    group.cached_bytes -= size.bytes();
    if (keep(block))
      group.push(block, size);
    else
      drop(block);
    block = next;
  }
}

template <class Visit>
void for_each_class(Visit visit) {
  for (int group = 0; group < kGroups; ++group)
    for (int step = 0; step < kSteps; ++step) visit(cache.groups[group], SizeClass{group, step});
}

bool all_cached(const Chunk* chunk) { return chunk->cached == chunk->carved; }

void release_chunks() {
  cache.cursor = cache.cursor_end = nullptr;
  Chunk* chunk = std::exchange(cache.chunks, nullptr);
  while (chunk) {
    Chunk* next = chunk->next;
    if (all_cached(chunk)) {
      memory_account.unmap(chunk, kChunkBytes);
    } else {
      chunk->cached = 0;
      chunk->next = std::exchange(cache.chunks, chunk);
    }
    chunk = next;
  }
}

void* pop_or_map(SizeClass size) {
  Group& group = group_of(size);
  {
    std::lock_guard lock(group.mutex);
    if (void* block = group.pop(size)) return block;
  }
  return fresh_block(size);
}

// What sanitizers get to see instead.
void* plain_block(size_t bytes) {
  void* block = nullptr;
  return posix_memalign(&block, kAlignment, bytes) == 0 ? block : nullptr;
}

void give_back(void* block, SizeClass size) noexcept {
  if (!kPoolMemory) return std::free(block);
  Group& group = group_of(size);
  std::lock_guard lock(group.mutex);
  group.push(block, size);
}

struct AllLocks {
  AllLocks() { lock_all(); }
  ~AllLocks() { unlock_all(); }
};

}  // namespace

void* block_allocate(size_t bytes) {
  if (std::bit_width(bytes - 1) > kLastBits) memory_account.refuse(bytes);
  const SizeClass size = class_above(bytes);
  memory_account.require(size.bytes());
  void* block = kPoolMemory ? pop_or_map(size) : plain_block(bytes);
  if (!block) memory_account.refuse(bytes);
  try {
    memory_account.charge(size.bytes());  // now that there is a block: a peak is no wish
  } catch (...) {                         // another thread was quicker
    give_back(block, size);
    throw;
  }
  return block;
}

void block_free(void* block, size_t bytes) noexcept {
  const SizeClass size = class_above(bytes);
  memory_account.discharge(size.bytes());
  give_back(block, size);
}

void empty_block_cache() noexcept {
  {
    std::lock_guard lock(cache.chunk_mutex);
    cut_rest_to_lists();  // else the rest of a chunk that stays would be lost
  }
  AllLocks locks;
  for_each_class([](Group& group, SizeClass size) {
    if (size.bytes() >= kOwnMapping)
      sift(group, size, [](void*) { return false; }, [&](void* b) { memory_account.unmap(b, size.bytes()); });
    else
      for (FreeBlock* block = group.free[size.step]; block; block = block->next)
        Chunk::of(block)->cached += size.bytes();
  });
  for_each_class([](Group& group, SizeClass size) {
    sift(group, size, [](void* block) { return !all_cached(Chunk::of(block)); }, [](void*) {});
  });
  release_chunks();
}

uint64_t cached_block_bytes() noexcept {
  uint64_t bytes = 0;
  for (Group& group : cache.groups) {
    std::lock_guard lock(group.mutex);
    bytes += group.cached_bytes;
  }
  return bytes;
}

}  // namespace rushlight
