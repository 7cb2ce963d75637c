// Casts between any two element types, a loop for each pair. Compiled with more vectorisation than the rest:
// the loops are plain.
#include "rushlight/backend/cpu/cast.h"

#include <array>
#include <type_traits>

#include "rushlight/backend/cpu/simd.h"
#include "rushlight/core/dtype.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

template <class T>
constexpr bool is_half_type = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

// Out of range, a float becomes the integer that the machine's plainest instruction makes of it, vectorised
// or not.
template <class To, class From>
RUSHLIGHT_INLINE To whole_number(From x) {
  if constexpr (std::is_same_v<To, uint64_t>) {
    constexpr From half_way = static_cast<From>(0x1p63);
    return x < half_way ? static_cast<uint64_t>(static_cast<int64_t>(x))
                        : static_cast<uint64_t>(static_cast<int64_t>(x - half_way)) ^ (uint64_t{1} << 63);
  } else if constexpr (std::is_same_v<To, int64_t> || std::is_same_v<To, uint32_t>) {
    return static_cast<To>(static_cast<int64_t>(x));
  } else {
    return static_cast<To>(static_cast<int32_t>(x));
  }
}

template <class To, class From>
RUSHLIGHT_INLINE To cast_one(From x) {
  if constexpr (std::is_same_v<To, From>)
    return x;
  else if constexpr (is_half_type<From>)
    return cast_one<To>(static_cast<float>(x));
  else if constexpr (is_half_type<To>)
    return To(static_cast<float>(x));
  else if constexpr (std::is_same_v<To, bool>)
    return x != From(0);
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>)
    return whole_number<To>(x);
  else
    return static_cast<To>(x);
}

// What side-by-side elements gain from instructions that the compiler does not find by itself: how many were
// cast.
template <class To, class From>
RUSHLIGHT_INLINE int64_t cast_vectors(To*, const From*, int64_t) {
  return 0;
}
#if defined(__AVX512F__)
RUSHLIGHT_INLINE int64_t cast_vectors(float* to, const Half* from, int64_t n) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps(to + i, _mm512_maskz_cvtph_ps(
                                 0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i))));
  return i;
}
RUSHLIGHT_INLINE int64_t cast_vectors(Half* to, const float* from, int64_t n) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i),
                        _mm512_maskz_cvtps_ph(0xffff, _mm512_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  return i;
}
#elif defined(__F16C__)
RUSHLIGHT_INLINE int64_t cast_vectors(float* to, const Half* from, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  return i;
}
RUSHLIGHT_INLINE int64_t cast_vectors(Half* to, const float* from, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  return i;
}
#endif

template <class To, class From>
void cast_run(void* to, int64_t to_step, const void* from, int64_t from_step, int64_t n) {
  auto* out = static_cast<To*>(to);
  auto* in = static_cast<const From*>(from);
  if (to_step == 1 && from_step == 1) {
    for (int64_t i = cast_vectors(out, in, n); i < n; ++i) out[i] = cast_one<To>(in[i]);
  } else {
#pragma GCC unroll 1
    for (int64_t i = 0; i < n; ++i) out[i * to_step] = cast_one<To>(in[i * from_step]);
  }
}

using CastTable = std::array<std::array<CastRun, kDTypeCount>, kDTypeCount>;

constexpr CastTable kCasts = [] {
  CastTable table{};
  size_t to = 0;
  ElementTypes::for_each([&](auto to_tag) {
    size_t from = 0;
    ElementTypes::for_each([&](auto from_tag) {
      table[to][from++] = cast_run<typename decltype(to_tag)::type, typename decltype(from_tag)::type>;
    });
    ++to;
  });
  return table;
}();

}  // namespace

CastRun cast_run_between(int to, int from) {
  return kCasts[static_cast<size_t>(to)][static_cast<size_t>(from)];
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
