#include "rushlight/base/thread_pool.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "rushlight/base/cpu_features.h"
#include "rushlight/base/error.h"

using namespace rushlight;

namespace {

struct ThreadCount {  // sets the pool's size for one scope
  explicit ThreadCount(int count) : before(num_threads()) { set_num_threads(count); }
  ~ThreadCount() { set_num_threads(before); }
  int before;
};

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
  ThreadCount scope(2);
  CHECK_THROWS_AS(parallel_for(4, [](int64_t) { set_num_threads(3); }), Error);
}

#if !defined(__SANITIZE_THREAD__)  // which cannot start threads in a forked child
TEST_CASE("a forked child computes with a pool of its own") {
  ThreadCount scope(3);
  CHECK(each_chunk_once(50));
  const pid_t child = fork();
  if (child == 0) _exit(each_chunk_once(50) ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
}
#endif

TEST_CASE("the process may use at least one CPU, and some instruction set") {
  CHECK(usable_cpus() >= 1);
  CHECK(chosen_isa() <= widest_isa());
}
