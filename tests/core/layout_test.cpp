#include <doctest/doctest.h>

#include <vector>

#include "rushlight/core/shape.h"

using namespace rushlight;

namespace {
Layout layout_of(std::vector<int64_t> sizes, std::vector<int64_t> strides, int64_t offset = 0) {
  return Layout(IntSpan(sizes), IntSpan(strides), offset);
}
}  // namespace

TEST_CASE("a packed layout keeps the order of dimensions in memory and closes the gaps") {
  const auto check = [](const Layout& layout, const Layout& packed, bool was_dense) {
    CHECK(layout.packed() == packed);
    CHECK(layout.dense_like() == (was_dense ? packed : Layout(layout.shape())));
  };
  check(layout_of({2, 3}, {3, 1}, 5), layout_of({2, 3}, {3, 1}), true);
  check(layout_of({2, 3}, {1, 2}), layout_of({2, 3}, {1, 2}), true);
  check(layout_of({2, 1, 3}, {1, 77, 2}), layout_of({2, 1, 3}, {1, 1, 2}), true);
  check(layout_of({0, 3}, {1, 5}), layout_of({0, 3}, {3, 1}), true);
  check(layout_of({2, 3}, {1, 4}), layout_of({2, 3}, {1, 2}), false);  // columns of a taller matrix
  check(layout_of({2, 3}, {-1, 2}, 1), layout_of({2, 3}, {1, 2}), false);
  check(layout_of({2, 3, 4}, {4, 0, 1}), layout_of({2, 3, 4}, {4, 8, 1}), false);  // repeated: outermost
  check(layout_of({2, 4, 5, 6}, {360, 6, 72, 1}), layout_of({2, 4, 5, 6}, {120, 6, 24, 1}), false);
}
