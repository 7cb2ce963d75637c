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

// Returns once `word` differs from `old`: spins, because the next job usually follows closely, then sleeps.
template <class T>
void wait_while_equal(const std::atomic<T>& word, T old) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 32; ++i) {
      if (word.load(std::memory_order_acquire) != old) return;
      relax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  word.wait(old, std::memory_order_acquire);
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

// One job at a time, whose fields may be written only while no worker is inside. A worker enters by raising
// inside_ and then reading open_; the owner leaves by clearing open_ and then waiting for inside_ to fall to
// 0. Both orders are sequentially consistent, so either the worker sees the job closed or the owner sees the
// worker.
class Pool {
 public:
  explicit Pool(int threads = 0) : threads_(threads) {}

  bool try_run(int64_t chunks, ChunkFunction function, void* context) {
    std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner || threads() == 1) return false;
    start_workers();
    function_ = function;
    context_ = context;
    share_out(chunks);
    open_.store(true);
    job_.fetch_add(1);
    job_.notify_all();
    work(0);
    open_.store(false);
    for (int inside; (inside = inside_.load()) != 0;) wait_while_equal(inside_, inside);
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
        worker_[workers_] = std::thread([this, job = job_.load(), self = workers_ + 1] { serve(job, self); });
        ++workers_;
      }
    } catch (const std::system_error&) {
      threads_.store(workers_ + 1);
    }
  }

  void stop_workers() {
    stopping_.store(true);
    job_.fetch_add(1);
    job_.notify_all();
    while (workers_ > 0) worker_[--workers_].join();
    stopping_.store(false);
  }

  void serve(uint32_t seen, int self) {
    for (;;) {
      wait_while_equal(job_, seen);
      seen = job_.load();
      if (stopping_.load()) return;
      inside_.fetch_add(1);
      if (open_.load()) work(self);
      if (inside_.fetch_sub(1) == 1) inside_.notify_all();
    }
  }

  // A thread first does what lies in its own share, then what is left of others'. So the same thread sees the
  // same rows in one op after another, and finds them in its own caches; from another core's they come at
  // several times the cost.
  void share_out(int64_t chunks) {
    sharers_ = static_cast<int>(std::min<int64_t>(workers_ + 1, chunks));
    for (int i = 0; i < sharers_; ++i) {
      const auto begin = [&](int64_t share) {
        return chunks / sharers_ * share + std::min(share, chunks % sharers_);
      };
      share_[i].next.store(begin(i), std::memory_order_relaxed);
      share_[i].end = begin(i + 1);
    }
  }

  void work(int self) {
    inside_chunk = true;
    for (int i = 0; i < sharers_; ++i) {
      Share& share = share_[(self + i) % sharers_];
      while (share.next.load(std::memory_order_relaxed) < share.end) {
        const int64_t chunk = share.next.fetch_add(1, std::memory_order_relaxed);
        if (chunk < share.end) run(chunk);
      }
    }
    inside_chunk = false;
  }

  void run(int64_t chunk) {
    try {
      function_(context_, chunk);
    } catch (...) {
      if (!failed_.exchange(true)) error_ = std::current_exception();
      for (int i = 0; i < sharers_; ++i) share_[i].next.store(share_[i].end, std::memory_order_relaxed);
    }
  }

  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  std::mutex owner_;  // of the job below
  ChunkFunction function_ = nullptr;
  void* context_ = nullptr;
  int sharers_ = 1;
  std::exception_ptr error_;
  std::atomic<bool> failed_{false}, open_{false}, stopping_{false};
  std::atomic<int> threads_;          // 0: not yet asked
  std::atomic<int64_t> last_use_{0};  // when a job ended, or somebody asked
  int workers_ = 0;
  std::thread worker_[kMaxThreads];

  alignas(64) std::atomic<uint32_t> job_{0};  // each on a cache line of its own: all threads hammer them
  alignas(64) std::atomic<int> inside_{0};
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
