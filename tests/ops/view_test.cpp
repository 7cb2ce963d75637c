#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../engine/error_words.h"
#include "rushlight/engine/backward.h"
#include "rushlight/ops/operators.h"

using namespace rushlight;

// The gradient is worked out in a row that ends where the input does, wherever in its memory that is.
TEST_CASE("as_strided has a gradient within its input only") {
  Tensor x = slice(full(9, 1.0), {.start = 2, .end = 6}).requires_grad_();
  auto shown = [&](int64_t size, int64_t offset) {
    return sum(as_strided(x, size, 1, {.storage_offset = offset}));
  };
  CHECK(grad({shown(2, 4)}, {x})[0].to_vector<float>() == std::vector<float>{0, 0, 1, 1});
  CHECK(has(error_of([&] { grad({shown(2, 5)}, {x}); }), "leaves the elements of its input"));
  CHECK(has(error_of([&] { grad({shown(2, 1)}, {x}); }), "leaves the elements of its input"));
}
