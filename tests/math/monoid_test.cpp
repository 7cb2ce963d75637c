#include "rushlight/math/monoid.h"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

#include "rushlight/math/num.h"

namespace rushlight::math {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class Monoid, class T>
T reduce(std::initializer_list<T> numbers) {
  Num<T> result = Monoid::template identity<Num<T>>();
  for (T number : numbers) result = Monoid::combine(result, Num<T>(number));
  return result.value;
}

// Folded from the left, and as a combination of two halves.
template <class Monoid>
int64_t place(std::initializer_list<double> numbers) {
  using S = Num<double>;
  Placed<S> left = Monoid::template identity<S>(), right = left, all = left;
  int64_t index = 0;
  for (double number : numbers) {
    const Placed<S> next{number, index};
    all = Monoid::combine(all, next);
    Placed<S>& half = index < 2 ? left : right;
    half = Monoid::combine(half, next);
    ++index;
  }
  CHECK(Monoid::combine(left, right).index == all.index);
  CHECK(Monoid::combine(right, left).index == all.index);
  return all.index;
}

}  // namespace

TEST_CASE("monoids over nothing, and over something") {
  CHECK(reduce<Sum, double>({}) == 0);
  CHECK(reduce<Sum, double>({1, 2, 4}) == 7);
  CHECK(reduce<Product, double>({}) == 1);
  CHECK(reduce<Product, int8_t>({3, 5}) == 15);
  CHECK(reduce<Max, double>({}) == -kInfinity);
  CHECK(reduce<Max, int8_t>({}) == -128);
  CHECK(reduce<Max, uint8_t>({}) == 0);
  CHECK(reduce<Max, bool>({}) == false);
  CHECK(reduce<Max, int8_t>({-3, -2}) == -2);
  CHECK(reduce<Min, int64_t>({}) == std::numeric_limits<int64_t>::max());
  CHECK(reduce<Min, bool>({}) == true);
  CHECK(reduce<Min, double>({3, 2, 4}) == 2);
  CHECK(std::isnan(reduce<Max, double>({1, kNaN, 3})));
  CHECK(std::isnan(reduce<Min, double>({1, kNaN, 3})));
}

TEST_CASE("any and all of any numbers") {
  CHECK(reduce<Any, double>({}) == 0);
  CHECK(reduce<Any, double>({0, 0.25}) == 1);
  CHECK(reduce<Any, double>({0, kNaN}) == 1);
  CHECK(reduce<Any, int8_t>({0, 0}) == 0);
  CHECK(reduce<All, double>({}) == 1);
  CHECK(reduce<All, double>({2}) == 1);
  CHECK(reduce<All, double>({2, 3}) == 1);
  CHECK(reduce<All, double>({2, 0}) == 0);
  CHECK(reduce<All, bool>({true, false}) == false);
}

TEST_CASE("the first of the largest, the first NaN before all") {
  CHECK(place<ArgMax>({}) == -1);
  CHECK(place<ArgMax>({1, 3, 2, 3}) == 1);
  CHECK(place<ArgMin>({2, 1, 1, 3}) == 1);
  CHECK(place<ArgMax>({1, 2, kNaN, 3, kNaN}) == 2);
  CHECK(place<ArgMin>({1, 2, kNaN, 0}) == 2);
  CHECK(place<ArgMax>({-kInfinity, -kInfinity, -kInfinity}) == 0);
}

}  // namespace rushlight::math
