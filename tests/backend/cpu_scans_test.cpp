// Scans along rows, columns and between, against the reference's.
#include "tests/backend/both_backends.h"

using namespace rushlight;

namespace {

constexpr DType kTypes[] = {DType::boolean, DType::uint8,    DType::int32,   DType::int64,
                            DType::float16, DType::bfloat16, DType::float32, DType::float64};
const std::vector<std::vector<int64_t>> kShapes = {{1},         {1000},      {13, 70}, {70, 13},
                                                   {3, 40, 65}, {2, 130, 3}, {4, 0, 5}};

Tensor values(const IntList& shape, DType dtype) {
  return to(is_floating(dtype) ? some_normals(shape, 1) : some_numbers(shape, 7, 1) - 3, dtype);
}

}  // namespace

TEST_CASE("cpu: running totals and products") {
  for (DType dtype : kTypes)
    for (const auto& shape : kShapes)
      for (int64_t dim = 0; dim < static_cast<int64_t>(shape.size()); ++dim) {
        CAPTURE(dtype);
        CAPTURE(dim);
        const Tensor x = values(shape, dtype);
        check_same_on_both_backends([&] {
          std::vector results{cumsum(x, dim), cumprod(x, dim), cumsum(x, dim, {.dtype = DType::float64}),
                              cumsum(x, dim, {.dtype = DType::int32}), cumsum(flip(x, {0}), dim)};
          if (is_floating(dtype)) results.push_back(logcumsumexp(x, dim));
          return results;
        });
      }
}

TEST_CASE("cpu: the best so far, the latest of equals, and NaN that stays") {
  for (DType dtype : kTypes)
    for (const auto& shape : kShapes)
      for (int64_t dim = 0; dim < static_cast<int64_t>(shape.size()); ++dim) {
        CAPTURE(dtype);
        CAPTURE(dim);
        Tensor x = to(values(shape, dtype).to(DType::float64).round(), dtype);
        if (is_floating(dtype)) x = masked_fill(x, some_numbers(shape, 60, 2) == 0, NAN);
        check_same_on_both_backends([&] {
          return std::vector{cummax(x, dim).values, cummax(x, dim).indices, cummin(x, dim).values,
                             cummin(x, dim).indices};
        });
      }
}

TEST_CASE("cpu: recurrences forwards and backwards") {
  for (DType dtype : kTypes)
    for (const auto& shape : kShapes)
      for (int64_t dim = 0; dim < static_cast<int64_t>(shape.size()); ++dim) {
        if (dtype == DType::boolean || shape[static_cast<size_t>(dim)] == 0) continue;
        CAPTURE(dtype);
        CAPTURE(dim);
        const Tensor x = values(shape, dtype), factor = narrow(flip(x, {0}), dim, 0, x.size(dim) - 1);
        check_same_on_both_backends([&] {
          return std::vector{linear_recurrence(x, factor, dim),
                             linear_recurrence(x, factor, dim, {.reverse = true})};
        });
      }
}
