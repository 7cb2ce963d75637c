// How much memory the process holds, for tests that want it to stay flat.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>

// Sanitizers keep what is freed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define RUSHLIGHT_MEMORY_IS_FREED
#endif

namespace rushlight {

// In pages of the system.
inline int64_t resident_pages() {
  std::ifstream file("/proc/self/statm");
  int64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident;
}

// The largest growth of resident memory after the first tenth of the runs, as a share. It is looked at a
// hundred times.
template <class Run>
double growth_over(int64_t runs, Run run) {
  const int64_t stride = std::max<int64_t>(runs / 100, 1);
  int64_t base = 0, most = 0;
  for (int64_t i = 0; i < runs; ++i) {
    run(i);
    if (i == runs / 10) base = resident_pages();
    if (i > runs / 10 && i % stride == 0) most = std::max(most, resident_pages());
  }
  return static_cast<double>(most - base) / static_cast<double>(base);
}

}  // namespace rushlight
