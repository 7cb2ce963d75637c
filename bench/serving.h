// One side of a contest: a process that works when it is told to, so that its rivals can have their turns in
// between. rivals/serving.py is the same in Python.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <vector>

namespace rushlight::bench {

using Work = std::function<void()>;

inline double milliseconds_of(const Work& work, int times) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / times;
}

// A round: the median of five groups of runs of 20 ms each; what takes longer than 100 ms runs once.
class Rounds {
 public:
  // Warms up: memory comes from the system, tables are made, a trace is recorded.
  explicit Rounds(Work work) : work_(std::move(work)) {
    milliseconds_of(work_, 6);
    double once = milliseconds_of(work_, 1);
    if (once < 20) once = milliseconds_of(work_, 5);
    times_ = std::clamp(static_cast<int>(20 / std::max(once, 1e-6)), 1, 1'000'000);
    groups_ = once > 100 ? 1 : 5;
  }
  double milliseconds() const {
    std::vector<double> groups;
    for (int i = 0; i < groups_; ++i) groups.push_back(milliseconds_of(work_, times_));
    std::sort(groups.begin(), groups.end());
    return groups[groups.size() / 2];
  }

 private:
  Work work_;
  int times_, groups_;
};

// Says "ready", then a round's milliseconds for each line on standard input.
inline void serve(const Work& work) {
  Rounds rounds(work);
  std::puts("ready");
  char line[16];
  while (std::fflush(stdout), std::fgets(line, sizeof line, stdin))
    std::printf("%.7f\n", rounds.milliseconds());
}

}  // namespace rushlight::bench
