// Both allocators behind one door: lists, threads, accounts, limits.
#include "rushlight/base/memory.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "rushlight/base/error.h"

using namespace rushlight;

namespace {

constexpr size_t kKiB = 1024, kMiB = kKiB * kKiB, kGiB = kKiB * kMiB;

struct Piece {
  unsigned char* memory;
  size_t bytes;
  unsigned char mark;

  explicit Piece(size_t bytes, unsigned char mark = 0x5A)
      : memory(static_cast<unsigned char*>(allocate_memory(bytes))), bytes(bytes), mark(mark) {
    std::memset(memory, mark, bytes);
  }
  bool intact() const {
    return std::all_of(memory, memory + bytes, [this](unsigned char byte) { return byte == mark; });
  }
  void free() const { free_memory(memory, bytes); }
};

// Puts the limit back when a test is done with it.
struct Limit {
  explicit Limit(size_t bytes) { set_memory_limit(bytes); }
  ~Limit() { set_memory_limit(SIZE_MAX); }
};

std::string refusal(size_t bytes) {
  try {
    free_memory(allocate_memory(bytes), bytes);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::out_of_memory);
    return error.what();
  }
  return "";
}

size_t random_size(std::mt19937& random) {
  const int bits = static_cast<int>(random() % 18);
  return random() % (size_t{1} << bits) + 1;
}

}  // namespace

TEST_CASE("memory: pieces of every size are aligned, writable and apart") {
  std::vector<Piece> pieces;
  for (size_t bytes = 0; bytes <= 3000; ++bytes)
    pieces.emplace_back(bytes, static_cast<unsigned char>(bytes));
  for (size_t bytes = 4096; bytes <= 20 * kMiB; bytes = bytes * 5 / 4)
    for (size_t near : {bytes - 1, bytes, bytes + 1})
      pieces.emplace_back(near, static_cast<unsigned char>(near));
  for (const Piece& piece : pieces) {
    CHECK(reinterpret_cast<uintptr_t>(piece.memory) % (piece.bytes <= kSmallLimit ? 16 : 64) == 0);
    CHECK_MESSAGE(piece.intact(), piece.bytes);
  }
  for (const Piece& piece : pieces) piece.free();
}

TEST_CASE("memory: a size and its rounded class never differ by more than an eighth") {
  for (size_t bytes = 1025; bytes < 64 * kMiB; bytes = bytes * 9 / 8 + 1) {
    const uint64_t before = memory_stats().live_bytes;
    const Piece piece(bytes);
    const uint64_t taken = memory_stats().live_bytes - before;
    CHECK(taken >= bytes);
    CHECK(taken <= bytes + bytes / 8 + 64);
    CHECK(taken % 64 == 0);
    piece.free();
  }
}

TEST_CASE("memory: freed pieces are found again, and the system is not asked twice") {
  const auto step = [] {
    std::vector<Piece> pieces;
    for (size_t bytes : {1, 48, 160, 1024, 1025, 5000, 70000, 1500000, 9000000, 48, 160})
      pieces.emplace_back(bytes);
    for (const Piece& piece : pieces) piece.free();
  };
  step();
  const uint64_t calls = memory_stats().system_calls;
  for (int i = 0; i < 100; ++i) step();
  CHECK(memory_stats().system_calls == calls);
  if (kPoolMemory) {
    void* block = allocate_memory(5000);
    free_memory(block, 5000);
    CHECK(allocate_memory(5000) == block);
    free_memory(block, 5000);
  }
}

TEST_CASE("memory_stats: live bytes and blocks are exact, small and large") {
  const MemoryStats before = memory_stats();
  const Piece small(100), large(100000);
  const MemoryStats during = memory_stats();
  CHECK(during.live_bytes == before.live_bytes + 112 + 106496);
  CHECK(during.live_blocks == before.live_blocks + 2);
  small.free();
  large.free();
  const MemoryStats after = memory_stats();
  CHECK(after.live_bytes == before.live_bytes);
  CHECK(after.live_blocks == before.live_blocks);
  CHECK(after.system_bytes >= after.cached_bytes);
}

TEST_CASE("memory_stats: the peak stays until it is reset") {
  reset_peak_memory();
  const uint64_t live = memory_stats().live_bytes;
  CHECK(memory_stats().peak_bytes == live);
  Piece(32 * kMiB).free();
  CHECK(memory_stats().peak_bytes == live + 32 * kMiB);
  reset_peak_memory();
  CHECK(memory_stats().peak_bytes == live);
}

TEST_CASE("memory_stats: the peak sees small objects that needed new slabs") {
  if (!kPoolMemory) return;
  reset_peak_memory();
  const MemoryStats before = memory_stats();
  constexpr size_t kCount = 200000, kBytes = 352;
  std::vector<void*> objects(kCount);
  for (void*& object : objects) object = allocate_memory(kBytes);
  for (void* object : objects) free_memory(object, kBytes);
  CHECK(memory_stats().peak_bytes + before.cached_bytes + 64 * kKiB >= before.live_bytes + kCount * kBytes);
}

TEST_CASE("empty_cache: returns what is free and keeps what is not") {
  if (!kPoolMemory) return;
  empty_cache();
  const MemoryStats before = memory_stats();
  std::vector<Piece> pieces;
  for (int i = 0; i < 300; ++i) pieces.emplace_back(20000, static_cast<unsigned char>(i));
  const Piece large(48 * kMiB), kept(40 * kMiB, 7);
  for (size_t i = 1; i < pieces.size(); ++i) pieces[i].free();
  large.free();
  CHECK(memory_stats().cached_bytes >= before.cached_bytes + 48 * kMiB);
  empty_cache();
  const MemoryStats after = memory_stats();
  // What stays: the kept block, the chunk of pieces[0], and the newest chunk's uncut rest.
  CHECK(after.system_bytes <= before.system_bytes + 40 * kMiB + 2 * 2 * kMiB);
  CHECK(pieces[0].intact());
  CHECK(kept.intact());
  pieces[0].free();
  kept.free();
  empty_cache();
  CHECK(memory_stats().system_bytes <= before.system_bytes);
  for (int i = 0; i < 300; ++i) Piece(20000).free();
}

TEST_CASE("memory: sizes that never come back do not pile up in the cache") {
  if (!kPoolMemory) return;
  empty_cache();
  reset_peak_memory();
  uint64_t most = 0;
  for (size_t i = 0; i < 40; ++i) {
    free_memory(allocate_memory((64 + 8 * i) * kMiB), (64 + 8 * i) * kMiB);
    most = std::max(most, memory_stats().system_bytes);
  }
  CHECK(most <= 2 * memory_stats().peak_bytes + 512 * kMiB);
  empty_cache();
}

TEST_CASE("set_memory_limit: more throws, and says size, live amount and limit") {
  const Piece held(8 * kMiB);
  {
    const Limit limit(memory_stats().live_bytes + 16 * kMiB);
    const std::string message = refusal(kGiB);
    CHECK(message.find("cannot allocate 1.0 GiB") != std::string::npos);
    CHECK(message.find("MiB are live") != std::string::npos);
    CHECK(message.find("limit is") != std::string::npos);
    CHECK(refusal(8 * kMiB).empty());
    const MemoryStats before = memory_stats();
    for (int i = 0; i < 1000; ++i) CHECK(!refusal(17 * kMiB).empty());
    CHECK(memory_stats().live_bytes == before.live_bytes);
    CHECK(memory_stats().live_blocks == before.live_blocks);
  }
  CHECK(refusal(32 * kMiB).empty());
  held.free();
}

TEST_CASE("memory: what was refused is no peak, and small objects are live too") {
  reset_peak_memory();
  const uint64_t peak = memory_stats().peak_bytes;
  if (kPoolMemory) CHECK(!refusal(size_t{1} << 46).empty());
  std::vector<void*> objects;
  for (size_t i = 0; i < 20 * kKiB; ++i) objects.push_back(allocate_memory(kKiB));
  {
    const Limit limit(kGiB);
    CHECK(refusal(2 * kGiB).find(readable_bytes(memory_stats().live_bytes) + " are live") !=
          std::string::npos);
  }
  for (void* object : objects) free_memory(object, kKiB);
  CHECK(memory_stats().peak_bytes < peak + 30 * kMiB);
}

TEST_CASE("set_memory_limit: small objects meet it too") {
  const Limit limit(memory_stats().live_bytes + kMiB);
  std::vector<void*> objects;
  const size_t cached = memory_stats().cached_bytes;
  const auto exhaust = [&] {
    for (size_t i = 0; i < (cached + 4 * kMiB) / kKiB; ++i) objects.push_back(allocate_memory(kKiB));
  };
  CHECK_THROWS_AS(exhaust(), Error);
  for (void* object : objects) free_memory(object, kKiB);
}

TEST_CASE("memory: impossible sizes throw instead of wrapping around") {
  for (size_t bytes : {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1, size_t{1} << 48, (size_t{1} << 47) + 1})
    CHECK_MESSAGE(!refusal(bytes).empty(), bytes);
  if (kPoolMemory) CHECK(refusal(size_t{1} << 46).find("the system has no more") != std::string::npos);
}

TEST_CASE("memory: random work keeps every byte") {
  std::mt19937 random(1);
  std::deque<Piece> pieces;
  const MemoryStats before = memory_stats();
  for (int i = 0; i < 20000; ++i) {
    if (pieces.size() < 200 || random() % 2) {
      pieces.emplace_back(random_size(random), static_cast<unsigned char>(random()));
    } else {
      std::swap(pieces.front(), pieces[random() % pieces.size()]);
      REQUIRE(pieces.front().intact());
      pieces.front().free();
      pieces.pop_front();
    }
    if (i % 5000 == 4999) empty_cache();
  }
  for (const Piece& piece : pieces) {
    REQUIRE(piece.intact());
    piece.free();
  }
  CHECK(memory_stats().live_bytes == before.live_bytes);
}

TEST_CASE("memory: four threads free what the others made") {
  const MemoryStats before = memory_stats();
  std::mutex mutex;
  std::deque<Piece> exchange;
  std::atomic<int> damaged{0};
  const auto work = [&](unsigned number) {
    std::mt19937 random(number);
    for (int i = 0; i < 20000; ++i) {
      const Piece made(random_size(random) % 2048 + 1, static_cast<unsigned char>(random()));
      std::unique_lock lock(mutex);
      exchange.push_back(made);
      const Piece taken = exchange[random() % exchange.size()];
      std::erase_if(exchange, [&](const Piece& piece) { return piece.memory == taken.memory; });
      lock.unlock();
      if (!taken.intact()) ++damaged;
      taken.free();
      if (i % 7 == 0) Piece(48).free();
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  for (const Piece& piece : exchange) piece.free();
  CHECK(damaged == 0);
  CHECK(memory_stats().live_bytes == before.live_bytes);
  CHECK(memory_stats().live_blocks == before.live_blocks);
}

TEST_CASE("memory: objects freed on another thread go home") {
  const auto produce_and_let_others_free = [] {
    std::vector<Piece> pieces;
    for (int i = 0; i < 10000; ++i) pieces.emplace_back(200);
    std::thread([&] {
      for (const Piece& piece : pieces) piece.free();
    }).join();
  };
  produce_and_let_others_free();
  const uint64_t mapped = memory_stats().system_bytes;
  for (int i = 0; i < 50; ++i) produce_and_let_others_free();
  CHECK(memory_stats().system_bytes == mapped);
}

TEST_CASE("memory: a thousand short-lived threads leave it flat") {
  const auto short_life = [] {
    std::thread([] {
      for (size_t bytes : {16, 160, 800}) Piece(bytes).free();
    }).join();
  };
  short_life();
  const MemoryStats before = memory_stats();
  for (int i = 0; i < 1000; ++i) short_life();
  const MemoryStats after = memory_stats();
  CHECK(after.system_bytes == before.system_bytes);
  CHECK(after.live_bytes == before.live_bytes);
  CHECK(after.cached_bytes == before.cached_bytes);
}

TEST_CASE("memory: thread_local objects may allocate and free while their thread ends") {
  struct Late {
    std::vector<Piece> pieces;
    ~Late() {
      for (const Piece& piece : pieces) piece.free();
      Piece(64).free();
      Piece(5000).free();
    }
  };
  const MemoryStats before = memory_stats();
  for (int i = 0; i < 10; ++i)
    std::thread([] {
      thread_local Late late;
      for (int piece = 0; piece < 100; ++piece) late.pieces.emplace_back(100);
    }).join();
  CHECK(memory_stats().live_bytes == before.live_bytes);
}

TEST_CASE("memory: a fork while another thread allocates leaves the child able to") {
  if (!kPoolMemory) return;  // a sanitizer's own allocator does not promise it
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) {
      Piece(3000).free();
      Piece(100).free();
    }
  });
  int failures = 0;
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      Piece(3000).free();
      Piece(100).free();
      (void)memory_stats();
      empty_cache();
      _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    failures += status != 0;
  }
  stop = true;
  busy.join();
  CHECK(failures == 0);
}

TEST_CASE("RUSHLIGHT_MEMORY_LIMIT: units are read, nonsense is refused") {
  CHECK(parse_memory_size("1048576") == kMiB);
  CHECK(parse_memory_size("500M") == 500 * kMiB);
  CHECK(parse_memory_size("2G") == 2 * kGiB);
  CHECK(parse_memory_size("2GiB") == 2 * kGiB);
  CHECK(parse_memory_size("64k") == 64 * kKiB);
  for (const char* text : {"", "G", "2X", "-1", "2 G", "1.5G", "99999999999999999999", "99999999999G", "2Gi"})
    CHECK_THROWS_AS(parse_memory_size(text), Error);
}

TEST_CASE("readable_bytes: three digits and a unit") {
  CHECK(readable_bytes(0) == "0 B");
  CHECK(readable_bytes(1023) == "1023 B");
  CHECK(readable_bytes(1536) == "1.5 KiB");
  CHECK(readable_bytes(kGiB) == "1.0 GiB");
  CHECK(readable_bytes(UINT64_MAX) == "16.0 EiB");
}

// Run by the test below in a process of its own, since the variable is read once.
TEST_CASE("in a process limited to 32M" * doctest::skip()) {
  CHECK(refusal(64 * kMiB).find("limit is 32.0 MiB") != std::string::npos);
  CHECK(refusal(kMiB).empty());
}

TEST_CASE("RUSHLIGHT_MEMORY_LIMIT: holds from the first allocation") {
  const std::string self = "/proc/" + std::to_string(getpid()) + "/exe";
  const auto run = [&](const std::string& limit) {
    const std::string test = " --no-skip --test-case='in a process limited to 32M' > /dev/null 2>&1";
    return std::system(("RUSHLIGHT_MEMORY_LIMIT=" + limit + " " + self + test).c_str());
  };
  CHECK(run("32M") == 0);
  CHECK(run("1G") != 0);
  CHECK(run("nonsense") != 0);
}
