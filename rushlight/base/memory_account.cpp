#include "rushlight/base/memory_account.h"

#include <charconv>
#include <string_view>

#include "rushlight/base/block_cache.h"
#include "rushlight/base/error.h"
#include "rushlight/base/os.h"
#include "rushlight/base/small_pool.h"

namespace rushlight {

constinit MemoryAccount memory_account;

namespace {

constexpr uint64_t kSlack = uint64_t{256} << 20;

}  // namespace

uint64_t parse_memory_size(std::string_view text) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  const size_t letter = unit.empty() ? std::string_view::npos : std::string_view("KMGTkmgt").find(unit[0]);
  const int shift = letter == std::string_view::npos ? 0 : 10 * static_cast<int>(letter % 4 + 1);
  if (shift > 0) unit.remove_prefix(1);
  const bool known = unit.empty() || unit == "B" || (shift > 0 && unit == "iB");
  if (error != std::errc{} || !known || count > UINT64_MAX >> shift)
    fail(ErrorKind::value, "[memory] \"", text, "\" is no size: write 500M, 2G or a number of bytes");
  return count << shift;
}

std::string readable_bytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  size_t unit = 0;
  auto value = static_cast<double>(bytes);
  for (; value >= 1024 && unit < 6; ++unit) value /= 1024;
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, unit > 0).ptr;
  return std::string(digits, end) + kUnits[unit];
}

uint64_t MemoryAccount::limit() {
  const uint64_t limit = limit_.load(relaxed);
  return limit != kUnread ? limit : read_limit();
}

uint64_t MemoryAccount::read_limit() {
  const auto text = environment("RUSHLIGHT_MEMORY_LIMIT");
  const uint64_t limit = text && !text->empty() ? std::min(parse_memory_size(*text), kNoLimit) : kNoLimit;
  set_limit(limit);
  return limit;
}

void MemoryAccount::charge(uint64_t bytes) {
  const uint64_t most = limit();
  const uint64_t live = block_bytes_.fetch_add(bytes, relaxed) + bytes + small_bytes_.load(relaxed);
  block_count_.fetch_add(1, relaxed);
  if (live > most) {
    discharge(bytes);
    refuse(bytes);
  }
  raise_peak(live);
}

void MemoryAccount::require(uint64_t bytes) {
  if (bytes > limit() || live_bytes() > limit() - bytes) refuse(bytes);
}

void MemoryAccount::see_small_bytes(uint64_t bytes) noexcept {
  small_bytes_.store(bytes, relaxed);
  raise_peak(live_bytes());
}

void MemoryAccount::raise_peak(uint64_t live) noexcept {
  uint64_t peak = peak_.load(relaxed);
  while (live > peak && !peak_.compare_exchange_weak(peak, live, relaxed)) {
  }
}

// Sizes that change from step to step would pile up one cached block for each; a program that
// repeats itself never gets here.
bool MemoryAccount::cache_is_too_big(size_t bytes) const {
  const uint64_t mapped = system_bytes() + bytes;
  return mapped > limit_.load(relaxed) || mapped > 2 * std::max(peak_bytes(), live_bytes() + bytes) + kSlack;
}

void* MemoryAccount::map(size_t bytes, size_t alignment) noexcept {
  if (cache_is_too_big(bytes)) empty_block_cache();
  void* pages = map_pages(bytes, alignment);
  if (!pages) {
    empty_block_cache();
    pages = map_pages(bytes, alignment);
  }
  if (!pages) return nullptr;
  system_bytes_.fetch_add(bytes, relaxed);
  system_calls_.fetch_add(1, relaxed);
  return pages;
}

void MemoryAccount::unmap(void* pages, size_t bytes) noexcept {
  unmap_pages(pages, bytes);
  system_bytes_.fetch_sub(bytes, relaxed);
  system_calls_.fetch_add(1, relaxed);
}

void MemoryAccount::refuse(uint64_t bytes) {
  see_small_bytes(count_small_objects().live_bytes);
  const std::string wanted = readable_bytes(bytes), live = readable_bytes(live_bytes());
  if (live_bytes() + bytes > limit())
    fail(ErrorKind::out_of_memory, "[memory] cannot allocate ", wanted, ": ", live,
         " are live and the limit is ", readable_bytes(limit()),
         " (RUSHLIGHT_MEMORY_LIMIT or set_memory_limit)");
  fail(ErrorKind::out_of_memory, "[memory] cannot allocate ", wanted, ": ", live,
       " are live and the system has no more to give");
}

}  // namespace rushlight
