#include <doctest/doctest.h>

#include "rushlight/ops/operators.h"

using namespace rushlight;

TEST_CASE("a power of one is a copy: who writes to it leaves the matrix alone") {
  Tensor x = full({2, 2}, 3.0);
  CHECK_FALSE(matrix_power(x, 1).shares_storage(x));
}

TEST_CASE("a resized image is laid out as the image was, in rows where its sizes leave a choice") {
  Tensor x = full({1, 2, 1, 4}, 3.0);
  CHECK(interpolate(x, {.size = IntList{3, 4}}).is_contiguous());
  CHECK(interpolate(permute(full({1, 4, 2, 3}, 1.0), {0, 3, 1, 2}), {.size = IntList{3, 4}}).stride(1) == 1);
}
