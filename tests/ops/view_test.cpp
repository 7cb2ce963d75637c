#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../engine/error_words.h"
#include "rushlight/base/memory.h"
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

TEST_CASE("more pieces than there may be are refused before the first is made") {
  Tensor none = zeros({0}), row = zeros({4});
  auto chunks = [&](int64_t count) { return error_of([&] { (void)chunk(none, count); }); };
  auto sections = [&](int64_t count) { return error_of([&] { (void)tensor_split(row, count); }); };
  CHECK(has(chunks(int64_t{1} << 31), "[chunk] would make 2147483648 views; the most is 2147483647"));
  CHECK(has(sections(int64_t{1} << 31), "[tensor_split] would make 2147483648 views"));
  Tensor long_row = expand(row, {int64_t{1} << 31, 4});
  CHECK(has(error_of([&] { (void)split(long_row, 1); }), "[split] would make 2147483648 views"));
  set_memory_limit(memory_stats().live_bytes + (size_t{1} << 20));
  std::string for_chunks = chunks(1 << 18), for_sections = sections(1 << 18);
  std::string for_most = chunks((int64_t{1} << 31) - 1);
  set_memory_limit(SIZE_MAX);
  CHECK(has(for_chunks, "limit"));
  CHECK(has(for_sections, "limit"));
  CHECK(has(for_most, "limit"));
  CHECK(chunk(none, 3).size() == 3);
}

TEST_CASE("a view passes over dimensions of one, whatever their strides") {
  Tensor x = as_strided(full({6}, 1.0), {2, 1, 3}, {3, 5, 1});
  CHECK(view(x, {6}).stride(0) == 1);
  CHECK(view(x, {1, 2, 3}).stride(1) == 3);
}

TEST_CASE("dimensions of one step over what stands behind them, as in a row-major tensor") {
  auto strides = [](const Tensor& t) { return std::vector<int64_t>(t.strides().begin(), t.strides().end()); };
  Tensor x = full({2, 3}, 1.0);
  CHECK(strides(unsqueeze(x, 0)) == std::vector<int64_t>{6, 3, 1});
  CHECK(strides(unsqueeze(x, 1)) == std::vector<int64_t>{3, 3, 1});
  CHECK(strides(unsqueeze(x, 2)) == std::vector<int64_t>{3, 1, 1});
  CHECK(strides(view(x, {1, 1, 6})) == std::vector<int64_t>{6, 6, 1});
  CHECK(strides(view(x, {1, 3, 1, 2})) == std::vector<int64_t>{6, 2, 2, 1});
  Tensor even = slice(full({4, 6}, 1.0), {.dim = 1, .step = 2});
  CHECK(strides(view(even, {1, 4, 3})) == std::vector<int64_t>{24, 6, 2});
  CHECK(strides(view(full({1, 1}, 1.0), {1, 1, 1})) == std::vector<int64_t>{1, 1, 1});
  CHECK(strides(unfold(full({}, 1.0), 0, 1, 1)) == std::vector<int64_t>{1});
}
