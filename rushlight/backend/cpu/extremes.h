// What the search for the largest or smallest number along an axis needs to know.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// Over r of x[o, r, i]: the best number and where it is first. A NaN is better than any number. x is outer x
// reduced x inner, row-major; value and index are outer x inner, and either may be null. REQUIRES: reduced >
// 0.
template <class T>
struct ExtremeArgs {
  bool smallest = false;
  int64_t outer = 1, reduced = 0, inner = 1;
  const T* x = nullptr;
  T* value = nullptr;
  int64_t* index = nullptr;
};

}  // namespace rushlight::cpu
