// Objects up to 1 KiB: per-thread free lists of 16-byte size classes, a few instructions each way.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "rushlight/base/memory_account.h"

namespace rushlight {

inline constexpr size_t kSmallLimit = 1024;

// 16-byte aligned; `bytes` ≤ kSmallLimit, and the same number for both. Zero is allowed and gives a pointer
// that is freed like any other. Any thread may free. Throws Error(out_of_memory).
void* small_allocate(size_t bytes);
void small_free(void* object, size_t bytes) noexcept;

struct SmallCounts {
  uint64_t live_bytes = 0, live_objects = 0, cached_bytes = 0;
};
SmallCounts count_small_objects() noexcept;

// What follows is here to be inlined.
namespace small_pool_detail {

inline constexpr size_t kStep = 16;
inline constexpr size_t kClasses = kSmallLimit / kStep + 1;
inline constexpr size_t kSlabBytes = size_t{64} << 10;

constexpr size_t class_of(size_t bytes) { return (bytes + kStep - 1) / kStep; }

struct FreeObject {
  FreeObject* next;
  size_t size_class;  // only on its way home, where its list is not yet known
};

// Objects are cut from slabs that one pool owns, and a thread owns one pool at a time. A free list is touched
// by its owner only. Another thread that frees an object pushes it on `returned`, and the owner takes that
// whole list when one of its own is empty. Pools and slabs live as long as the process.
struct Pool {
  FreeObject* free[kClasses] = {};
  // Allocations less frees by the threads that owned this pool, wherever the objects came from: negative
  // for a thread that frees what others made. Only the sum over all pools means something. Atomic for
  // readers.
  std::atomic<int64_t> live[kClasses] = {};
  std::atomic<FreeObject*> returned{nullptr};
  char* cursor = nullptr;  // the part of the newest slab that was never handed out
  char* cursor_end = nullptr;
  Pool* next = nullptr;  // in the list of all pools
  bool owned = true;     // guarded by that list's lock

  void count(size_t size_class, int64_t change) {
    std::atomic<int64_t>& counter = live[size_class];
    counter.store(counter.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
};

// The head of each slab; slabs are aligned to their size, so an object finds its own.
struct Slab {
  Pool* owner;
  static Slab* of(void* object) {
    return reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(object) & ~(kSlabBytes - 1));
  }
};

// Never null: a thread without a pool points to one that is always empty and owns no slab, which sends both
// paths to their slow half.
extern constinit thread_local Pool* current __attribute__((tls_model("initial-exec")));

void* allocate_slowly(size_t size_class);
void free_elsewhere(void* object, size_t size_class) noexcept;

}  // namespace small_pool_detail

#if RUSHLIGHT_POOL_MEMORY
inline void* small_allocate(size_t bytes) {
  using namespace small_pool_detail;
  const size_t size_class = class_of(bytes);
  Pool* pool = current;
  FreeObject* object = pool->free[size_class];
  if (!object) [[unlikely]]
    return allocate_slowly(size_class);
  pool->free[size_class] = object->next;
  pool->count(size_class, 1);
  return object;
}

inline void small_free(void* object, size_t bytes) noexcept {
  using namespace small_pool_detail;
  const size_t size_class = class_of(bytes);
  Pool* pool = current;
  if (Slab::of(object)->owner != pool) [[unlikely]]
    return free_elsewhere(object, size_class);
  auto* freed = static_cast<FreeObject*>(object);
  freed->next = pool->free[size_class];
  pool->free[size_class] = freed;
  pool->count(size_class, -1);
}
#endif

}  // namespace rushlight
