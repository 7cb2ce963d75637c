#include "rushlight/core/number_fits.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "rushlight/generated/functions.h"

using namespace rushlight;

TEST_CASE("numbers fit: both ends of every integer type, and one beyond") {
  ElementTypes::for_each([](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool> && sizeof(T) < 8) {
      DType dtype = dtype_of<T>;
      CAPTURE(name_of(dtype));
      auto most = static_cast<int64_t>(std::numeric_limits<T>::max());
      auto least = std::is_signed_v<T> ? static_cast<int64_t>(std::numeric_limits<T>::min()) : -most;
      for (int64_t number : {least, int64_t{0}, most}) CHECK(number_fits(number, dtype));
      for (int64_t number : {least - 1, most + 1}) CHECK_FALSE(number_fits(number, dtype));
      CHECK(number_fits(static_cast<double>(most), dtype));
      CHECK_FALSE(number_fits(static_cast<double>(most) + 0.5, dtype));
      CHECK_FALSE(number_fits(std::is_signed_v<T> ? static_cast<double>(least) - 0.5 : -0.5, dtype));
    }
  });
}

TEST_CASE("numbers fit: 64 bits, floats and truth values") {
  CHECK(number_fits(std::numeric_limits<int64_t>::min(), DType::int64));
  CHECK(number_fits(std::numeric_limits<int64_t>::min(), DType::uint64));
  CHECK(number_fits(0x1p62, DType::int64));
  CHECK_FALSE(number_fits(0x1p63, DType::int64));
  CHECK(number_fits(0x1p63, DType::uint64));
  CHECK_FALSE(number_fits(0x1p64, DType::uint64));
  for (double odd : {double(INFINITY), -double(INFINITY), double(NAN)}) {
    CHECK_FALSE(number_fits(odd, DType::int32));
    CHECK(number_fits(odd, DType::float16));
    CHECK(number_fits(odd, DType::boolean));
  }
  CHECK(number_fits(65504.0, DType::float16));
  CHECK_FALSE(number_fits(int64_t{70000}, DType::float16));
  CHECK_FALSE(number_fits(1e39, DType::float32));
  CHECK_FALSE(number_fits(1e39, DType::bfloat16));
  CHECK(number_fits(1e300, DType::float64));
}

TEST_CASE("numbers fit: a plain number is refused by name, a tensor is cast") {
  CHECK_THROWS_WITH_AS((void)full({2}, 300, {.dtype = DType::uint8}),
                       doctest::Contains("[full] the number 300 does not fit uint8"), Error);
  Tensor number = full({}, 300, {.dtype = DType::int64});
  CHECK(full({1}, number, {.dtype = DType::uint8}).item<int>() == 44);
}
