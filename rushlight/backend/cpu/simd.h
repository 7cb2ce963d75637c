// Vec<T>: one SIMD register of floats or doubles, over the compilers' vector extensions. Only for *.isa.cpp
// files.
//
// Vec is a number type in the sense of math/number.h, so the formulas of math/ run on it unchanged;
// simd_math.h adds the transcendental functions. Everything lives in the namespace of the instruction set and
// is inlined by force: a function that the linker could share between objects might run AVX-512 on a CPU
// without it.
#pragma once

#include <cstdint>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "rushlight/math/number.h"

#define RUSHLIGHT_INLINE [[gnu::always_inline]] inline

namespace rushlight::cpu::RUSHLIGHT_ISA {

#if defined(__FMA__)
constexpr bool kHasFma = true;
#else
constexpr bool kHasFma = false;
#endif

#if defined(RUSHLIGHT_VECTOR_BYTES)  // wider than the machine's: the compiler splits each vector, the logic
                                     // is the same
constexpr int kVectorBytes = RUSHLIGHT_VECTOR_BYTES;
#elif defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

template <class T>
struct SameWidthInteger;
template <>
struct SameWidthInteger<float> {
  using Type = int32_t;
};
template <>
struct SameWidthInteger<double> {
  using Type = int64_t;
};

template <class T>
struct Vec {
  static constexpr math::NumberKind kKind = math::NumberKind::floating;
  static constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));
  using Lane = T;
  using Integer = typename SameWidthInteger<T>::Type;
  typedef T Register __attribute__((vector_size(kVectorBytes)));
  typedef Integer Bits __attribute__((vector_size(kVectorBytes)));

  struct Mask {  // each lane all ones or all zeros
    using Number = Vec;
    Bits bits;
    [[gnu::always_inline]] friend Mask operator&(Mask a, Mask b) { return {a.bits & b.bits}; }
    [[gnu::always_inline]] friend Mask operator|(Mask a, Mask b) { return {a.bits | b.bits}; }
    [[gnu::always_inline]] friend Mask operator!(Mask a) { return {~a.bits}; }
  };

  Register lanes;

  Vec() = default;
  [[gnu::always_inline]] Vec(double value) : lanes(static_cast<T>(value) - Register{}) {}  // -0 stays -0
  [[gnu::always_inline]] explicit Vec(Register value) : lanes(value) {}
  [[gnu::always_inline]] explicit Vec(Bits value) : lanes(reinterpret_cast<Register>(value)) {}
  [[gnu::always_inline]] static Vec splat(T value) { return Vec(value - Register{}); }

  [[gnu::always_inline]] Bits bits() const { return reinterpret_cast<Bits>(lanes); }
  [[gnu::always_inline]] T operator[](int i) const { return lanes[i]; }

  [[gnu::always_inline]] friend Vec operator+(Vec a, Vec b) { return Vec(a.lanes + b.lanes); }
  [[gnu::always_inline]] friend Vec operator-(Vec a, Vec b) { return Vec(a.lanes - b.lanes); }
  [[gnu::always_inline]] friend Vec operator*(Vec a, Vec b) { return Vec(a.lanes * b.lanes); }
  [[gnu::always_inline]] friend Vec operator/(Vec a, Vec b) { return Vec(a.lanes / b.lanes); }
  [[gnu::always_inline]] friend Vec operator-(Vec a) { return Vec(-a.lanes); }
  [[gnu::always_inline]] friend Vec& operator+=(Vec& a, Vec b) { return a = a + b; }
  [[gnu::always_inline]] friend Mask operator<(Vec a, Vec b) { return {a.lanes < b.lanes}; }
  [[gnu::always_inline]] friend Mask operator<=(Vec a, Vec b) { return {a.lanes <= b.lanes}; }
  [[gnu::always_inline]] friend Mask operator>(Vec a, Vec b) { return {a.lanes > b.lanes}; }
  [[gnu::always_inline]] friend Mask operator>=(Vec a, Vec b) { return {a.lanes >= b.lanes}; }
  [[gnu::always_inline]] friend Mask operator==(Vec a, Vec b) { return {a.lanes == b.lanes}; }
  [[gnu::always_inline]] friend Mask operator!=(Vec a, Vec b) { return {a.lanes != b.lanes}; }
  [[gnu::always_inline]] friend Vec select(Mask m, Vec a, Vec b) { return Vec(m.bits ? a.lanes : b.lanes); }

  // A NaN in either operand is the result, as PyTorch has it.
  [[gnu::always_inline]] friend Vec min(Vec a, Vec b) { return select((a < b) | (a != a), a, b); }
  [[gnu::always_inline]] friend Vec max(Vec a, Vec b) { return select((a > b) | (a != a), a, b); }
  [[gnu::always_inline]] friend Vec copysign(Vec a, Vec b) {
    const Bits sign = Vec(-0.0).bits();
    return Vec((a.bits() & ~sign) | (b.bits() & sign));
  }
  // By what simd_math.h adds. Friends, unlike the functions of one operand, so that a plain number may be
  // the other.
  [[gnu::always_inline]] friend Vec pow(Vec a, Vec b) { return power_of(a, b); }
  [[gnu::always_inline]] friend Vec fmod(Vec a, Vec b) { return rest_of(a, b); }
  [[gnu::always_inline]] friend Vec atan2(Vec a, Vec b) { return angle_of_point(a, b); }
  [[gnu::always_inline]] friend Vec hypot(Vec a, Vec b) { return length_of(a, b); }
  [[gnu::always_inline]] friend Vec nextafter(Vec a, Vec b) {
    Vec next;
    for (int i = 0; i < kLanes; ++i)
      if constexpr (sizeof(T) == 4)
        next.lanes[i] = __builtin_nextafterf(a.lanes[i], b.lanes[i]);
      else
        next.lanes[i] = __builtin_nextafter(a.lanes[i], b.lanes[i]);
    return next;
  }
};

template <class T>
RUSHLIGHT_INLINE Vec<T> load(const T* from) {
  Vec<T> x;
  __builtin_memcpy(&x.lanes, from, sizeof x.lanes);
  return x;
}
template <class T>
RUSHLIGHT_INLINE void store(T* to, Vec<T> x) {
  __builtin_memcpy(to, &x.lanes, sizeof x.lanes);
}

// The machine's own registers: a Vec is one of them, or several if RUSHLIGHT_VECTOR_BYTES says so.
#if defined(__AVX512F__)
// The forms with a full mask: those without begin with an undefined register, of which GCC 12 warns.
RUSHLIGHT_INLINE __m512 native_sqrt(__m512 x) { return _mm512_maskz_sqrt_ps(0xffff, x); }
RUSHLIGHT_INLINE __m512d native_sqrt(__m512d x) { return _mm512_maskz_sqrt_pd(0xff, x); }
RUSHLIGHT_INLINE __m512 native_multiply_add(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
RUSHLIGHT_INLINE __m512d native_multiply_add(__m512d a, __m512d b, __m512d c) {
  return _mm512_fmadd_pd(a, b, c);
}
// x * 2^n for whole n, rounded once.
RUSHLIGHT_INLINE __m512 native_scale(__m512 x, __m512 n) { return _mm512_maskz_scalef_ps(0xffff, x, n); }
RUSHLIGHT_INLINE __m512d native_scale(__m512d x, __m512d n) { return _mm512_maskz_scalef_pd(0xff, x, n); }
RUSHLIGHT_INLINE bool native_any(__m512i mask) { return _mm512_test_epi64_mask(mask, mask) != 0; }
// The smaller or larger, b where either is NaN.
RUSHLIGHT_INLINE __m512 native_min(__m512 a, __m512 b) { return _mm512_maskz_min_ps(0xffff, a, b); }
RUSHLIGHT_INLINE __m512d native_min(__m512d a, __m512d b) { return _mm512_maskz_min_pd(0xff, a, b); }
RUSHLIGHT_INLINE __m512 native_max(__m512 a, __m512 b) { return _mm512_maskz_max_ps(0xffff, a, b); }
RUSHLIGHT_INLINE __m512d native_max(__m512d a, __m512d b) { return _mm512_maskz_max_pd(0xff, a, b); }
template <int Mode>
RUSHLIGHT_INLINE __m512 native_round(__m512 x) {
  return _mm512_maskz_roundscale_ps(0xffff, x, Mode);
}
template <int Mode>
RUSHLIGHT_INLINE __m512d native_round(__m512d x) {
  return _mm512_maskz_roundscale_pd(0xff, x, Mode);
}
using NativeFloats = __m512;
using NativeDoubles = __m512d;
using NativeIntegers = __m512i;
#elif defined(__AVX2__)
RUSHLIGHT_INLINE __m256 native_sqrt(__m256 x) { return _mm256_sqrt_ps(x); }
RUSHLIGHT_INLINE __m256d native_sqrt(__m256d x) { return _mm256_sqrt_pd(x); }
RUSHLIGHT_INLINE __m256 native_multiply_add(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
RUSHLIGHT_INLINE __m256d native_multiply_add(__m256d a, __m256d b, __m256d c) {
  return _mm256_fmadd_pd(a, b, c);
}
RUSHLIGHT_INLINE __m256 native_min(__m256 a, __m256 b) { return _mm256_min_ps(a, b); }
RUSHLIGHT_INLINE __m256d native_min(__m256d a, __m256d b) { return _mm256_min_pd(a, b); }
RUSHLIGHT_INLINE __m256 native_max(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }
RUSHLIGHT_INLINE __m256d native_max(__m256d a, __m256d b) { return _mm256_max_pd(a, b); }
template <int Mode>
RUSHLIGHT_INLINE __m256 native_round(__m256 x) {
  return _mm256_round_ps(x, Mode);
}
template <int Mode>
RUSHLIGHT_INLINE __m256d native_round(__m256d x) {
  return _mm256_round_pd(x, Mode);
}
RUSHLIGHT_INLINE bool native_any(__m256i mask) { return !_mm256_testz_si256(mask, mask); }
using NativeFloats = __m256;
using NativeDoubles = __m256d;
using NativeIntegers = __m256i;
#else
RUSHLIGHT_INLINE __m128 native_sqrt(__m128 x) { return _mm_sqrt_ps(x); }
RUSHLIGHT_INLINE __m128d native_sqrt(__m128d x) { return _mm_sqrt_pd(x); }
RUSHLIGHT_INLINE __m128 native_multiply_add(__m128 a, __m128 b, __m128 c) { return a * b + c; }
RUSHLIGHT_INLINE __m128d native_multiply_add(__m128d a, __m128d b, __m128d c) { return a * b + c; }
RUSHLIGHT_INLINE __m128 native_min(__m128 a, __m128 b) { return _mm_min_ps(a, b); }
RUSHLIGHT_INLINE __m128d native_min(__m128d a, __m128d b) { return _mm_min_pd(a, b); }
RUSHLIGHT_INLINE __m128 native_max(__m128 a, __m128 b) { return _mm_max_ps(a, b); }
RUSHLIGHT_INLINE __m128d native_max(__m128d a, __m128d b) { return _mm_max_pd(a, b); }
template <int Mode>
RUSHLIGHT_INLINE __m128 native_round(__m128 x) {
  return _mm_round_ps(x, Mode);
}
template <int Mode>
RUSHLIGHT_INLINE __m128d native_round(__m128d x) {
  return _mm_round_pd(x, Mode);
}
RUSHLIGHT_INLINE bool native_any(__m128i mask) { return !_mm_testz_si128(mask, mask); }
using NativeFloats = __m128;
using NativeDoubles = __m128d;
using NativeIntegers = __m128i;
#endif
template <class T>
struct NativeOf {
  using Type = NativeFloats;
};
template <>
struct NativeOf<double> {
  using Type = NativeDoubles;
};

template <class T>
union Pieces {
  static constexpr int kCount = kVectorBytes / static_cast<int>(sizeof(NativeFloats));
  typename Vec<T>::Register whole;
  typename NativeOf<T>::Type part[kCount];
};

// a * b + c, rounded once where the instruction set has it. For kernels only: formulas say what they round.
template <class T>
RUSHLIGHT_INLINE Vec<T> multiply_add(Vec<T> a, Vec<T> b, Vec<T> c) {
  const Pieces<T> x{a.lanes}, y{b.lanes}, z{c.lanes};
  Pieces<T> sum;
  for (int i = 0; i < Pieces<T>::kCount; ++i)
    sum.part[i] = native_multiply_add(x.part[i], y.part[i], z.part[i]);
  return Vec<T>(sum.whole);
}

template <class T>
RUSHLIGHT_INLINE Vec<T> sqrt(Vec<T> x) {
  const Pieces<T> square{x.lanes};
  Pieces<T> root;
  for (int i = 0; i < Pieces<T>::kCount; ++i) root.part[i] = native_sqrt(square.part[i]);
  return Vec<T>(root.whole);
}

// Whether the mask holds in any lane.
template <class Mask>
RUSHLIGHT_INLINE bool any(Mask mask) {
  NativeIntegers part[kVectorBytes / sizeof(NativeIntegers)], all = {};
  __builtin_memcpy(part, &mask.bits, sizeof part);
  for (const NativeIntegers& some : part) all |= some;
  return native_any(all);
}

template <class T, class Integer, Integer... I>
RUSHLIGHT_INLINE typename Vec<T>::Bits lane_numbers(std::integer_sequence<Integer, I...>) {
  return typename Vec<T>::Bits{I...};
}
// The first `count` lanes, which may lie outside [0, kLanes].
template <class T>
RUSHLIGHT_INLINE typename Vec<T>::Mask first_lanes(int64_t count) {
  using Integer = typename Vec<T>::Integer;
  const auto numbers = lane_numbers<T>(std::make_integer_sequence<Integer, Vec<T>::kLanes>{});
  const int64_t clamped = count < 0 ? 0 : count > Vec<T>::kLanes ? Vec<T>::kLanes : count;
  return {numbers < static_cast<Integer>(clamped)};
}

// Touches only the first `count` lanes of the memory, all if count >= kLanes, none if it is negative. The
// other lanes are `rest`.
template <class T>
RUSHLIGHT_INLINE Vec<T> load_partial(const T* from, int64_t count, T rest = 0) {
  if (count >= Vec<T>::kLanes) return load(from);
#if defined(__AVX512F__)
  if constexpr (Pieces<T>::kCount == 1) {
    const unsigned mask = count > 0 ? (1u << count) - 1 : 0;
    if constexpr (sizeof(T) == 4)
      return Vec<T>(_mm512_mask_loadu_ps(Vec<T>::splat(rest).lanes, static_cast<__mmask16>(mask), from));
    else
      return Vec<T>(_mm512_mask_loadu_pd(Vec<T>::splat(rest).lanes, static_cast<__mmask8>(mask), from));
  }
#elif defined(__AVX2__)
  if constexpr (Pieces<T>::kCount == 1) {
    const auto mask = first_lanes<T>(count);
    Vec<T> x;
    if constexpr (sizeof(T) == 4)
      x = Vec<T>(reinterpret_cast<typename Vec<T>::Register>(
          _mm256_maskload_ps(from, reinterpret_cast<__m256i>(mask.bits))));
    else
      x = Vec<T>(reinterpret_cast<typename Vec<T>::Register>(
          _mm256_maskload_pd(from, reinterpret_cast<__m256i>(mask.bits))));
    return rest == 0 ? x : select(mask, x, Vec<T>::splat(rest));
  }
#endif
  Vec<T> x = Vec<T>::splat(rest);
  if (count > 0) __builtin_memcpy(&x.lanes, from, static_cast<size_t>(count) * sizeof(T));
  return x;
}
template <class T>
RUSHLIGHT_INLINE void store_partial(T* to, Vec<T> x, int64_t count) {
  if (count >= Vec<T>::kLanes) return store(to, x);  // masked stores are slow on some machines
#if defined(__AVX512F__)
  if constexpr (Pieces<T>::kCount == 1) {
    const unsigned mask = count > 0 ? (1u << count) - 1 : 0;
    if constexpr (sizeof(T) == 4)
      _mm512_mask_storeu_ps(to, static_cast<__mmask16>(mask), x.lanes);
    else
      _mm512_mask_storeu_pd(to, static_cast<__mmask8>(mask), x.lanes);
    return;
  }
#elif defined(__AVX2__)
  if constexpr (Pieces<T>::kCount == 1) {
    const auto mask = reinterpret_cast<__m256i>(first_lanes<T>(count).bits);
    if constexpr (sizeof(T) == 4)
      _mm256_maskstore_ps(to, mask, reinterpret_cast<__m256>(x.lanes));
    else
      _mm256_maskstore_pd(to, mask, reinterpret_cast<__m256d>(x.lanes));
    return;
  }
#endif
  if (count > 0) __builtin_memcpy(to, &x.lanes, static_cast<size_t>(count) * sizeof(T));
}

template <class T>
RUSHLIGHT_INLINE Vec<T> abs(Vec<T> x) {
  return Vec<T>(x.bits() & ~Vec<T>(-0.0).bits());
}

// To a whole number; _MM_FROUND_... says how.
template <int Mode, class T>
RUSHLIGHT_INLINE Vec<T> round_by(Vec<T> x) {
  const Pieces<T> from{x.lanes};
  Pieces<T> to;
  for (int i = 0; i < Pieces<T>::kCount; ++i)
    to.part[i] = native_round < Mode | _MM_FROUND_NO_EXC > (from.part[i]);
  return Vec<T>(to.whole);
}
template <class T>
RUSHLIGHT_INLINE Vec<T> floor(Vec<T> x) {
  return round_by<_MM_FROUND_TO_NEG_INF>(x);
}
template <class T>
RUSHLIGHT_INLINE Vec<T> ceil(Vec<T> x) {
  return round_by<_MM_FROUND_TO_POS_INF>(x);
}
template <class T>
RUSHLIGHT_INLINE Vec<T> trunc(Vec<T> x) {
  return round_by<_MM_FROUND_TO_ZERO>(x);
}
template <class T>
RUSHLIGHT_INLINE Vec<T> round(Vec<T> x) {
  return round_by<_MM_FROUND_TO_NEAREST_INT>(x);
}

// The larger or smaller lane, b's where either is NaN. One instruction each, unlike max() and min().
template <class T>
RUSHLIGHT_INLINE Vec<T> larger_of(Vec<T> a, Vec<T> b) {
  const Pieces<T> x{a.lanes}, y{b.lanes};
  Pieces<T> larger;
  for (int i = 0; i < Pieces<T>::kCount; ++i) larger.part[i] = native_max(x.part[i], y.part[i]);
  return Vec<T>(larger.whole);
}
template <class T>
RUSHLIGHT_INLINE Vec<T> smaller_of(Vec<T> a, Vec<T> b) {
  const Pieces<T> x{a.lanes}, y{b.lanes};
  Pieces<T> smaller;
  for (int i = 0; i < Pieces<T>::kCount; ++i) smaller.part[i] = native_min(x.part[i], y.part[i]);
  return Vec<T>(smaller.whole);
}

// Lane i is lane (i + Shift) % kLanes of x.
template <int Shift, class T, int... I>
RUSHLIGHT_INLINE Vec<T> rotate(Vec<T> x, std::integer_sequence<int, I...>) {
  return Vec<T>(__builtin_shufflevector(x.lanes, x.lanes, ((I + Shift) % Vec<T>::kLanes)...));
}

// combine() over all lanes by halving: a fixed order, and the result in every lane.
template <int Half, class T, class Combine>
RUSHLIGHT_INLINE Vec<T> fold_lanes(Vec<T> x, Combine combine) {
  if constexpr (Half == 0)
    return x;
  else
    return fold_lanes<Half / 2>(
        combine(x, rotate<Half>(x, std::make_integer_sequence<int, Vec<T>::kLanes>{})), combine);
}
template <class T>
RUSHLIGHT_INLINE T sum_of_lanes(Vec<T> x) {
  return fold_lanes<Vec<T>::kLanes / 2>(x, [](Vec<T> a, Vec<T> b) { return a + b; })[0];
}
template <class T>
RUSHLIGHT_INLINE T largest_lane(Vec<T> x) {
  return fold_lanes<Vec<T>::kLanes / 2>(x, [](Vec<T> a, Vec<T> b) { return larger_of(a, b); })[0];
}

// One step of the transposition below: swaps the off-diagonal blocks of size Block between two rows.
template <int Block, class T, int... I>
RUSHLIGHT_INLINE void exchange_blocks(Vec<T>& upper, Vec<T>& lower, std::integer_sequence<int, I...>) {
  constexpr int n = Vec<T>::kLanes;
  const auto a = upper.lanes, b = lower.lanes;
  upper = Vec<T>(__builtin_shufflevector(a, b, ((I & Block) ? n + I - Block : I)...));
  lower = Vec<T>(__builtin_shufflevector(a, b, ((I & Block) ? n + I : I + Block)...));
}
// In place, a square of kLanes x kLanes numbers: blocks of half the size first, then within the blocks.
template <int Block, class T>
RUSHLIGHT_INLINE void transpose(Vec<T>* rows) {
#pragma GCC unroll 16
  for (int i = 0; i < Vec<T>::kLanes; ++i)
    if (!(i & Block))
      exchange_blocks<Block>(rows[i], rows[i + Block], std::make_integer_sequence<int, Vec<T>::kLanes>{});
  if constexpr (Block > 1) transpose<Block / 2>(rows);
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
