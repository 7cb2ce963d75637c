// Reading and writing at indices, and what stands beside it: rows, columns and elements, with repeated
// numbers.
#include "tests/backend/both_backends.h"

using namespace rushlight;

namespace {

constexpr DType kTypes[] = {DType::boolean, DType::int16,   DType::int32,   DType::int64,
                            DType::float16, DType::float32, DType::float64, DType::uint8};

// Of every type: positive and negative numbers, zeros, and NaN.
Tensor values(const IntList& shape, DType dtype, uint64_t seed) {
  Tensor x = to(some_numbers(shape, 13, seed) - 6, dtype);
  return x.is_floating_point() ? masked_fill(x, x == 6, NAN) : x;
}

// The shapes of input, the dimension, how many numbers: rows, columns, neither, alone, many.
struct Slices {
  std::vector<int64_t> shape;
  int64_t dim, count;
};
const Slices kSlices[] = {{{50, 96}, 0, 300}, {{7, 300}, 1, 40},    {{3, 11, 5}, 1, 20},    {{40}, 0, 100},
                          {{9, 4, 4}, 0, 5},  {{20, 16}, 0, 30000}, {{2, 3, 70}, 2, 20000}, {{6, 5}, 1, 0}};

std::vector<int64_t> with_count(Slices s) {
  s.shape[static_cast<size_t>(s.dim)] = s.count;
  return s.shape;
}

}  // namespace

TEST_CASE("cpu: whole slices picked, written, added and filled") {
  for (DType dtype : kTypes)
    for (const Slices& s : kSlices) {
      CAPTURE(dtype);
      CAPTURE(&s - kSlices);
      const Tensor x = values(s.shape, dtype, 1), source = values(with_count(s), dtype, 2);
      const Tensor numbers = some_numbers({s.count}, s.shape[static_cast<size_t>(s.dim)], 3);
      const int64_t size = s.shape[static_cast<size_t>(s.dim)];
      check_same_on_both_backends([&] {
        return std::vector{
            index_select(x, s.dim, numbers),       index_select(x, s.dim, to(numbers, DType::int32)),
            index_add(x, s.dim, numbers, source),  index_add(x, s.dim, numbers, source, {.alpha = 3}),
            index_copy(x, s.dim, numbers, source), index_fill(x, s.dim, numbers - size, 4)};
      });
    }
}

TEST_CASE("cpu: elements picked, written and joined" * doctest::test_suite("slow")) {
  for (DType dtype : kTypes)
    for (const Slices& s : kSlices) {
      CAPTURE(dtype);
      CAPTURE(&s - kSlices);
      const Tensor x = values(s.shape, dtype, 1), source = values(with_count(s), dtype, 2);
      const Tensor index = some_numbers(with_count(s), s.shape[static_cast<size_t>(s.dim)], 3);
      check_same_on_both_backends([&] {
        return std::vector{gather(x, s.dim, index), scatter(x, s.dim, index, source),
                           scatter(x, s.dim, index, 2), scatter_add(x, s.dim, index, source)};
      });
      if (dtype == DType::boolean) continue;
      for (const char* reduce : {"sum", "prod", "amax", "amin", "mean"})
        for (bool include_self : {true, false})
          check_same_on_both_backends([&] {
            return std::vector{
                scatter_reduce(x, s.dim, index, source, reduce, {.include_self = include_self})};
          });
    }
}

TEST_CASE(
    "cpu: an index that was expanded picks runs, and one that is smaller than the rest leaves some alone") {
  const Tensor x = some_normals({4, 30, 24}, 1), index = some_numbers({4, 50, 1}, 30, 2);
  const Tensor source = some_normals({4, 50, 24}, 3), few = some_numbers({3, 20, 24}, 30, 4);
  check_same_on_both_backends([&] {
    const Tensor runs = expand(index, {4, 50, 24});
    return std::vector{gather(x, 1, runs),
                       scatter(x, 1, runs, source),
                       scatter_add(x, 1, runs, source),
                       gather(x, 1, few),
                       scatter_add(x, 1, few, source),
                       scatter_add(transpose(x, 0, 2), 1, expand(index, {4, 50, 4}), transpose(source, 0, 2)),
                       gather(transpose(x, 1, 2), 2, transpose(few, 1, 2))};
  });
}

TEST_CASE("cpu: runs that an expanded index picks beside each other") {
  const Tensor x = some_normals({4, 30, 3, 8}, 1), source = some_normals({4, 50, 3, 8}, 2);
  const Tensor index = expand(some_numbers({4, 50, 3, 1}, 30, 3), {4, 50, 3, 8});
  check_same_on_both_backends([&] {
    return std::vector{gather(x, 1, index), scatter(x, 1, index, source), scatter(x, 1, index, 2),
                       scatter_add(x, 1, index, source)};
  });
}

TEST_CASE("cpu: index tensors side by side, repeated, negative, and with slices around them") {
  const Tensor x = some_normals({12, 9, 8, 10}, 1);
  const Tensor a = some_numbers({40}, 18, 2) - 9, b = some_numbers({5, 1}, 8, 3) - 8,
               flat = some_numbers({3, 500}, 12, 4);
  const std::vector<std::vector<Tensor>> all{
      {flat},           {flat, select(a, 0, 0)},    {Tensor(), a},
      {Tensor(), a, b}, {Tensor(), a, Tensor(), b}, {Tensor(), Tensor(), to(b, DType::int32)}};
  for (const auto& indices : all) {
    CAPTURE(&indices - all.data());
    check_same_on_both_backends([&] {
      const Tensor picked = index(x, indices);
      return std::vector{picked,
                         index_put(x, indices, picked * 2),
                         index_put(x, indices, 7.0),
                         index_put(x, indices, picked, {.accumulate = true}),
                         index_put(x, indices, select(picked, 0, 0), {.accumulate = true}),
                         index(transpose(x, 2, 3), indices)};
    });
  }
}

TEST_CASE("cpu: written in place, into a view, and with the tensor itself as source") {
  check_same_on_both_backends([] {
    Tensor x = some_normals({20, 20}, 1), y = x.clone(), z = some_numbers({20, 20}, 20, 3);
    const Tensor numbers = some_numbers({20}, 20, 2);
    transpose(x, 0, 1).index_add_(0, numbers, y);
    slice(x, {.dim = 1, .step = 2}).index_fill_(0, narrow(numbers, 0, 0, 4), 3.0);
    y.index_add_(0, numbers, y);
    z.scatter_(1, z, z);
    return std::vector{x, y, z};
  });
}

TEST_CASE("cpu: a number out of range is refused before anything is written, in the reference's words") {
  const Tensor source = some_normals({2, 4}, 2), wrong = to(Tensor(5), DType::int64).reshape({1}).expand({2});
  const auto refused = [&](auto write) {
    const Tensor x = some_normals({5, 4}, 1), before = x.clone();
    const auto message = [&] {
      try {
        write(x);
      } catch (const Error& error) {
        return std::string(error.what());
      }
      return std::string();
    };
    const std::string said = message();
    CHECK(equal(x, before));
    CHECK(said == by_reference(message));
    CHECK(said.find("out of bounds") != std::string::npos);
  };
  refused([&](const Tensor& x) { (void)index_select(x, 0, wrong); });
  refused([&](const Tensor& x) { x.index_add_(0, wrong, source); });
  refused([&](const Tensor& x) { x.index_copy_(0, wrong, source); });
  refused([&](const Tensor& x) { x.index_fill_(0, wrong, 1.0); });
  refused([&](const Tensor& x) { (void)index(x, {wrong}); });
  refused([&](const Tensor& x) { (void)index(x, {wrong - 11}); });
  refused([&](const Tensor& x) { x.scatter_(0, wrong.reshape({2, 1}), source); });
  refused([&](const Tensor& x) { (void)gather(x, 0, wrong.reshape({2, 1})); });
}

TEST_CASE("cpu: tensors in a row, numbers counted up, places of true elements") {
  for (DType dtype : kTypes) {
    CAPTURE(dtype);
    const Tensor x = values({30, 40}, dtype, 1), y = values({30, 7}, dtype, 2),
                 z = values({9, 40}, DType::int32, 3);
    const Tensor mask = some_numbers({400, 300}, 3, 4) == 0, source = values({400, 300}, dtype, 5);
    check_same_on_both_backends([&] {
      return std::vector{
          cat({x, y}, {.dim = 1}),
          cat({x, z}),
          cat({transpose(x, 0, 1), transpose(y, 0, 1)}),
          sequence(3, 2, 40000, dtype),
          sequence(-3.5, 0.3, 1000, dtype),
          nonzero(mask),
          nonzero(source),
          masked_scatter(source, mask, flip(source, {0})),
          masked_scatter(source, select(mask, 0, 0), x.reshape({1200}).repeat(IntList({100})))};
    });
  }
}

TEST_CASE("cpu: a mask that lets through more than there is") {
  const Tensor x = zeros({5}), mask = x == 0;
  CHECK_THROWS_AS((void)masked_scatter(x, mask, ones({4})), Error);
  CHECK_THROWS_AS((void)by_reference([&] { return masked_scatter(x, mask, ones({4})); }), Error);
}
