// What the tests of the cpu kernels share.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/base/thread_pool.h"

namespace rushlight::cpu {

template <class T>
std::vector<T> random_numbers(int64_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<T> uniform(-1, 1);
  std::vector<T> numbers(static_cast<size_t>(count));
  for (T& x : numbers) x = uniform(engine);
  return numbers;
}

// The largest difference; infinite if the lengths differ, or where one number is not finite and not the
// other.
template <class T>
double distance(const std::vector<T>& a, const std::vector<double>& b) {
  double worst = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (static_cast<double>(a[i]) == b[i]) continue;
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    worst = std::max(worst, std::isfinite(difference) ? difference : INFINITY);
  }
  return worst;
}

// Calls result() on 1, 2, 3, 8 and 16 threads, which must give equal numbers.
template <class Result>
void check_same_for_all_thread_counts(Result result) {
  const int before = num_threads();
  set_num_threads(1);
  const auto expected = result();
  for (int threads : {2, 3, 8, 16}) {
    set_num_threads(threads);
    CHECK(result() == expected);
  }
  set_num_threads(before);
}

template <class T>
const FloatingKernels<T>& kernels_for() {
  if constexpr (sizeof(T) == sizeof(float))
    return kernels().f32;
  else
    return kernels().f64;
}

}  // namespace rushlight::cpu
