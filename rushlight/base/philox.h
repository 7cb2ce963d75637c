// Random numbers from counters: the same bits for scalars, SIMD lanes and devices, in any order.
//
// A random number is a function of (seed, counter, element) and nothing else, so threads, vector widths and
// replays agree without talking to each other. All functions are templates over W, the unsigned words of one
// lane or of many, and F, the floats of as many lanes, and use + - * / sqrt and bits only. The bits agree as
// long as the compiler does not contract a * b + c: build with -ffp-contract=off.
//
// A lane type W needs W(uint32_t), ^ + - * & >> << and a multiply_high that ADL finds; F needs F(double),
// F(W),
// + - * / and a sqrt that ADL finds.
#pragma once

#include <cstdint>
#include <type_traits>

namespace rushlight {

// The state of a generator. An op takes it, and moves `counter` on by philox_blocks(elements, words of each).
struct PhiloxKey {
  uint64_t seed = 0, counter = 0;
  friend bool operator==(const PhiloxKey&, const PhiloxKey&) = default;
};

// What one counter gives: 128 random bits a lane.
template <class W>
struct PhiloxBlock {
  W word[4];
};

constexpr uint64_t philox_blocks(uint64_t elements, uint64_t words_per_element) {
  const uint64_t elements_per_block = 4 / words_per_element;
  return elements / elements_per_block + (elements % elements_per_block != 0);
}

[[gnu::always_inline]] constexpr inline uint32_t multiply_high(uint32_t a, uint32_t b) {
  return static_cast<uint32_t>(uint64_t{a} * b >> 32);
}

// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011).
template <class W>
[[gnu::always_inline]] constexpr inline PhiloxBlock<W> philox4x32(PhiloxBlock<W> x, W key_low, W key_high) {
  for (int round = 0; round < 10; ++round) {
    const W a(0xD2511F53u), b(0xCD9E8D57u);
    x = {{multiply_high(b, x.word[2]) ^ x.word[1] ^ key_low, b * x.word[2],
          multiply_high(a, x.word[0]) ^ x.word[3] ^ key_high, a * x.word[0]}};
    key_low = key_low + W(0x9E3779B9u);
    key_high = key_high + W(0xBB67AE85u);
  }
  return x;
}

// The block behind `key.counter + index`, for callers who count in scalars.
[[gnu::always_inline]] constexpr inline PhiloxBlock<uint32_t> philox_block(PhiloxKey key, uint64_t index) {
  const uint64_t counter = key.counter + index;
  return philox4x32<uint32_t>({{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), 0, 0}},
                              static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32));
}

// The word of an element that takes one: word i % 4 of block i / 4.
[[gnu::always_inline]] constexpr inline uint32_t random_word(PhiloxKey key, uint64_t element) {
  return philox_block(key, element / 4).word[element % 4];
}

// The words of an element that takes two: 2 (i % 2) and the next of block i / 2.
struct WordPair {
  uint32_t high, low;
};
[[gnu::always_inline]] constexpr inline WordPair random_word_pair(PhiloxKey key, uint64_t element) {
  const PhiloxBlock<uint32_t> block = philox_block(key, element / 2);
  const int at = element % 2 ? 2 : 0;
  return {block.word[at], block.word[at + 1]};
}

// Uniform in [0, 1) on the grid of 2^-24: each value as likely as the next, 1 never.
template <class F, class W>
[[gnu::always_inline]] constexpr inline F uniform(W word) {
  return F(word >> 8) * F(0x1p-24);
}

// Uniform in [0, 1) on the grid of 2^-53. W has lanes as wide as a double's, with a word in the low half of
// each.
template <class F, class W>
[[gnu::always_inline]] constexpr inline F uniform(W high, W low) {
  return (F(high >> 5) * F(0x1p26) + F(low >> 6)) * F(0x1p-53);
}

// An integer in [0, n), n > 0. No value's probability is off by more than 2^-64.
[[gnu::always_inline]] constexpr inline uint64_t bounded(WordPair words, uint64_t n) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>(Wide{uint64_t{words.high} << 32 | words.low} * n >> 64);
}

namespace philox_detail {

// The sum of coefficient * x^k, the highest power first.
template <class F, class... Rest>
[[gnu::always_inline]] constexpr inline F polynomial(F x, double first, Rest... rest) {
  F sum(first);
  ((sum = sum * x + F(rest)), ...);
  return sum;
}

template <class F>
[[gnu::always_inline]] constexpr inline F square_root(F x) {
  if constexpr (std::is_same_v<F, float>)
    return __builtin_sqrtf(x);
  else if constexpr (std::is_same_v<F, double>)
    return __builtin_sqrt(x);
  else
    return sqrt(x);
}

// The bits of sqrt(2), rounded down: a mantissa above them counts as less than one of the next power of two.
template <int kMantissa>
inline constexpr std::conditional_t<kMantissa == 23, uint32_t, uint64_t> kRootTwo = 0x3FB504F3;
template <>
inline constexpr uint64_t kRootTwo<52> = 0x3FF6A09E667F3BCC;

// -log(a) for a in (0, 1], from a = f / 2^halvings with f in (sqrt(1/2), sqrt(2)].
template <int kMantissa, class F, class W>
[[gnu::always_inline]] constexpr inline F minus_log(F a) {
  const W bits = __builtin_bit_cast(W, a);
  const W halvings = (W(kRootTwo<kMantissa>) - bits) >> kMantissa;
  const F f = __builtin_bit_cast(F, bits + (halvings << kMantissa));
  const F s = (f - F(1)) / (f + F(1));
  return F(halvings) * F(0.69314718055994531) -
         s * polynomial(s * s, 2. / 15, 2. / 13, 2. / 11, 2. / 9, 2. / 7, 2. / 5, 2. / 3, 2.);
}

// The z > 0 that a normal variable exceeds in size with probability `tail`, in (0, 1].
//
// With x = 1 - tail, z / x is a smooth function of w = -log(1 - x^2) that grows like sqrt(w); as a function
// of sqrt(w + 3.5) it is close to a straight line, and one polynomial follows it over all tails that have
// bits.
template <int kMantissa, class F, class W>
[[gnu::always_inline]] constexpr inline F normal_magnitude(F tail) {
  const F x = F(1) - tail;
  const F w = minus_log<kMantissa, F, W>(tail * (F(1) + x));
  const F u = square_root(w + F(3.5)) - F(4.078125);
  return x * polynomial(u, -4.0783343103357131e-10, 1.1899281918435511e-9, 1.0673403873183994e-8,
                        -3.614199609226767e-8, -1.0400234012752608e-7, 4.4939217563550649e-7,
                        3.6840506595834067e-7, -2.7972593376212182e-6, 6.3392215215559851e-7,
                        8.0493456694769509e-6, -6.0963922468294197e-6, -6.1712360361239749e-6,
                        -7.1001059497910179e-6, 2.4853714130631174e-5, 3.9891189936530425e-5,
                        -0.00019620523580939447, 0.00037684247402127536, -0.00051566901343813948,
                        0.00042998662075272322, 0.00036400523416765041, -0.0031841997920136188,
                        0.012731298621970622, -0.04777534979114132, 1.6044463659100548, 4.8933628565803449);
}

}  // namespace philox_detail

// Standard normal by the inverse of its distribution function: sign and tail come from one word. |z| < 6.4.
// In float32 it is within 1.5e-6 of the exact inverse, 3 ULP of the largest.
template <class F, class W>
[[gnu::always_inline]] constexpr inline F normal(W word) {
  const W sign = word & W(0x80000000u);
  const F tail = (F(word & W(0x7FFFFFFFu)) + F(0.5)) * F(0x1p-31);
  const F z = philox_detail::normal_magnitude<23, F, W>(tail);
  return __builtin_bit_cast(F, __builtin_bit_cast(W, z) ^ sign);
}

// The same from 52 bits of tail, lanes as for `uniform` of two words. |z| < 8.3.
// In float64 it is within 1e-8 of the exact inverse.
template <class F, class W>
[[gnu::always_inline]] constexpr inline F normal(W high, W low) {
  const W sign = (high >> 31) << 63;
  const F bits = F(high & W(0x7FFFFFFFu)) * F(0x1p21) + F(low >> 11);
  const F z = philox_detail::normal_magnitude<52, F, W>((bits + F(0.5)) * F(0x1p-52));
  return __builtin_bit_cast(F, __builtin_bit_cast(W, z) ^ sign);
}

}  // namespace rushlight
