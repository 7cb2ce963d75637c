#include "tests/backend/both_backends.h"
#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

template <class T>
struct Found {
  std::vector<T> values;
  std::vector<int64_t> places;
  bool operator==(const Found& other) const {
    auto same = [](T a, T b) { return a == b || (a != a && b != b); };
    return places == other.places &&
           std::equal(values.begin(), values.end(), other.values.begin(), other.values.end(), same);
  }
};

template <class T>
Found<T> by_kernel(bool smallest, int64_t outer, int64_t reduced, int64_t inner, const std::vector<T>& x) {
  Found<T> found{std::vector<T>(outer * inner), std::vector<int64_t>(outer * inner)};
  kernels_for<T>().extreme({.smallest = smallest,
                            .outer = outer,
                            .reduced = reduced,
                            .inner = inner,
                            .x = x.data(),
                            .value = found.values.data(),
                            .index = found.places.data()});
  return found;
}

// The first NaN, else the first of the best.
template <class T>
Found<T> by_search(bool smallest, int64_t outer, int64_t reduced, int64_t inner, const std::vector<T>& x) {
  Found<T> found;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      int64_t best = 0;
      auto at = [&](int64_t r) { return x[(o * reduced + r) * inner + i]; };
      for (int64_t r = 1; r < reduced && !std::isnan(at(best)); ++r)
        if (std::isnan(at(r)) || (smallest ? at(r) < at(best) : at(r) > at(best))) best = r;
      found.values.push_back(at(best));
      found.places.push_back(best);
    }
  return found;
}

}  // namespace

TEST_CASE_TEMPLATE("the first of the best, over any axis, ties and NaN included", T, float, double) {
  const int64_t shapes[][3] = {{1, 1, 1},   {1, 7, 1},   {5, 33, 1},  {3, 50000, 1}, {4, 9, 1}, {1, 9, 64},
                               {4, 49, 65}, {2, 3, 700}, {700, 2, 1}, {1, 16385, 1}, {6, 8, 1}, {2, 100, 3}};
  for (const auto& [outer, reduced, inner] : shapes)
    for (int distinct : {2, 50, 1 << 20})
      for (bool nan : {false, true})
        for (bool smallest : {false, true}) {
          CAPTURE(reduced);
          CAPTURE(inner);
          std::mt19937 engine(7);
          std::vector<T> x(outer * reduced * inner);
          for (T& value : x) {
            value = static_cast<T>(static_cast<int>(engine() % distinct) - distinct / 2);
            if (nan && engine() % 40 == 0) value = NAN;
          }
          const auto expected = by_search(smallest, outer, reduced, inner, x);
          CHECK(by_kernel(smallest, outer, reduced, inner, x) == expected);
        }
}

TEST_CASE("extremes do not depend on the threads") {
  const auto x = random_numbers<float>(3 * 70000, 1);
  check_same_for_all_thread_counts([&] { return by_kernel(false, 3, 70000, 1, x); });
}

TEST_CASE("extremes of whole numbers of any type, and of columns of any number") {
  for (DType dtype : {DType::boolean, DType::uint8, DType::int16, DType::int32, DType::int64, DType::uint64})
    for (const IntList& shape : {IntList{70000}, IntList{300, 517}, IntList{3, 40, 9}}) {
      CAPTURE(dtype);
      CAPTURE(shape.size());
      Tensor x = some_numbers(shape, 1 << 20, 1).to(dtype);
      if (dtype == DType::int64) x = x + (int64_t{1} << 60);  // float64 cannot tell its neighbours apart
      check_same_on_both_backends([&] {
        return std::vector{amax(x), amin(x), amax(x, {.dim = 0}), amin(x, {.dim = -1}),
                           amax(flip(x, {0}), {.dim = 0})};
      });
    }
  const Tensor columns = some_normals({50, 2311}, 2);
  check_same_on_both_backends([&] {
    auto [values, places] = max(columns, 0);
    return std::vector{values, places, argmin(columns, {.dim = 0})};
  });
}
