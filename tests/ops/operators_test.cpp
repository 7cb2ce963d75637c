#include "rushlight/ops/operators.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "rushlight/ops/indexing.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {
using Numbers = std::vector<int64_t>;
Numbers numbers(const Tensor& tensor) { return tensor.to_vector<int64_t>(); }
Tensor ints(Numbers values) { return from_values<int64_t>(values, {static_cast<int64_t>(values.size())}); }
std::vector<bool> flags(const Tensor& tensor) { return tensor.to_vector<bool>(); }
}  // namespace

TEST_CASE("operators of integers and bools") {
  Tensor x = ints({5, -6}), y = ints({3, 4});
  CHECK(numbers(x | y) == Numbers{7, -2});
  CHECK(numbers(x & y) == Numbers{1, 0});
  CHECK(numbers(x ^ y) == Numbers{6, -2});
  CHECK(numbers(~x) == Numbers{-6, 5});
  CHECK(numbers(x % y) == Numbers{2, 2});  // the sign is the divisor's, as in Python
  CHECK(numbers(x << 2) == Numbers{20, -24});
  CHECK(numbers(x >> 1) == Numbers{2, -3});
  CHECK(numbers(1 << y) == Numbers{8, 16});
  CHECK(flags(~(x > 0) | (y > 3)) == std::vector<bool>{false, true});
}

TEST_CASE("operators that write") {
  Tensor x = ints({5, 6});
  x |= 8;
  CHECK(numbers(x) == Numbers{13, 14});
  x &= 7;
  CHECK(numbers(x) == Numbers{5, 6});
  x ^= 1;
  CHECK(numbers(x) == Numbers{4, 7});
  x <<= 2;
  CHECK(numbers(x) == Numbers{16, 28});
  x >>= 1;
  CHECK(numbers(x) == Numbers{8, 14});
  x %= 5;
  CHECK(numbers(x) == Numbers{3, 4});
}

TEST_CASE(
    "plain numbers too large for the elements: terms and factors wrap around, exponents and choices are "
    "refused") {
  Tensor x = full({1}, 2, {.dtype = DType::int8});
  CHECK((x + 300).item<int8_t>() == 46);
  CHECK((x * 300).item<int8_t>() == 88);
  CHECK(fails_with(ErrorKind::runtime, {"[pow]", "300", "int8"}, [&] { (void)pow(x, 300); }));
  CHECK(fails_with(ErrorKind::runtime, {"[where]", "300", "int8"}, [&] { (void)where(x > 0, x, 300); }));
  CHECK(fails_with(ErrorKind::runtime, {"[clamp_max]", "300", "int8"}, [&] { (void)clamp_max(x, 300); }));
  CHECK(pow(full({1}, 2.0), 300).item<float>() == std::numeric_limits<float>::infinity());
}

TEST_CASE("plain numbers beyond int64 keep their value") {
  const uint64_t large = uint64_t{1} << 63, largest = std::numeric_limits<uint64_t>::max();
  Tensor x = zeros({1}, {.dtype = DType::float64});
  CHECK((x + large).item<double>() == 0x1p63);
  CHECK((large - x).item<double>() == 0x1p63);
  CHECK((x < large).item<bool>());
  CHECK(full({1}, largest, {.dtype = DType::uint64}).item<uint64_t>() == largest);
  CHECK((zeros({1}, {.dtype = DType::uint64}) + largest).item<uint64_t>() == largest);
  CHECK(full({1}, large, {.dtype = DType::float32}).item<double>() == 0x1p63);
  CHECK((zeros({1}, {.dtype = DType::int32}) + uint64_t{7}).dtype() == DType::int32);
  CHECK(fails_with(ErrorKind::runtime, {"[full]", "does not fit int64"},
                   [&] { (void)full({1}, large, {.dtype = DType::int64}); }));
}
