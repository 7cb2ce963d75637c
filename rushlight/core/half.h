// float16 and bfloat16: 16 bits that travel through memory; arithmetic happens in float. Inlined by force, so
// that the kernels of an instruction set share no function with others.
#pragma once

#include <bit>
#include <cstdint>

namespace rushlight {

struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  // Rounds to nearest, ties to even; NaN stays NaN.
  [[gnu::always_inline]] explicit BFloat16(float value) {
    uint32_t word = std::bit_cast<uint32_t>(value);
    if ((word & 0x7fffffffu) > 0x7f800000u)
      bits = static_cast<uint16_t>((word >> 16) | 0x40u);
    else
      bits = static_cast<uint16_t>((word + 0x7fffu + ((word >> 16) & 1u)) >> 16);
  }
  [[gnu::always_inline]] operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

struct Half {
  uint16_t bits = 0;

  Half() = default;
  explicit Half(float value);
  operator float() const;
};

// Rounds to nearest, ties to even; overflows to infinity, underflows through the subnormals.
[[gnu::always_inline]] inline Half::Half(float value) {
  uint32_t word = std::bit_cast<uint32_t>(value);
  uint32_t sign = (word >> 16) & 0x8000u;
  uint32_t magnitude = word & 0x7fffffffu;
  uint32_t result;
  if (magnitude > 0x7f800000u) {
    result = 0x7e00u;
  } else if (magnitude >= 0x47800000u) {  // 65536 and more
    result = 0x7c00u;
  } else if (magnitude <
             0x38800000u) {  // below the smallest normal: let the float adder round to steps of 2^-24
    float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    result = std::bit_cast<uint32_t>(shifted) - 0x3f000000u;
  } else {
    result = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  }
  bits = static_cast<uint16_t>(sign | result);
}

[[gnu::always_inline]] inline Half::operator float() const {
  uint32_t sign = uint32_t{bits & 0x8000u} << 16;
  uint32_t magnitude = bits & 0x7fffu;
  uint32_t word;
  if (magnitude >= 0x7c00u) {
    word = 0x7f800000u | ((magnitude & 0x3ffu) << 13);
  } else if (magnitude >= 0x400u) {
    word = (magnitude << 13) + 0x38000000u;
  } else {  // subnormal: an integer number of 2^-24
    word = std::bit_cast<uint32_t>(static_cast<float>(magnitude) * 0x1p-24f);
  }
  return std::bit_cast<float>(sign | word);
}

}  // namespace rushlight
