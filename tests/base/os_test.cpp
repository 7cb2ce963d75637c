#include "rushlight/base/os.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>

using namespace rushlight;

TEST_CASE("the last cache has a size that caches have, if it is known") {
  if (cache_bytes() == 0) return;
  CHECK(cache_bytes() >= size_t{64} << 10);
  CHECK(cache_bytes() <= size_t{8} << 30);
}

TEST_CASE("map_pages: zeroed, aligned as asked, writable to the last byte") {
  const size_t page = page_size();
  CHECK(page >= 4096);
  for (size_t alignment : {size_t{1}, page, 16 * page, size_t{2} << 20}) {
    for (size_t bytes : {size_t{1}, page, 3 * page + 1, size_t{4} << 20}) {
      auto* pages = static_cast<char*>(map_pages(bytes, alignment));
      REQUIRE(pages != nullptr);
      CHECK(reinterpret_cast<uintptr_t>(pages) % alignment == 0);
      CHECK(std::all_of(pages, pages + bytes, [](char byte) { return byte == 0; }));
      advise_huge(pages, bytes);
      std::fill_n(pages, bytes, 'x');
      CHECK(pages[bytes - 1] == 'x');
      unmap_pages(pages, bytes);
    }
  }
}

TEST_CASE("map_pages: what the system lacks is nullptr") {
  CHECK(map_pages(size_t{1} << 50) == nullptr);
  CHECK(map_pages(SIZE_MAX) == nullptr);
  CHECK(map_pages(SIZE_MAX - (size_t{1} << 20), size_t{2} << 20) == nullptr);
}

TEST_CASE("environment: set, empty and missing are three things") {
  setenv("RUSHLIGHT_TEST_VARIABLE", "a word", 1);
  CHECK(environment("RUSHLIGHT_TEST_VARIABLE") == "a word");
  setenv("RUSHLIGHT_TEST_VARIABLE", "", 1);
  CHECK(environment("RUSHLIGHT_TEST_VARIABLE") == "");
  unsetenv("RUSHLIGHT_TEST_VARIABLE");
  CHECK(environment("RUSHLIGHT_TEST_VARIABLE") == std::nullopt);
}

TEST_CASE("process_id: is the system's") { CHECK(process_id() == getpid()); }

TEST_CASE("ThreadExitHook: runs after thread_local objects, on the threads that armed it") {
  static std::atomic<int> order{0}, object_went{0}, hook_ran{0};
  static const ThreadExitHook hook(
      [](void* argument) { *static_cast<std::atomic<int>*>(argument) = ++order; });
  struct Local {
    ~Local() { object_went = ++order; }
  };
  std::thread([] {
    hook.arm(&hook_ran);
    thread_local Local local;
    (void)&local;
  }).join();
  CHECK(object_went == 1);
  CHECK(hook_ran == 2);
  std::thread([] {}).join();
  CHECK(order == 2);
}
