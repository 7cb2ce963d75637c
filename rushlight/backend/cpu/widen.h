// widen: narrow numbers as a vector of floats, by instructions that GCC 12 does not find by itself. Only for
// *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd.h"
#include "rushlight/core/half.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

#if defined(__AVX512F__)  // with full masks, as in simd.h
RUSHLIGHT_INLINE NativeFloats native_widen(const float* from) { return _mm512_loadu_ps(from); }
RUSHLIGHT_INLINE NativeFloats native_widen(const BFloat16* from) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_maskz_slli_epi32(0xffff, _mm512_maskz_cvtepu16_epi32(0xffff, bits), 16));
}
RUSHLIGHT_INLINE NativeFloats native_widen(const Half* from) {
  return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
RUSHLIGHT_INLINE NativeFloats native_widen(const int8_t* from) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm512_maskz_cvtepi32_ps(0xffff, _mm512_maskz_cvtepi8_epi32(0xffff, bytes));
}
#elif defined(__AVX2__)
RUSHLIGHT_INLINE NativeFloats native_widen(const float* from) { return _mm256_loadu_ps(from); }
RUSHLIGHT_INLINE NativeFloats native_widen(const BFloat16* from) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
RUSHLIGHT_INLINE NativeFloats native_widen(const Half* from) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
RUSHLIGHT_INLINE NativeFloats native_widen(const int8_t* from) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
}
#else
RUSHLIGHT_INLINE NativeFloats native_widen(const float* from) { return _mm_loadu_ps(from); }
RUSHLIGHT_INLINE NativeFloats native_widen(const BFloat16* from) {
  const __m128i bits = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  return _mm_castsi128_ps(_mm_slli_epi32(_mm_cvtepu16_epi32(bits), 16));
}
RUSHLIGHT_INLINE NativeFloats native_widen(const Half* from) {
  return NativeFloats{from[0], from[1], from[2], from[3]};
}
RUSHLIGHT_INLINE NativeFloats native_widen(const int8_t* from) {
  int bytes;
  __builtin_memcpy(&bytes, from, sizeof bytes);
  return _mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(bytes)));
}
#endif

template <class T>
RUSHLIGHT_INLINE Vec<float> widen(const T* from) {
  constexpr int lanes = static_cast<int>(sizeof(NativeFloats) / sizeof(float));
  Pieces<float> wide;
  for (int i = 0; i < Pieces<float>::kCount; ++i) wide.part[i] = native_widen(from + i * lanes);
  return Vec<float>(wide.whole);
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
