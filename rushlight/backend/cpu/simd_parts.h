// What vector functions are made of: polynomials, the layout of numbers, powers of two, lanes one by one.
// Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// c0 + c1 x + c2 x^2 ...
template <class T>
RUSHLIGHT_INLINE Vec<T> polynomial(Vec<T>, double c0) {
  return c0;
}
template <class T, class... More>
RUSHLIGHT_INLINE Vec<T> polynomial(Vec<T> x, double c0, More... more) {
  return multiply_add(x, polynomial(x, more...), Vec<T>(c0));
}

// The layout of IEEE numbers.
template <class T>
constexpr bool kSingle = sizeof(T) == 4;
template <class T>
constexpr int kMantissaBits = kSingle<T> ? 23 : 52;
template <class T>
constexpr typename Vec<T>::Integer kExponentBias = kSingle<T> ? 127 : 1023;

// Numbers this large have no fraction, so adding it rounds to the nearest integer, half to even.
template <class T>
constexpr double kRounding = kSingle<T> ? 0x1.8p23 : 0x1.8p52;
template <class T>
constexpr double kLn2High =
    kSingle<T> ? 0x1.62e4p-1 : 0x1.62e42feep-1;  // its product with an exponent is exact
template <class T>
constexpr double kLn2Low = kSingle<T> ? 0x1.7f7d1cf79abcap-20 : 0x1.a39ef35793c76p-33;

// 2^n for n in the range of normal exponents.
template <class T>
RUSHLIGHT_INLINE Vec<T> power_of_two(typename Vec<T>::Bits n) {
  return Vec<T>((n + kExponentBias<T>) << kMantissaBits<T>);
}

// A whole number, as itself + kRounding, whose lowest bits are those of an integer.
template <class T>
struct Whole {
  Vec<T> shifted;
  RUSHLIGHT_INLINE Vec<T> number() const { return shifted - kRounding<T>; }
  RUSHLIGHT_INLINE typename Vec<T>::Bits integer() const {
    return shifted.bits() - Vec<T>(kRounding<T>).bits();
  }
};

template <class T>
RUSHLIGHT_INLINE Whole<T> whole_number(typename Vec<T>::Bits n) {
  return {Vec<T>(n + Vec<T>(kRounding<T>).bits())};
}

// y 2^n, rounded once, for n within twice the range of exponents.
template <class T>
RUSHLIGHT_INLINE Vec<T> times_power_of_two(Vec<T> y, Whole<T> n) {
#if defined(__AVX512F__)
  const Pieces<T> x{y.lanes}, exponent{n.number().lanes};
  Pieces<T> product;
  for (int i = 0; i < Pieces<T>::kCount; ++i) product.part[i] = native_scale(x.part[i], exponent.part[i]);
  return Vec<T>(product.whole);
#else
  const auto whole = n.integer(), half = whole >> 1;  // 2^n itself may be out of range
  return y * power_of_two<T>(half) * power_of_two<T>(whole - half);
#endif
}

// The same where 2^n is a normal number.
template <class T>
RUSHLIGHT_INLINE Vec<T> times_normal_power(Vec<T> y, Whole<T> n) {
#if defined(__AVX512F__)
  return times_power_of_two(y, n);
#else
  return y * power_of_two<T>(n.integer());
#endif
}

// f of each lane, computed in double.
template <class T, class F>
RUSHLIGHT_INLINE Vec<T> by_lane(Vec<T> x, F f) {
  Vec<T> y;
  for (int i = 0; i < Vec<T>::kLanes; ++i) y.lanes[i] = static_cast<T>(f(static_cast<double>(x.lanes[i])));
  return y;
}
template <class T, class F>
RUSHLIGHT_INLINE Vec<T> by_lane(Vec<T> a, Vec<T> b, F f) {
  Vec<T> y;
  for (int i = 0; i < Vec<T>::kLanes; ++i)
    y.lanes[i] = static_cast<T>(f(static_cast<double>(a.lanes[i]), static_cast<double>(b.lanes[i])));
  return y;
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
