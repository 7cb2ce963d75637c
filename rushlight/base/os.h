// The system calls of the library, but for files, threads, CPU sets and the terminal.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace rushlight {

size_t page_size() noexcept;

// Of the last level, which all cores or some of them share; 0 where the system does not tell.
size_t cache_bytes() noexcept;

// Zeroed pages that start at a multiple of `alignment` (a power of two), or nullptr when the system has none.
// Whoever maps passes the same `bytes` to unmap_pages.
void* map_pages(size_t bytes, size_t alignment = 1) noexcept;
void unmap_pages(void* pages, size_t bytes) noexcept;

// Asks for huge pages. The answer does not matter: without them the memory is slower to touch, not wrong.
void advise_huge(void* pages, size_t bytes) noexcept;

// The variable's text, valid until the environment changes; nothing when it is not set.
std::optional<std::string_view> environment(const char* name) noexcept;

int process_id() noexcept;

// Calls action(argument) when the calling thread ends, after the destructors of its thread_local objects.
// Once per `action` and thread: a later call replaces the argument. The main thread ends with the process
// and calls nothing.
using ThreadExitAction = void (*)(void* argument);
class ThreadExitHook {
 public:
  explicit ThreadExitHook(ThreadExitAction action) noexcept;
  void arm(void* argument) const noexcept;

 private:
  unsigned key_ = 0;
};

// `before` runs in the parent before each fork, `after` in parent and child: for locks that a fork must not
// catch half held.
void on_fork(void (*before)(), void (*after)()) noexcept;

}  // namespace rushlight
