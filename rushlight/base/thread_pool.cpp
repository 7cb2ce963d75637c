#include "rushlight/base/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "rushlight/base/cpu_features.h"
#include "rushlight/base/error.h"

namespace rushlight {

namespace {

constexpr int kMaxThreads = 256;
constexpr auto kSpinTime = std::chrono::microseconds(50);

thread_local bool inside_chunk = false;  // of a job of the pool
thread_local bool plain_loops = false;   // while a PlainLoops lives
thread_local int calls_in_progress = 0;  // of parallel_for, plain loops too

struct CallInProgress {
  CallInProgress() { ++calls_in_progress; }
  ~CallInProgress() { --calls_in_progress; }
};

int64_t nanoseconds() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Whether `done()` came true while spinning, which one does first, as the next job usually follows closely.
template <class Condition>
bool spin_until(Condition done) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

int initial_thread_count() {
  const char* text = std::getenv("RUSHLIGHT_NUM_THREADS");
  if (!text || !*text) return std::min(usable_cpus(), kMaxThreads);
  int count = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, count);
  if (error != std::errc() || stop != end || count < 1 || count > kMaxThreads)
    fail(ErrorKind::value, "[threads] RUSHLIGHT_NUM_THREADS=", text, ": expected a number from 1 to ",
         kMaxThreads);
  return count;
}

void run_inline(int64_t chunks, ChunkFunction function, void* context) {
  for (int64_t i = 0; i < chunks; ++i) function(context, i);
}

// The chunks of a job that one thread begins with, in one line of the cache: what a thread learns of a job
// and tells of it crosses from core to core once each.
class alignas(64) Share {
 public:
  static constexpr int64_t kMostChunks = INT32_MAX;

  // By the owner of the pool, while nothing of the share is left to do.
  void give(ChunkFunction function, void* context, int64_t begin, int64_t end) {
    function_ = function;
    context_ = context;
    finished_.store(static_cast<uint32_t>(begin), std::memory_order_relaxed);
    end_ = static_cast<uint32_t>(end);
    left_.store(range(begin, end));
  }

  bool is_empty() const { return is_empty(left_.load()); }

  // The next chunk, or -1. Who takes one keeps the job alive until it is finished, so that function and
  // context may be read, even if it is a later job than the one that the thread came for.
  int64_t take() {
    if (is_empty()) return -1;
    const uint64_t left = left_.fetch_add(1, std::memory_order_acquire);
    return is_empty(left) ? -1 : next(left);
  }

  void run(int64_t chunk) const { function_(context_, chunk); }

  // Takes all that is left and says how many these are.
  uint32_t take_all() {
    const uint64_t left = left_.exchange(0, std::memory_order_acquire);
    return is_empty(left) ? 0 : static_cast<uint32_t>(end(left) - next(left));
  }

  void finish(uint32_t chunks) { finished_.fetch_add(chunks); }
  bool is_finished() const { return finished_.load(std::memory_order_acquire) == end_; }
  void sleep_until_finished() const {
    for (uint32_t seen; (seen = finished_.load()) != end_;) finished_.wait(seen);
  }
  void wake_owner() { finished_.notify_all(); }

  // The thread whose share it is says that it sleeps and then looks once more whether it is called; who calls
  // it does so and then looks whether it sleeps. All four are sequentially consistent, so one sees the other.
  template <class Condition>
  void sleep_until(Condition is_called) {
    for (;;) {
      asleep_.store(1);
      if (is_called()) break;
      asleep_.wait(1);
    }
    asleep_.store(0);
  }
  void wake_thread() {
    if (asleep_.load() == 0) return;
    asleep_.store(0);
    asleep_.notify_one();
  }

 private:
  static uint64_t range(int64_t begin, int64_t end) {
    return static_cast<uint64_t>(end) << 32 | static_cast<uint64_t>(begin);
  }
  static int64_t next(uint64_t range) { return static_cast<uint32_t>(range); }
  static int64_t end(uint64_t range) { return static_cast<int64_t>(range >> 32); }
  static bool is_empty(uint64_t range) { return next(range) >= end(range); }

  std::atomic<uint64_t> left_{0};  // the next chunk, above it the end: both change at once
  std::atomic<uint32_t> finished_{0};
  std::atomic<uint32_t> asleep_{0};
  uint32_t end_ = 0;
  ChunkFunction function_ = nullptr;
  void* context_ = nullptr;
};

// One job at a time. Its owner waits for chunks, not for threads: one that is late finds its share taken.
class Pool {
 public:
  explicit Pool(int threads = 0) : threads_(threads) {}

  bool try_run(int64_t chunks, ChunkFunction function, void* context) {
    std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner || threads() == 1 || chunks > Share::kMostChunks) return false;
    start_workers();
    share_out(chunks, function, context);
    work(0);
    for (int i = 0; i < sharers_.load(std::memory_order_relaxed); ++i) await(share_[i]);
    last_use_.store(nanoseconds(), std::memory_order_relaxed);
    failed_.store(false, std::memory_order_relaxed);
    if (auto error = std::exchange(error_, nullptr)) {
      owner.unlock();
      std::rethrow_exception(error);
    }
    return true;
  }

  int threads() {
    int count = threads_.load(std::memory_order_relaxed);
    if (count == 0) {
      const int initial = initial_thread_count();
      if (threads_.compare_exchange_strong(count, initial)) count = initial;
    }
    return count;
  }

  bool is_awake() {
    constexpr int64_t kAwake = std::chrono::nanoseconds(kSpinTime).count() / 2;
    const int64_t now = nanoseconds();
    return now - last_use_.exchange(now, std::memory_order_relaxed) < kAwake;
  }

  int asked_threads() const { return threads_.load(std::memory_order_relaxed); }

  void set_threads(int count) {
    std::lock_guard<std::mutex> owner(owner_);
    stop_workers();
    threads_.store(count);
  }

 private:
  // A system that gives no more threads is no reason to fail: those that there are do the work.
  void start_workers() {
    try {
      while (workers_ + 1 < threads()) {
        worker_[workers_] = std::thread([this, self = workers_ + 1] { serve(self); });
        ++workers_;
      }
    } catch (const std::system_error&) {
      threads_.store(workers_ + 1);
    }
  }

  void stop_workers() {
    stopping_.store(true);
    for (int i = 0; i <= workers_; ++i) share_[i].wake_thread();
    while (workers_ > 0) worker_[--workers_].join();
    stopping_.store(false);
  }

  void serve(int self) {
    Share& share = share_[self];
    const auto is_called = [&] { return !share.is_empty() || stopping_.load(); };
    for (;;) {
      if (!spin_until(is_called)) share.sleep_until(is_called);
      if (stopping_.load()) return;
      work(self);
    }
  }

  // The owner says that it sleeps and then looks at what is finished; who finishes a chunk counts it and then
  // looks whether the owner sleeps. Again one sees the other.
  void await(Share& share) {
    if (share.is_finished() || spin_until([&] { return share.is_finished(); })) return;
    owner_sleeps_.store(true);
    share.sleep_until_finished();
    owner_sleeps_.store(false);
  }

  // A thread first does what lies in its own share, then what is left of others'. So the same thread sees the
  // same rows in one op after another, and finds them in its own caches; from another core's they come at
  // several times the cost.
  void share_out(int64_t chunks, ChunkFunction function, void* context) {
    const int64_t sharers = std::min<int64_t>(workers_ + 1, chunks);
    const auto begin = [&](int64_t share) {
      return chunks / sharers * share + std::min(share, chunks % sharers);
    };
    if (sharers_.load(std::memory_order_relaxed) != sharers)  // all threads read that line
      sharers_.store(static_cast<int>(sharers), std::memory_order_relaxed);
    for (int64_t i = sharers - 1; i >= 0; --i) share_[i].give(function, context, begin(i), begin(i + 1));
    for (int64_t i = 1; i < sharers; ++i) share_[i].wake_thread();
  }

  void work(int self) {
    inside_chunk = true;
    const int sharers = sharers_.load(std::memory_order_relaxed);
    for (int i = 0; i < sharers; ++i) {
      Share& share = share_[(self + i) % sharers];
      for (int64_t chunk; (chunk = share.take()) >= 0;) run(share, chunk);
    }
    inside_chunk = false;
  }

  void run(Share& share, int64_t chunk) {
    try {
      share.run(chunk);
    } catch (...) {
      if (!failed_.exchange(true)) error_ = std::current_exception();
      for (int i = 0; i < sharers_.load(std::memory_order_relaxed); ++i)
        finish(share_[i], share_[i].take_all());
    }
    finish(share, 1);
  }

  void finish(Share& share, uint32_t chunks) {
    share.finish(chunks);
    if (owner_sleeps_.load()) share.wake_owner();
  }

  std::mutex owner_;  // of the job
  std::exception_ptr error_;
  int workers_ = 0;
  std::atomic<int64_t> last_use_{0};  // when a job ended, or somebody asked
  std::thread worker_[kMaxThreads];

  // What all threads read and hardly any writes.
  alignas(64) std::atomic<int> threads_;  // 0: not yet asked
  std::atomic<int> sharers_{1};
  std::atomic<bool> failed_{false}, stopping_{false}, owner_sleeps_{false};

  Share share_[kMaxThreads];
};

// Never destroyed: destructors of other static objects may still compute. A forked child has none of the
// threads and perhaps locked locks, so it builds a new pool over the old bytes, which own nothing else; only
// how many threads were asked for lives on.
alignas(Pool) unsigned char pool_bytes[sizeof(Pool)];

void rebuild_in_child() {
  const int asked = std::launder(reinterpret_cast<Pool*>(pool_bytes))->asked_threads();
  new (pool_bytes) Pool(asked);
}

Pool& pool() {
  static Pool* const instance = [] {
    pthread_atfork(nullptr, nullptr, rebuild_in_child);
    return new (pool_bytes) Pool;
  }();
  return *instance;
}

}  // namespace

void parallel_for(int64_t chunks, ChunkFunction function, void* context) {
  const CallInProgress call;
  if (chunks <= 1 || inside_chunk || plain_loops || !pool().try_run(chunks, function, context))
    run_inline(chunks, function, context);
}

PlainLoops::PlainLoops() : before_(std::exchange(plain_loops, true)) {}
PlainLoops::~PlainLoops() { plain_loops = before_; }

int num_threads() { return pool().threads(); }

bool are_threads_awake() { return pool().is_awake(); }

void set_num_threads(int count) {
  if (count < 1 || count > kMaxThreads)
    fail(ErrorKind::value, "[set_num_threads] ", count, ": expected a number from 1 to ", kMaxThreads);
  if (inside_chunk || calls_in_progress > 0)
    fail(ErrorKind::runtime, "[set_num_threads] ", count, ": called inside a parallel_for");
  pool().set_threads(count);
}

}  // namespace rushlight
