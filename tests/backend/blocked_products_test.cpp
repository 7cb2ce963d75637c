// The reference's products by blocks are those of its three loops, bit for bit.
#include <doctest/doctest.h>

#include "rushlight/rushlight.h"

using namespace rushlight;

TEST_CASE("reference: products by blocks have the bits of three loops, whatever the blocks leave over") {
  set_backend("reference");
  const IntList shapes[][2] = {{{8, 8}, {8, 8}},   {{17, 5}, {5, 26}},  {{7, 3}, {3, 9}},
                               {{9, 30}, {30, 1}}, {{16, 0}, {0, 16}},  {{3, 2, 11, 4}, {2, 4, 19}},
                               {{24}, {24, 20}},   {{2, 13, 24}, {24}}, {{1, 40}, {40, 16}}};
  for (DType dtype : {DType::float32, DType::float64, DType::int64})
    for (const auto& [left, right] : shapes) {
      Tensor a = (randn(left) * 10).to(dtype), b = (randn(right) * 10).to(dtype);
      Tensor blocked = matmul(a, b);
      set_blocked_products(false);
      Tensor naive = matmul(a, b);
      set_blocked_products(true);
      CHECK(equal(blocked, naive));
      if (a.rank() == 2 && b.rank() == 2) CHECK(equal(matmul(b.t(), a.t()).t(), naive));
    }
  set_backend("cpu");
}
