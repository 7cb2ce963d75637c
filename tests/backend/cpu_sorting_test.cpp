// Sorting by radix against the reference's stable sort: equal elements, zeros of both signs, NaN, long rows
// and short, columns.
#include "tests/backend/both_backends.h"

using namespace rushlight;

namespace {

constexpr DType kTypes[] = {DType::boolean, DType::uint8,   DType::int8,     DType::int32,   DType::int64,
                            DType::uint64,  DType::float16, DType::bfloat16, DType::float32, DType::float64};

// Numbers of which many are equal, with zeros of both signs and NaN of both where the type has them.
Tensor values(const IntList& shape, DType dtype, uint64_t seed) {
  Tensor x = some_normals(shape, seed, DType::float64) * 40, some = some_numbers(shape, 50, seed + 1);
  if (!is_floating(dtype)) return to(x.round(), dtype);
  x = where(some < 20, x.round(), x);
  x = where(some == 30, Tensor(-0.0), where(some == 31, Tensor(0.0), x));
  return to(where(some == 40, Tensor(NAN), where(some == 41, Tensor(-NAN), x)), dtype);
}

std::vector<Tensor> sorted(const Tensor& x, int64_t dim) {
  std::vector<Tensor> results;
  for (bool descending : {false, true}) {
    auto [found, places] = sort(x, {.dim = dim, .descending = descending});
    results.push_back(found);
    results.push_back(places);
  }
  return results;
}

}  // namespace

TEST_CASE("cpu: sorted rows and columns" * doctest::test_suite("slow")) {
  for (DType dtype : kTypes)
    for (const std::vector<int64_t>& shape :
         std::vector<std::vector<int64_t>>{{1}, {7, 30}, {3, 255, 2}, {5, 1000}, {2, 70000}}) {
      CAPTURE(dtype);
      CAPTURE(shape.size());
      const Tensor x = values(shape, dtype, 1);
      check_same_on_both_backends([&] { return sorted(x, -1); });
      check_same_on_both_backends([&] { return sorted(x, 0); });
    }
}

TEST_CASE("cpu: numbers that differ in their lowest bits, their highest, or not at all") {
  for (int64_t factor : {int64_t{1}, int64_t{1} << 44, int64_t{0}}) {
    const Tensor x = (some_numbers({3, 1000}, 1000, 1) - 500) * factor;
    check_same_on_both_backends([&] { return sorted(x, 1); });
  }
}

TEST_CASE("cpu: the first few, of rows that are sorted already too" * doctest::test_suite("slow")) {
  for (DType dtype : kTypes) {
    if (dtype == DType::boolean) continue;
    for (const std::vector<int64_t>& shape :
         std::vector<std::vector<int64_t>>{{1000}, {3, 5000}, {70000}, {64, 9}}) {
      CAPTURE(dtype);
      CAPTURE(shape.back());
      const Tensor x = values(shape, dtype, 3), up = sort(x).values;
      check_same_on_both_backends([&] {
        std::vector<Tensor> results;
        for (int64_t k : {int64_t{0}, int64_t{1}, shape.back() / 11, shape.back()}) {
          const bool is_all = k == shape.back() && dtype != DType::float32;
          if (shape.back() > 5000 && (k < 2 || is_all))
            continue;  // it sorts the whole row for each; all is asked of one type
          for (bool largest : {true, false})
            for (const Tensor& rows : {x, up, maximum(x, to(Tensor(0), dtype))}) {  // mostly zeros
              auto [found, places] = topk(rows, k, {.largest = largest});
              results.push_back(found);
              results.push_back(places);
            }
        }
        return results;
      });
    }
  }
}

TEST_CASE("cpu: medians and elements by their rank" * doctest::test_suite("slow")) {
  for (DType dtype : kTypes)
    for (const std::vector<int64_t>& shape :
         std::vector<std::vector<int64_t>>{{1}, {40, 31}, {6, 1000}, {70000}}) {
      CAPTURE(dtype);
      CAPTURE(shape.back());
      const Tensor x = values(shape, dtype, 5), numbers = nan_to_num(x);
      check_same_on_both_backends([&] {
        std::vector<Tensor> results;
        const auto keep = [&](const auto& found) {
          results.push_back(found.values);
          results.push_back(found.indices);
        };
        for (const Tensor& rows : {x, numbers, x * 0})
          for (int64_t dim = 0; dim < rows.rank(); ++dim) {
            keep(median(rows, dim));
            keep(nanmedian(rows, dim));
            keep(kthvalue(rows, 1, {.dim = dim}));
            keep(kthvalue(rows, rows.size(dim), {.dim = dim}));
          }
        return results;
      });
    }
}

TEST_CASE("cpu: places among sorted numbers") {
  for (DType dtype : kTypes) {
    CAPTURE(dtype);
    const Tensor sequence = sort(values({4, 300}, dtype, 7)).values, x = values({4, 2000}, dtype, 8);
    check_same_on_both_backends([&] {
      return std::vector{searchsorted(sequence, x), searchsorted(sequence, x, {.right = true}),
                         searchsorted(select(sequence, 0, 0), x, {.out_int32 = true}),
                         searchsorted(sequence, to(x, DType::float32)),
                         searchsorted(narrow(sequence, 1, 0, 0), x)};
    });
  }
}
