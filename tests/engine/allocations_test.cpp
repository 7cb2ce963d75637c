// That a training step, once warm, asks neither the pool's system allocator nor C++'s for memory.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "rushlight/base/memory.h"
#include "rushlight/models/tiny_vit.h"
#include "rushlight/optim/optim.h"
#include "rushlight/rushlight.h"

// Sanitizers bring allocators of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALLOCATOR_IS_TAKEN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALLOCATOR_IS_TAKEN
#endif
#endif
#ifndef ALLOCATOR_IS_TAKEN

namespace {
std::atomic<int64_t> news = 0;  // of all threads
}  // namespace

void* operator new(std::size_t bytes) {
  ++news;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace rushlight;

TEST_CASE("a training step of a transformer allocates nothing, once it is warm") {
  manual_seed(1);
  models::TinyVit model;
  optim::AdamW optimizer(model.parameters(), {.lr = 1e-3});
  const Tensor images = randn({8, 1, 28, 28}), labels = randint(0, 10, {8});
  const auto step = [&] {
    optimizer.zero_grad();
    cross_entropy(model(images), labels).backward();
    optimizer.step();
  };
  for (int i = 0; i < 3; ++i) step();
  const int64_t news_before = news;
  const uint64_t calls_before = memory_stats().system_calls;
  for (int i = 0; i < 5; ++i) step();
  CHECK(memory_stats().system_calls == calls_before);
  CHECK(news == news_before);
}

#endif
