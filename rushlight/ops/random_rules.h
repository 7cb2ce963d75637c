// What the rules of random ops share: keys, and tensors of numbers drawn from a generator.
#pragma once

#include <limits>

#include "rushlight/ops/op_rules.h"

namespace rushlight {

using OptionalGenerator = std::optional<Generator>;

// Throws unless the input is what random_key returns.
inline void expect_key(const OpCall& call, size_t input) {
  expect_defined(call, input, "key");
  if (call.in[input].dtype() != DType::uint64 || call.in[input].numel() != 2)
    fail(ErrorKind::type, "[", call.name(), "] key must come from random_key, but it is ", call.in[input]);
}
inline void expect_probability(const char* op, double p) {
  if (!(p >= 0 && p <= 1))
    fail(ErrorKind::value, "[", op, "] probability has to be between 0 and 1, but got ", p);
}
inline void expect_floating_input(const char* op, const Tensor& input) {
  if (!is_floating(input.dtype()))
    fail(ErrorKind::runtime, "[", op, "] input must be floating point, but it is ", input.dtype());
}

// The last whole number that a dtype holds with all before it.
inline int64_t last_whole(DType dtype) {
  return visit(dtype, [](auto tag) -> int64_t {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Half>)
      return int64_t{1} << 11;
    else if constexpr (std::is_same_v<T, BFloat16>)
      return int64_t{1} << 8;
    else if constexpr (std::is_floating_point_v<T>)
      return int64_t{1} << std::numeric_limits<T>::digits;
    else if constexpr (sizeof(T) == 8)
      return std::numeric_limits<int64_t>::max() - 1;  // `to` is an int64
    else
      return static_cast<int64_t>(std::numeric_limits<T>::max());
  });
}

// A key for as many elements; float64 and integers take two words each.
inline Tensor key_of(const char* op, int64_t count, int64_t words, const OptionalGenerator& generator) {
  int64_t total;
  if (__builtin_mul_overflow(count, words, &total))
    fail(ErrorKind::runtime, "[", op, "] ", count, " elements take more random bits than a generator has");
  return random_key(total, {.generator = generator});
}
inline Tensor key_for(const char* op, IntSpan size, int64_t words, const OptionalGenerator& generator) {
  return key_of(op, checked_numel(size, op), words, generator);
}
inline int64_t words_of(DType dtype) { return dtype == DType::float64 ? 2 : 1; }
// Probabilities are met with the bits of a float32 at least.
inline DType no_half(DType dtype) { return dtype == DType::float64 ? dtype : DType::float32; }

inline Tensor uniform_numbers(const char* op, IntSpan size, DType dtype, const OptionalGenerator& generator) {
  return uniform_with_key(key_for(op, size, words_of(dtype), generator), size, dtype);
}
inline Tensor normal_numbers(const char* op, IntSpan size, DType dtype, const OptionalGenerator& generator) {
  return normal_with_key(key_for(op, size, words_of(dtype), generator), size, dtype);
}

}  // namespace rushlight
