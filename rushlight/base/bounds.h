// Whether an index is inside: asked in debug builds alone, as the standard library's containers do.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace rushlight {

#ifdef _GLIBCXX_ASSERTIONS
inline void assert_inside(size_t i, size_t size) {
  if (i < size) return;
  std::fprintf(stderr, "index %zu is outside of %zu elements\n", i, size);
  std::abort();
}
#else
inline void assert_inside(size_t, size_t) {}
#endif

}  // namespace rushlight
