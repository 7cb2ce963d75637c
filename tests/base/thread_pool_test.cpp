#include "rushlight/base/thread_pool.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "rushlight/base/cpu_features.h"
#include "rushlight/base/error.h"
#include "tests/base/forked_child.h"

using namespace rushlight;

namespace {

struct ThreadCount {  // sets the pool's size for one scope
  explicit ThreadCount(int count) : before(num_threads()) { set_num_threads(count); }
  ~ThreadCount() { set_num_threads(before); }
  int before;
};

// False when that takes unreasonably long.
template <class Condition>
bool wait_until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

double cpu_seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

bool each_chunk_once(int64_t chunks) {
  std::vector<int> visits(chunks);  // plain ints: a chunk run twice at once is a race that TSan sees
  parallel_for(chunks, [&](int64_t i) { ++visits[i]; });
  for (int count : visits)
    if (count != 1) return false;
  return true;
}

}  // namespace

TEST_CASE("parallel_for runs every chunk exactly once") {
  for (int threads : {1, 2, 3, 8}) {
    ThreadCount scope(threads);
    CHECK(num_threads() == threads);
    for (int64_t chunks : {0, 1, 2, 7, 1000}) CHECK(each_chunk_once(chunks));
  }
}

TEST_CASE("many short jobs in a row, sleeping workers included") {
  ThreadCount scope(4);
  int64_t total = 0;
  for (int round = 0; round < 2000; ++round) {
    if (round % 500 == 0) usleep(1000);
    std::atomic<int64_t> sum{0};
    parallel_for(5, [&](int64_t i) { sum += i; });
    total += sum;
  }
  CHECK(total == 2000 * 10);
}

TEST_CASE("chunks run at once, one of them on the caller") {
  ThreadCount scope(2);
  std::atomic<int> arrived{0}, on_caller{0};
  const auto caller = std::this_thread::get_id();
  parallel_for(2, [&](int64_t) {
    ++arrived;
    on_caller += std::this_thread::get_id() == caller;
    wait_until([&] { return arrived == 2; });
  });
  CHECK(arrived == 2);
  CHECK(on_caller == 1);
}

TEST_CASE("each thread begins with its own share of neighbouring chunks") {
  ThreadCount three(3);
  for (int64_t chunks : {3, 10, 1000}) {
    std::atomic<int> begun{0};
    std::atomic<bool> in_time{true};
    std::vector<int64_t> first;  // of each thread
    std::mutex one_at_a_time;
    parallel_for(chunks, [&](int64_t i) {
      thread_local int64_t last_round = 0;
      if (std::exchange(last_round, chunks) == chunks) return;
      {
        std::lock_guard lock(one_at_a_time);
        first.push_back(i);
      }
      ++begun;
      if (!wait_until([&] { return begun == 3; })) in_time = false;  // nobody helps before all are here
    });
    CHECK(in_time);
    std::sort(first.begin(), first.end());
    CHECK(first == std::vector<int64_t>{0, chunks / 3 + (chunks % 3 > 0), chunks / 3 * 2 + chunks % 3});
  }
}

TEST_CASE("a chunk that hangs holds up none of the others") {
  for (int threads : {2, 3}) {
    ThreadCount scope(threads);
    std::atomic<int> done{0};
    bool others_went_on = false;
    parallel_for(100, [&](int64_t i) {
      if (i == 0) others_went_on = wait_until([&] { return done == 99; });
      ++done;
    });
    CHECK(others_went_on);
  }
}

TEST_CASE("a caller that sleeps until its last chunk is done wakes up, whoever is late or throws") {
  const ThreadCount scope(4);
  for (int round = 0; round < 60; ++round) {
    std::atomic<int> visits{0};
    const auto compute = [&] {
      parallel_for(3, [&](int64_t chunk) {  // fewer than there are threads
        ++visits;
        if (chunk != round % 3) return;
        wait_until([&] { return visits == 3; });
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        if (round % 2 == 1) throw std::runtime_error("late");
      });
    };
    if (round % 2 == 1)
      CHECK_THROWS_WITH(compute(), "late");
    else
      compute();
    CHECK(visits == 3);
    if (round % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the others fall asleep
  }
}

TEST_CASE("workers without work sleep") {
  ThreadCount scope(4);
  CHECK(each_chunk_once(100));
  usleep(20'000);
  const double before = cpu_seconds();
  usleep(300'000);
  CHECK(cpu_seconds() - before < 0.1);
}

TEST_CASE("nested calls are plain loops") {
  ThreadCount scope(3);
  std::atomic<int> count{0};
  parallel_for(8, [&](int64_t) {
    const auto outer = std::this_thread::get_id();
    parallel_for(8, [&](int64_t) { count += std::this_thread::get_id() == outer; });
  });
  CHECK(count == 64);
}

TEST_CASE("an exception of a chunk reaches the caller and the pool lives on") {
  ThreadCount scope(3);
  for (int round = 0; round < 50; ++round) {
    CHECK_THROWS_WITH_AS(parallel_for(100,
                                      [](int64_t i) {
                                        if (i == 17) throw std::runtime_error("seventeen");
                                      }),
                         "seventeen", std::runtime_error);
    CHECK(each_chunk_once(20));
  }
}

TEST_CASE("an exception may be any object, and comes from a worker too") {
  ThreadCount scope(2);
  std::atomic<int> arrived{0};
  const auto caller = std::this_thread::get_id();
  const auto fail_on_worker = [&](int64_t) {
    ++arrived;
    wait_until([&] { return arrived == 2; });
    if (std::this_thread::get_id() != caller) throw 17;
  };
  CHECK_THROWS_AS(parallel_for(2, fail_on_worker), int);
}

TEST_CASE("after an exception no chunk begins") {
  for (int threads : {1, 2}) {
    ThreadCount scope(threads);
    std::atomic<int> begun{0};
    std::atomic<bool> failed{false};
    const auto body = [&](int64_t i) {
      ++begun;
      if (i == 0) {
        failed = true;
        throw std::runtime_error("the first");
      }
      wait_until([&] { return failed.load(); });
      usleep(1000);
    };
    CHECK_THROWS_AS(parallel_for(100'000, body), std::runtime_error);
    CHECK(begun < 1000);
  }
}

TEST_CASE("user threads at once: each gets its own exception") {
  ThreadCount scope(3);
  std::atomic<int> right{0};
  const auto use = [&](int user) {
    for (int round = 0; round < 200; ++round) {
      try {
        parallel_for(8, [&](int64_t i) {
          if (i == 5) throw user;
        });
      } catch (int thrown) {
        right += thrown == user;
      }
    }
  };
  std::vector<std::thread> users;
  for (int user = 0; user < 4; ++user) users.emplace_back(use, user);
  for (auto& user : users) user.join();
  CHECK(right == 800);
}

TEST_CASE("several user threads may call at once, also while the size changes") {
  ThreadCount scope(3);
  std::atomic<int> good{0};
  std::vector<std::thread> users;
  for (int u = 0; u < 4; ++u)
    users.emplace_back([&] {
      for (int round = 0; round < 200; ++round) good += each_chunk_once(13);
    });
  for (int count : {2, 4, 3}) set_num_threads(count);
  for (auto& user : users) user.join();
  CHECK(good == 800);
}

TEST_CASE("wrong thread counts are refused") {
  CHECK_THROWS_AS(set_num_threads(0), Error);
  CHECK_THROWS_AS(set_num_threads(257), Error);
}

TEST_CASE("the size does not change inside a chunk, whoever runs it") {
  for (int threads : {1, 2})
    for (int64_t chunks : {1, 4}) {
      ThreadCount scope(threads);
      CHECK_THROWS_AS(parallel_for(chunks, [](int64_t) { set_num_threads(3); }), Error);
      CHECK(num_threads() == threads);
      CHECK_NOTHROW(set_num_threads(threads));
    }
}

TEST_CASE("a call inside the only chunk of another has the whole pool") {
  ThreadCount scope(2);
  std::atomic<int> arrived{0};
  parallel_for(1, [&](int64_t) {
    parallel_for(2, [&](int64_t) {
      ++arrived;
      CHECK(wait_until([&] { return arrived == 2; }));
    });
  });
}

TEST_CASE("while a PlainLoops lives, its thread computes alone and leaves the pool to others") {
  ThreadCount scope(2);
  const auto comes_help = [](std::chrono::milliseconds patience) {
    const auto self = std::this_thread::get_id();
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::atomic<int> arrived{0}, foreign{0};
    parallel_for(2, [&](int64_t) {
      ++arrived;
      foreign += std::this_thread::get_id() != self;
      while (arrived < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    });
    CHECK(arrived == 2);
    return foreign > 0;
  };
  const std::chrono::milliseconds long_enough(60'000), shortly(20);
  CHECK(comes_help(long_enough));
  {
    const PlainLoops outer;
    {
      const PlainLoops inner;
    }
    CHECK(!comes_help(shortly));
    std::thread([&] { CHECK(comes_help(long_enough)); }).join();
  }
  CHECK(comes_help(long_enough));
}

#if !defined(__SANITIZE_THREAD__)  // which cannot start threads in a forked child
TEST_CASE("a forked child computes with a pool of its own, of as many threads") {
  ThreadCount scope(3);
  CHECK(each_chunk_once(50));
  CHECK(succeeds_in_child([] { return num_threads() == 3 && each_chunk_once(50); }));
}

TEST_CASE("a child forked while others compute has a pool too") {
  ThreadCount scope(3);
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) each_chunk_once(20);
  });
  int good = 0;
  for (int i = 0; i < 20; ++i) good += succeeds_in_child([] { return each_chunk_once(50); });
  stop = true;
  busy.join();
  CHECK(good == 20);
}
#endif

#if !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)  // which need memory for threads themselves
TEST_CASE("where the system gives no more threads, those that there are do the work") {
  CHECK(succeeds_in_child([] {
    set_num_threads(200);
    const rlimit little{size_t{256} << 20, size_t{256} << 20};
    setrlimit(RLIMIT_AS, &little);
    return each_chunk_once(50) && num_threads() < 200 && each_chunk_once(50);
  }));
}
#endif

TEST_CASE("the process may use at least one CPU, and some instruction set") {
  CHECK(usable_cpus() >= 1);
  CHECK(chosen_isa() <= widest_isa());
}

TEST_CASE("threads count as awake right after a job, and for who asks often") {
  ThreadCount two(2);
  using namespace std::chrono_literals;
  const auto once = [](auto work) {  // of some tries, as a thread may be held up at any place
    bool awake = false;
    for (int i = 0; i < 100 && !awake; ++i) {
      std::this_thread::sleep_for(1ms);
      work();
      awake = are_threads_awake();
    }
    return awake;
  };
  CHECK(once([] { (void)are_threads_awake(); }));
  CHECK(once([] { parallel_for(8, [](int64_t) {}); }));
  CHECK_FALSE(once([] {}));
}
