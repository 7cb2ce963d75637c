#include "rushlight/math/num.h"

#include <doctest/doctest.h>

#include <exception>
#include <initializer_list>
#include <limits>

#include "rushlight/math/arithmetic.h"
#include "rushlight/math/bitwise.h"
#include "rushlight/math/call.h"
#include "rushlight/math/comparison.h"
#include "rushlight/math/power.h"

namespace rushlight::math {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class Op, class T>
T apply(T a, T b) {
  const Num<T> operands[] = {a, b};
  return apply_forward<Op>(operands, nullptr).value;
}

}  // namespace

TEST_CASE_TEMPLATE("integers wrap", T, int8_t, int16_t, int32_t, int64_t) {
  constexpr T low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  CHECK(apply<Add, T>(high, 1) == low);
  CHECK(apply<Sub, T>(low, 1) == high);
  CHECK(apply<Mul, T>(high, 2) == -2);
  CHECK((-Num<T>(low)).value == low);
  CHECK(abs(Num<T>(low)).value == low);
  CHECK(apply<FloorDivide, T>(low, -1) == low);
  CHECK(apply<TruncDivide, T>(low, -1) == low);
  CHECK(apply<Remainder, T>(low, -1) == 0);
  CHECK(apply<Fmod, T>(low, -1) == 0);
  CHECK(apply<Pow, T>(2, 8 * sizeof(T) - 1) == low);
}

TEST_CASE_TEMPLATE("a number out of range becomes the nearest integer, also where a rounded limit is met", T,
                   int8_t, uint8_t, int32_t, uint32_t, int64_t, uint64_t) {
  constexpr T low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  CHECK(number_cast<T>(static_cast<double>(high)) == high);  // 2^63 for int64
  CHECK(number_cast<T>(static_cast<float>(high)) == high);
  CHECK(number_cast<T>(1e30) == high);
  CHECK(number_cast<T>(-1e30) == low);
  CHECK(number_cast<T>(0.0 / 0.0) == 0);
  CHECK(number_cast<T>(5.75) == 5);
}

TEST_CASE_TEMPLATE("a number that was given no value is 0", T, bool, int8_t, uint8_t, int64_t, uint64_t,
                   float, double) {
  CHECK(Num<T>().value == T(0));
}

TEST_CASE_TEMPLATE("unsigned integers wrap", T, uint8_t, uint16_t, uint32_t, uint64_t) {
  constexpr T high = std::numeric_limits<T>::max();
  CHECK(apply<Add, T>(high, 1) == 0);
  CHECK(apply<Sub, T>(0, 1) == high);
  CHECK(apply<Mul, T>(high, high) == 1);
  CHECK((-Num<T>(1)).value == high);
  CHECK(abs(Num<T>(high)).value == high);
  CHECK(apply<FloorDivide, T>(high, high) == 1);
  CHECK(apply<Remainder, T>(high, 2) == 1);
}

TEST_CASE_TEMPLATE("integers cannot be divided by zero or raised to a negative power", T, int8_t, int32_t,
                   int64_t) {
  CHECK_THROWS_AS((apply<FloorDivide, T>(1, 0)), const std::exception&);
  CHECK_THROWS_AS((apply<TruncDivide, T>(1, 0)), const std::exception&);
  CHECK_THROWS_AS((apply<Remainder, T>(1, 0)), const std::exception&);
  CHECK_THROWS_AS((apply<Fmod, T>(1, 0)), const std::exception&);
  CHECK_THROWS_AS((apply<Pow, T>(2, -1)), const std::exception&);
}

TEST_CASE("division rounds down or to zero, the remainder goes with it") {
  struct Row {
    int a, b, floor, remainder, trunc, fmod;
  };
  for (const auto& [a, b, floor, remainder, trunc, fmod] :
       {Row{7, 2, 3, 1, 3, 1}, Row{-7, 2, -4, 1, -3, -1}, Row{7, -2, -4, -1, -3, 1},
        Row{-7, -2, 3, -1, 3, -1}, Row{6, -2, -3, 0, -3, 0}}) {
    CAPTURE(a);
    CAPTURE(b);
    CHECK(apply<FloorDivide, int>(a, b) == floor);
    CHECK(apply<Remainder, int>(a, b) == remainder);
    CHECK(apply<TruncDivide, int>(a, b) == trunc);
    CHECK(apply<Fmod, int>(a, b) == fmod);
    CHECK(apply<FloorDivide, double>(a, b) == floor);
    CHECK(apply<Remainder, double>(a, b) == remainder);
    CHECK(apply<TruncDivide, double>(a, b) == trunc);
    CHECK(apply<Fmod, double>(a, b) == fmod);
  }
}

TEST_CASE("floor_divide of floating numbers") {
  CHECK(apply<FloorDivide, double>(0.3, 0.1) == 2);  // 0.3 / 0.1 rounds up to 3, but 0.1 fits only twice
  CHECK(apply<FloorDivide, double>(5, 0) == kInf);
  CHECK(apply<FloorDivide, double>(-5, 0) == -kInf);
  CHECK(std::isnan(apply<FloorDivide, double>(0, 0)));
  CHECK(apply<FloorDivide, double>(-1, kInf) == -1);
  CHECK(std::signbit(apply<FloorDivide, double>(-0.0, 2)));
  CHECK(apply<Remainder, double>(-5, kInf) == kInf);
}

TEST_CASE("shifts move everything out where the distance is no distance") {
  CHECK(apply<BitwiseLeftShift, int8_t>(1, 7) == -128);
  CHECK(apply<BitwiseLeftShift, int8_t>(1, 8) == 0);
  CHECK(apply<BitwiseLeftShift, int8_t>(1, -1) == 0);
  CHECK(apply<BitwiseRightShift, int8_t>(-8, 1) == -4);
  CHECK(apply<BitwiseRightShift, int8_t>(-8, 8) == -1);
  CHECK(apply<BitwiseRightShift, int8_t>(8, -1) == 0);
  CHECK(apply<BitwiseRightShift, uint64_t>(uint64_t{1} << 63, 63) == 1);
}

TEST_CASE("constants become the nearest integer in range, without a fraction") {
  CHECK(Num<int8_t>(kInf).value == 127);
  CHECK(Num<int8_t>(-1e9).value == -128);
  CHECK(Num<int64_t>(9.3e18).value == std::numeric_limits<int64_t>::max());
  CHECK(Num<int64_t>(-kInf).value == std::numeric_limits<int64_t>::min());
  CHECK(Num<uint8_t>(-1.5).value == 0);
  CHECK(Num<uint64_t>(kInf).value == std::numeric_limits<uint64_t>::max());
  CHECK(Num<int32_t>(-2.9).value == -2);
  CHECK(Num<int32_t>(kNaN).value == 0);
  CHECK(Num<bool>(0.5).value);
}

TEST_CASE("truth values add as or, multiply as and") {
  for (bool a : {false, true})
    for (bool b : {false, true}) {
      CHECK(apply<Add>(a, b) == (a || b));
      CHECK(apply<Mul>(a, b) == (a && b));
      CHECK(apply<BitwiseOr>(a, b) == (a || b));
      CHECK(apply<BitwiseAnd>(a, b) == (a && b));
      CHECK(apply<BitwiseXor>(a, b) == (a != b));
      CHECK(max(Num<bool>(a), Num<bool>(b)).value == (a || b));
      CHECK(min(Num<bool>(a), Num<bool>(b)).value == (a && b));
    }
  CHECK((~Num<bool>(false)).value);
  CHECK(apply<BitwiseAnd, uint8_t>(0b1100, 0b1010) == 0b1000);
  CHECK(apply<BitwiseOr, uint8_t>(0b1100, 0b1010) == 0b1110);
  CHECK(apply<BitwiseXor, uint8_t>(0b1100, 0b1010) == 0b0110);
  CHECK((~Num<int8_t>(5)).value == -6);
}

TEST_CASE("a NaN wins in min and max, round goes to even, an infinity is told from NaN") {
  CHECK(std::isnan(max(Num<float>(kNaN), Num<float>(1)).value));
  CHECK(std::isnan(max(Num<float>(1), Num<float>(kNaN)).value));
  CHECK(std::isnan(min(Num<float>(kNaN), Num<float>(1)).value));
  CHECK(std::isnan(min(Num<float>(1), Num<float>(kNaN)).value));
  CHECK(max(Num<float>(1), Num<float>(2)).value == 2);
  CHECK(min(Num<float>(1), Num<float>(2)).value == 1);
  const double halves[][2] = {{0.5, 0}, {1.5, 2}, {2.5, 2}, {-0.5, 0}, {-1.5, -2}};
  for (const auto& [x, rounded] : halves) CHECK(round(Num<double>(x)).value == rounded);
  for (double x : {kNaN, kInf, -kInf, 1.0, 0.0}) {
    CHECK(Isnan::forward(Num<double>(x)) == std::isnan(x));
    CHECK(Isinf::forward(Num<double>(x)) == std::isinf(x));
    CHECK(Isfinite::forward(Num<double>(x)) == std::isfinite(x));
    CHECK(Isposinf::forward(Num<double>(x)) == (x == kInf));
    CHECK(Isneginf::forward(Num<double>(x)) == (x == -kInf));
  }
  CHECK(Signbit::forward(Num<double>(-0.0)));
  CHECK(Isfinite::forward(Num<int8_t>(127)));
  CHECK_FALSE(Isinf::forward(Num<bool>(true)));
}

TEST_CASE("which numbers a formula is for, as its signature says") {
  CHECK(supports<Add, Num<bool>>);
  CHECK(supports<Sub, Num<uint8_t>>);
  CHECK_FALSE(supports<Sub, Num<bool>>);
  CHECK_FALSE(supports<Div, Num<int32_t>>);
  CHECK(Div::info.integers == Integers::to_float);
  CHECK_FALSE(supports<BitwiseAnd, Num<float>>);
  CHECK_FALSE(supports<BitwiseLeftShift, Num<bool>>);
  CHECK(result_is_mask<Lt, Num<float>>);
  CHECK_FALSE(result_is_mask<Add, Num<bool>>);
  CHECK_FALSE(result_is_mask<BitwiseAnd, Num<float>>);
  CHECK(arity<Neg> == 1);
  CHECK(arity<AddScaled> == 2);
  CHECK(arity<Where> == 3);
  CHECK(param_count<Add> == 0);
  CHECK(param_count<Isclose> == 3);
}

}  // namespace rushlight::math
