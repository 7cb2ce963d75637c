// The one account of both allocators: what is live, what is mapped, what is allowed.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Sanitizers must see every allocation as it is, so there the pools are off and malloc serves each one.
#ifndef RUSHLIGHT_POOL_MEMORY
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RUSHLIGHT_POOL_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define RUSHLIGHT_POOL_MEMORY 0
#endif
#endif
#endif
#ifndef RUSHLIGHT_POOL_MEMORY
#define RUSHLIGHT_POOL_MEMORY 1
#endif

namespace rushlight {

inline constexpr bool kPoolMemory = RUSHLIGHT_POOL_MEMORY;

// "1.5 GiB", "640 B"
std::string readable_bytes(uint64_t bytes);

// "500M", "2G" (powers of 1024; a trailing "B" or "iB" is welcome) or a plain number of bytes.
// Throws Error(value) for anything else.
uint64_t parse_memory_size(std::string_view text);

class MemoryAccount {
  static constexpr auto relaxed = std::memory_order_relaxed;

 public:
  // A block goes live or dies. `charge` throws Error(out_of_memory) when it would break the limit.
  void charge(uint64_t bytes);
  void discharge(uint64_t bytes) noexcept {
    block_bytes_.fetch_sub(bytes, relaxed);
    block_count_.fetch_sub(1, relaxed);
  }

  // What small objects hold, as far as anyone counted; limit and peak include it.
  void see_small_bytes(uint64_t bytes) noexcept;

  // Throws Error(out_of_memory) when `bytes` more would break the limit.
  void require(uint64_t bytes);

  // Pages from the system, counted, or nullptr when there are none even with the cache emptied. The cache is
  // also emptied when the limit is near or when it outgrew the program.
  void* map(size_t bytes, size_t alignment) noexcept;
  void unmap(void* pages, size_t bytes) noexcept;

  uint64_t live_bytes() const { return block_bytes_.load(relaxed) + small_bytes_.load(relaxed); }
  uint64_t live_blocks() const { return block_count_.load(relaxed); }
  uint64_t peak_bytes() const { return peak_.load(relaxed); }
  uint64_t system_bytes() const { return system_bytes_.load(relaxed); }
  uint64_t system_calls() const { return system_calls_.load(relaxed); }
  void reset_peak() noexcept { peak_.store(live_bytes(), relaxed); }

  void set_limit(uint64_t bytes) noexcept { limit_.store(std::min(bytes, kNoLimit), relaxed); }

  [[noreturn]] void refuse(uint64_t bytes);

 private:
  static constexpr uint64_t kUnread = ~uint64_t{0}, kNoLimit = kUnread - 1;

  uint64_t limit();
  uint64_t read_limit();
  void raise_peak(uint64_t live) noexcept;
  bool cache_is_too_big(size_t bytes) const;

  std::atomic<uint64_t> block_bytes_{0}, block_count_{0}, small_bytes_{0}, peak_{0};
  std::atomic<uint64_t> system_bytes_{0}, system_calls_{0};
  std::atomic<uint64_t> limit_{kUnread};
};

extern constinit MemoryAccount memory_account;

}  // namespace rushlight
