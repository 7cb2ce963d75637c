// Num<T>: one plain number as the number type of the formulas. The reference backend runs on it.
#pragma once

#include <cmath>
#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "rushlight/math/number.h"
#include "rushlight/math/special_functions.h"

namespace rushlight::math {

// What integers cannot compute is an error. The formulas know no error type: core defines what these throw.
[[noreturn]] void integer_division_by_zero();
[[noreturn]] void negative_integer_power();

// A constant or an attribute as a T. Out of an integer's range it becomes the nearest one, and NaN becomes 0.
template <class T, class U>
constexpr T number_cast(U x) {
  if constexpr (std::same_as<T, bool>)
    return x != 0;
  else if constexpr (std::integral<T> && std::floating_point<U>) {
    using Limits = std::numeric_limits<T>;
    if (!(x == x)) return 0;
    if (x <= static_cast<U>(Limits::min())) return Limits::min();
    if (x >= static_cast<U>(Limits::max())) return Limits::max();
    return static_cast<T>(x);
  } else
    return static_cast<T>(x);
}

template <class T>
struct Num;

template <std::floating_point T>
struct Num<T> {
  static constexpr NumberKind kKind = NumberKind::floating;
  using Mask = bool;

  T value = 0;

  constexpr Num() = default;
  template <class U>
    requires std::is_arithmetic_v<U>
  constexpr Num(U v) : value(number_cast<T>(v)) {}

  friend constexpr Num operator+(Num a, Num b) { return a.value + b.value; }
  friend constexpr Num operator-(Num a, Num b) { return a.value - b.value; }
  friend constexpr Num operator*(Num a, Num b) { return a.value * b.value; }
  friend constexpr Num operator/(Num a, Num b) { return a.value / b.value; }
  friend constexpr Num operator-(Num a) { return -a.value; }
  friend constexpr auto operator<=>(Num, Num) = default;
  friend constexpr bool operator==(Num, Num) = default;
  friend constexpr Num select(bool m, Num a, Num b) { return m ? a : b; }
  friend constexpr Num min(Num a, Num b) { return a < b || a != a ? a : b; }
  friend constexpr Num max(Num a, Num b) { return a > b || a != a ? a : b; }

#define RUSHLIGHT_FORWARD(name) \
  friend Num name(Num x) { return std::name(x.value); }
  RUSHLIGHT_UNARY(RUSHLIGHT_FORWARD)
#undef RUSHLIGHT_FORWARD
#define RUSHLIGHT_FORWARD(name) \
  friend Num name(Num x) { return special::name(x.value); }
  RUSHLIGHT_SPECIAL(RUSHLIGHT_FORWARD)
#undef RUSHLIGHT_FORWARD
#define RUSHLIGHT_FORWARD(name) \
  friend Num name(Num a, Num b) { return std::name(a.value, b.value); }
  RUSHLIGHT_BINARY(RUSHLIGHT_FORWARD)
#undef RUSHLIGHT_FORWARD
  friend Num polygamma(double n, Num x) { return special::polygamma(n, x.value); }
  friend Num round(Num x) { return std::nearbyint(x.value); }
};

// Arithmetic is done on unsigned numbers no narrower than unsigned int: they wrap, and are not promoted to
// int.
template <std::integral T>
struct Num<T> {
  static constexpr NumberKind kKind = NumberKind::integer;
  using Mask = bool;
  using Modular = std::common_type_t<std::make_unsigned_t<T>, unsigned>;

  T value = 0;

  constexpr Num() = default;
  template <class U>
    requires std::is_arithmetic_v<U>
  constexpr Num(U v) : value(number_cast<T>(v)) {}

  constexpr Modular modular() const { return static_cast<Modular>(value); }
  constexpr bool is_minus_one() const { return std::signed_integral<T> && value == static_cast<T>(-1); }

  friend constexpr Num operator+(Num a, Num b) { return a.modular() + b.modular(); }
  friend constexpr Num operator-(Num a, Num b) { return a.modular() - b.modular(); }
  friend constexpr Num operator*(Num a, Num b) { return a.modular() * b.modular(); }
  friend constexpr Num operator/(Num a, Num b) {
    if (b.value == 0) integer_division_by_zero();
    return b.is_minus_one() ? -a : Num(a.value / b.value);  // the lowest number by -1 would trap
  }
  friend constexpr Num operator-(Num a) { return Modular{0} - a.modular(); }
  friend constexpr auto operator<=>(Num, Num) = default;
  friend constexpr bool operator==(Num, Num) = default;
  friend constexpr Num select(bool m, Num a, Num b) { return m ? a : b; }
  friend constexpr Num min(Num a, Num b) { return b < a ? b : a; }
  friend constexpr Num max(Num a, Num b) { return a < b ? b : a; }
  friend constexpr Num abs(Num a) { return a < 0 ? -a : a; }
  friend constexpr Num floor(Num a) { return a; }
  friend constexpr Num ceil(Num a) { return a; }
  friend constexpr Num trunc(Num a) { return a; }
  friend constexpr Num round(Num a) { return a; }

  friend constexpr Num fmod(Num a, Num b) {
    if (b.value == 0) integer_division_by_zero();
    return b.is_minus_one() ? Num(0) : Num(a.value % b.value);
  }
  friend constexpr Num pow(Num base, Num exponent) {
    if (exponent < 0) negative_integer_power();
    Num power = 1;
    for (T bits = exponent.value; bits > 0; bits = static_cast<T>(bits >> 1)) {
      if (bits & 1) power = power * base;
      base = base * base;
    }
    return power;
  }

  friend constexpr Num operator&(Num a, Num b) { return a.value & b.value; }
  friend constexpr Num operator|(Num a, Num b) { return a.value | b.value; }
  friend constexpr Num operator^(Num a, Num b) { return a.value ^ b.value; }
  friend constexpr Num operator~(Num a) { return ~a.value; }
  friend constexpr Num operator<<(Num a, Num n) {
    return n.is_shift() ? Num(a.modular() << n.value) : Num(0);
  }
  friend constexpr Num operator>>(Num a, Num n) {
    return n.is_shift() ? Num(a.value >> n.value) : Num(a < 0 ? -1 : 0);
  }

 private:
  constexpr bool is_shift() const { return value >= 0 && modular() < 8 * sizeof(T); }
};

template <>
struct Num<bool> {
  static constexpr NumberKind kKind = NumberKind::boolean;
  using Mask = bool;

  bool value = false;

  constexpr Num() = default;
  template <class U>
    requires std::is_arithmetic_v<U>
  constexpr Num(U v) : value(number_cast<bool>(v)) {}

  friend constexpr Num operator+(Num a, Num b) { return a.value || b.value; }
  friend constexpr Num operator*(Num a, Num b) { return a.value && b.value; }
  friend constexpr auto operator<=>(Num, Num) = default;
  friend constexpr bool operator==(Num, Num) = default;
  friend constexpr Num select(bool m, Num a, Num b) { return m ? a : b; }
  friend constexpr Num min(Num a, Num b) { return a * b; }
  friend constexpr Num max(Num a, Num b) { return a + b; }
  friend constexpr Num operator&(Num a, Num b) { return a * b; }
  friend constexpr Num operator|(Num a, Num b) { return a + b; }
  friend constexpr Num operator^(Num a, Num b) { return a.value != b.value; }
  friend constexpr Num operator~(Num a) { return !a.value; }
};

}  // namespace rushlight::math
