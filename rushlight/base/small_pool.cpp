#include "rushlight/base/small_pool.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include "rushlight/base/os.h"

namespace rushlight {

namespace small_pool_detail {

namespace {

// One huge page holds 32 slabs.
constexpr size_t kRegionBytes = size_t{2} << 20;
// An empty list gets a page's worth of objects and not a slab's: a thread that makes few touches little
// memory.
constexpr size_t kCutBytes = 4096;
constexpr size_t kSlabHead = 64;
static_assert(sizeof(Slab) <= kSlabHead && alignof(Pool) <= kSlabHead);

constinit Pool no_pool;

// Constant initialisation and no destructors: objects in static storage come before it and go after it.
struct Registry {
  std::mutex mutex;
  Pool* pools = nullptr;
  char* slabs = nullptr;  // what is left of the newest region
  char* slabs_end = nullptr;
  uint64_t slab_bytes = 0;
};
constinit Registry registry;

[[maybe_unused]] const bool kForkGuarded =
    (on_fork([] { registry.mutex.lock(); }, [] { registry.mutex.unlock(); }), true);

constexpr size_t size_of(size_t size_class) { return std::max<size_t>(size_class, 1) * kStep; }

// The next slab of the region, and a new region when there is none. Mapping happens without the lock, since a
// short system makes `map` empty the block cache.
char* take_slab() {
  for (;;) {
    {
      std::lock_guard lock(registry.mutex);
      if (registry.slabs != registry.slabs_end) {
        registry.slab_bytes += kSlabBytes;
        return std::exchange(registry.slabs, registry.slabs + kSlabBytes);
      }
    }
    auto* region = static_cast<char*>(memory_account.map(kRegionBytes, kRegionBytes));
    if (!region) memory_account.refuse(kRegionBytes);
    advise_huge(region, kRegionBytes);
    std::lock_guard lock(registry.mutex);
    if (registry.slabs == registry.slabs_end) {
      registry.slabs = region;
      registry.slabs_end = region + kRegionBytes;
    } else {
      memory_account.unmap(region, kRegionBytes);  // another thread was faster
    }
  }
}

void orphan(void* pool) {
  current = &no_pool;
  std::lock_guard lock(registry.mutex);
  static_cast<Pool*>(pool)->owned = false;
}

Pool* adopt_orphan() {
  std::lock_guard lock(registry.mutex);
  for (Pool* pool = registry.pools; pool; pool = pool->next)
    if (!std::exchange(pool->owned, true)) return pool;
  return nullptr;
}

// A pool lives in its own first slab.
Pool* make_pool() {
  char* slab = take_slab();
  auto* pool = new (slab + kSlabHead) Pool;
  new (slab) Slab{pool};
  pool->cursor = slab + kSlabHead + (sizeof(Pool) + kStep - 1) / kStep * kStep;
  pool->cursor_end = slab + kSlabBytes;
  std::lock_guard lock(registry.mutex);
  pool->next = std::exchange(registry.pools, pool);
  return pool;
}

Pool* own_pool() {
  static const ThreadExitHook hook(orphan);
  if (current == &no_pool) {
    Pool* pool = adopt_orphan();
    current = pool ? pool : make_pool();
    hook.arm(current);
  }
  return current;
}

void push(Pool* pool, void* memory, size_t size_class) {
  pool->free[size_class] = new (memory) FreeObject{pool->free[size_class], 0};
}

void take_returned(Pool* pool) {
  FreeObject* object = pool->returned.exchange(nullptr, std::memory_order_acquire);
  while (object) {
    FreeObject* next = object->next;
    push(pool, object, object->size_class);
    object = next;
  }
}

size_t rest_of_slab(const Pool* pool) { return static_cast<size_t>(pool->cursor_end - pool->cursor); }

// What is left of the old slab is less than one object of the largest class, and becomes one of a smaller.
void start_slab(Pool* pool) {
  memory_account.see_small_bytes(count_small_objects().live_bytes);
  memory_account.require(kSlabBytes);
  char* slab = take_slab();
  if (const size_t rest = rest_of_slab(pool)) push(pool, pool->cursor, class_of(rest));
  new (slab) Slab{pool};
  pool->cursor = slab + kSlabHead;
  pool->cursor_end = slab + kSlabBytes;
}

void cut_objects(Pool* pool, size_t size_class) {
  const size_t bytes = size_of(size_class);
  if (rest_of_slab(pool) < bytes) start_slab(pool);
  const size_t count = std::min(kCutBytes, rest_of_slab(pool)) / bytes;
  for (size_t i = count; i-- > 0;) push(pool, pool->cursor + i * bytes, size_class);
  pool->cursor += count * bytes;
}

}  // namespace

constinit thread_local Pool* current = &no_pool;

void* allocate_slowly(size_t size_class) {
  Pool* pool = own_pool();
  if (!pool->free[size_class]) take_returned(pool);
  if (!pool->free[size_class]) cut_objects(pool, size_class);
  FreeObject* object = pool->free[size_class];
  pool->free[size_class] = object->next;
  pool->count(size_class, 1);
  return object;
}

void free_elsewhere(void* memory, size_t size_class) noexcept {
  if (current == &no_pool)
    no_pool.live[size_class].fetch_sub(1, std::memory_order_relaxed);
  else
    current->count(size_class, -1);
  std::atomic<FreeObject*>& returned = Slab::of(memory)->owner->returned;
  auto* object = new (memory) FreeObject{returned.load(std::memory_order_relaxed), size_class};
  while (!returned.compare_exchange_weak(object->next, object, std::memory_order_release,
                                         std::memory_order_relaxed)) {
  }
}

}  // namespace small_pool_detail

SmallCounts count_small_objects() noexcept {
  using namespace small_pool_detail;
  int64_t live[kClasses];
  std::lock_guard lock(registry.mutex);
  for (size_t i = 0; i < kClasses; ++i) live[i] = no_pool.live[i].load(std::memory_order_relaxed);
  for (const Pool* pool = registry.pools; pool; pool = pool->next)
    for (size_t i = 0; i < kClasses; ++i) live[i] += pool->live[i].load(std::memory_order_relaxed);
  SmallCounts counts;
  for (size_t i = 0; i < kClasses; ++i) {
    // Another thread at work may be seen freeing what it was not yet seen to make.
    const auto objects = static_cast<uint64_t>(std::max<int64_t>(live[i], 0));
    counts.live_objects += objects;
    counts.live_bytes += objects * size_of(i);
  }
  if (registry.slab_bytes > counts.live_bytes) counts.cached_bytes = registry.slab_bytes - counts.live_bytes;
  return counts;
}

#if !RUSHLIGHT_POOL_MEMORY
// Looks at the limit as often as slabs would.
void* small_allocate(size_t bytes) {
  using namespace small_pool_detail;
  static std::atomic<uint64_t> handed_out{0};
  const size_t size = size_of(class_of(bytes));
  if ((handed_out.fetch_add(size, std::memory_order_relaxed) + size) % kSlabBytes < size) {
    memory_account.see_small_bytes(count_small_objects().live_bytes);
    memory_account.require(kSlabBytes);
  }
  void* object = std::malloc(std::max<size_t>(bytes, 1));
  if (!object) memory_account.refuse(bytes);
  no_pool.live[class_of(bytes)].fetch_add(1, std::memory_order_relaxed);
  return object;
}

void small_free(void* object, size_t bytes) noexcept {
  using namespace small_pool_detail;
  no_pool.live[class_of(bytes)].fetch_sub(1, std::memory_order_relaxed);
  std::free(object);
}
#endif

}  // namespace rushlight
