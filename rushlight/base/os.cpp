#include "rushlight/base/os.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace rushlight {

namespace {

size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

void* map_anywhere(size_t bytes) {
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

}  // namespace

size_t page_size() noexcept {
  static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t cache_bytes() noexcept {
  long largest = 0;
#ifdef _SC_LEVEL3_CACHE_SIZE
  for (int level : {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE})
    largest = std::max(largest, sysconf(level));
#endif
  return static_cast<size_t>(largest);
}

void* map_pages(size_t bytes, size_t alignment) noexcept {
  if (bytes > SIZE_MAX / 2) return nullptr;  // no sum below wraps around
  bytes = round_up(bytes, page_size());
  if (alignment <= page_size()) return map_anywhere(bytes);
  // The system aligns to pages only: map more, and return what lies before and behind.
  auto* wide = static_cast<char*>(map_anywhere(bytes + alignment));
  if (!wide) return nullptr;
  const size_t before = -reinterpret_cast<uintptr_t>(wide) % alignment;
  char* pages = wide + before;
  if (before > 0) munmap(wide, before);
  munmap(pages + bytes, alignment - before);
  return pages;
}

void unmap_pages(void* pages, size_t bytes) noexcept { munmap(pages, round_up(bytes, page_size())); }

void advise_huge(void* pages, size_t bytes) noexcept {
#ifdef MADV_HUGEPAGE
  madvise(pages, bytes, MADV_HUGEPAGE);
#else
  (void)pages, (void)bytes;
#endif
}

std::optional<std::string_view> environment(const char* name) noexcept {
  const char* text = std::getenv(name);
  if (!text) return std::nullopt;
  return text;
}

int process_id() noexcept { return getpid(); }

ThreadExitHook::ThreadExitHook(ThreadExitAction action) noexcept {
  static_assert(sizeof(pthread_key_t) == sizeof key_);
  // Out of keys, nothing is called: the price is a pool that no later thread adopts.
  if (pthread_key_create(&key_, action) != 0) key_ = ~0u;
}

void ThreadExitHook::arm(void* argument) const noexcept {
  if (key_ != ~0u) pthread_setspecific(key_, argument);
}

void on_fork(void (*before)(), void (*after)()) noexcept { pthread_atfork(before, after, after); }

}  // namespace rushlight
