// Random numbers along vectors: each lane is a counter of its own, so that a vector of them gives four
// vectors of words, which are put in order. The formulas are those of base/philox.h.
#include "rushlight/backend/cpu/random.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

template <class T>
struct SameWidthWord {
  using Type = uint32_t;
};
template <>
struct SameWidthWord<double> {
  using Type = uint64_t;
};

#if defined(__AVX512F__)
using NativeWords = __m512i;
RUSHLIGHT_INLINE __m512i native_multiply_even(__m512i a, __m512i b) {
  return _mm512_maskz_mul_epu32(0xff, a, b);
}
#elif defined(__AVX2__)
using NativeWords = __m256i;
RUSHLIGHT_INLINE __m256i native_multiply_even(__m256i a, __m256i b) { return _mm256_mul_epu32(a, b); }
#else
using NativeWords = __m128i;
RUSHLIGHT_INLINE __m128i native_multiply_even(__m128i a, __m128i b) { return _mm_mul_epu32(a, b); }
#endif

typedef uint64_t WideRegister __attribute__((vector_size(kVectorBytes)));

// Unsigned lanes as wide as T's: what philox.h calls W.
template <class T>
struct Words {
  using Lane = typename SameWidthWord<T>::Type;
  typedef Lane Register __attribute__((vector_size(kVectorBytes)));
  Register v;

  Words() = default;
  RUSHLIGHT_INLINE Words(Lane value) : v(value - Register{}) {}
  RUSHLIGHT_INLINE static Words of(Register value) {
    Words words;
    words.v = value;
    return words;
  }
  [[gnu::always_inline]] friend Words operator+(Words a, Words b) { return of(a.v + b.v); }
  [[gnu::always_inline]] friend Words operator-(Words a, Words b) { return of(a.v - b.v); }
  [[gnu::always_inline]] friend Words operator*(Words a, Words b) { return of(a.v * b.v); }
  [[gnu::always_inline]] friend Words operator^(Words a, Words b) { return of(a.v ^ b.v); }
  [[gnu::always_inline]] friend Words operator&(Words a, Words b) { return of(a.v & b.v); }
  [[gnu::always_inline]] friend Words operator>>(Words a, int bits) { return of(a.v >> bits); }
  [[gnu::always_inline]] friend Words operator<<(Words a, int bits) { return of(a.v << bits); }
};

// The product of the low half of each 64 bits.
RUSHLIGHT_INLINE WideRegister multiply_even(WideRegister a, WideRegister b) {
  constexpr int kCount = kVectorBytes / static_cast<int>(sizeof(NativeWords));
  union Parts {
    WideRegister whole;
    NativeWords part[kCount];
  };
  const Parts x{a}, y{b};
  Parts product;
  for (int i = 0; i < kCount; ++i) product.part[i] = native_multiply_even(x.part[i], y.part[i]);
  return product.whole;
}
RUSHLIGHT_INLINE Words<float> multiply_high(Words<float> a, Words<float> b) {
  const auto x = reinterpret_cast<WideRegister>(a.v), y = reinterpret_cast<WideRegister>(b.v);
  const WideRegister even = multiply_even(x, y) >> 32, odd = multiply_even(x >> 32, y >> 32);
  const WideRegister high = even | (odd & (uint64_t{0xFFFFFFFF} << 32));
  return Words<float>::of(reinterpret_cast<Words<float>::Register>(high));
}

// What philox.h calls F. Words that become numbers are below 2^31, or 2^52.
template <class T>
struct Numbers : Vec<T> {
  Numbers() = default;
  RUSHLIGHT_INLINE Numbers(double value) : Vec<T>(value) {}
  RUSHLIGHT_INLINE Numbers(Vec<T> value) : Vec<T>(value) {}
  RUSHLIGHT_INLINE explicit Numbers(Words<T> words) : Vec<T>(converted(words)) {}

 private:
  RUSHLIGHT_INLINE static Vec<T> converted(Words<T> words) {
    const auto bits = reinterpret_cast<typename Vec<T>::Bits>(words.v);
    if constexpr (sizeof(T) == 4)
      return Vec<T>(__builtin_convertvector(bits, typename Vec<T>::Register));
    else  // below the point of 2^52
      return Vec<T>(bits | Vec<T>(0x1p52).bits()) - Vec<T>(0x1p52);
  }
};

// -- words

template <int... I>
RUSHLIGHT_INLINE void interleave(Words<float>& a, Words<float>& b, std::integer_sequence<int, I...>) {
  constexpr int n = Vec<float>::kLanes;
  const auto x = a.v, y = b.v;
  a = Words<float>::of(__builtin_shufflevector(x, y, (I / 2 + I % 2 * n)...));
  b = Words<float>::of(__builtin_shufflevector(x, y, ((I + n) / 2 + I % 2 * n)...));
}
template <int... I>
RUSHLIGHT_INLINE Words<float> counted_up(std::integer_sequence<int, I...>) {
  return Words<float>::of(Words<float>::Register{I...});
}

constexpr int kGroup = 4 * Vec<float>::kLanes;  // words that come at once

// kGroup words, from block `index` on.
RUSHLIGHT_INLINE void write_group(PhiloxKey key, uint64_t index, uint32_t* to) {
  constexpr auto lanes = std::make_integer_sequence<int, Vec<float>::kLanes>{};
  const uint64_t counter = key.counter + index;
  const Words<float> first(static_cast<uint32_t>(counter));
  const Words<float> low = first + counted_up(lanes);
  Words<float> high(static_cast<uint32_t>(counter >> 32));
  high.v -= reinterpret_cast<Words<float>::Register>(low.v < first.v);  // true is -1
  PhiloxBlock<Words<float>> x = philox4x32<Words<float>>({{low, high, Words<float>(0u), Words<float>(0u)}},
                                                         Words<float>(static_cast<uint32_t>(key.seed)),
                                                         Words<float>(static_cast<uint32_t>(key.seed >> 32)));
  auto& word = x.word;
  interleave(word[0], word[2], lanes);
  interleave(word[1], word[3], lanes);
  interleave(word[0], word[1], lanes);
  interleave(word[2], word[3], lanes);
  const Words<float> in_order[] = {word[0], word[1], word[2], word[3]};
  __builtin_memcpy(to, in_order, sizeof in_order);
}

// -- numbers, tile by tile

constexpr int64_t kTile = 512;  // elements

// of_tile(first element, how many, their words), with a whole tile of words even for the last few.
template <int WordsPerElement, class OfTile>
void each_tile(PhiloxKey key, int64_t count, OfTile of_tile) {
  constexpr int64_t words = kTile * WordsPerElement;
  parallel_ranges(ceil_div(count, kTile), kTile, [&](int64_t begin, int64_t end) {
    alignas(64) uint32_t tile[words];
    for (int64_t t = begin; t < end; ++t) {
      const int64_t n = smaller(kTile, count - t * kTile);
      for (int64_t i = 0; i < n * WordsPerElement; i += kGroup)
        write_group(key, static_cast<uint64_t>(t * words + i) / 4, tile + i);
      of_tile(t * kTile, n, tile);
    }
  });
}

template <class T>
RUSHLIGHT_INLINE Words<T> load_words(const uint32_t* from) {
  Words<T> words;
  __builtin_memcpy(&words.v, from, sizeof words.v);
  return words;
}

// draw(word) of each element for floats, draw(high, low) for doubles.
template <class T, class Draw>
void fill(const RandomArgs<T>& args, Draw draw) {
  constexpr int64_t lanes = Vec<T>::kLanes, words_each = sizeof(T) / 4;
  each_tile<words_each>(args.key, args.count, [&](int64_t first, int64_t n, const uint32_t* tile) {
    for (int64_t i = 0; i < n; i += lanes) {
      const Words<T> words = load_words<T>(tile + i * words_each);
      Vec<T> y;
      if constexpr (words_each == 1)
        y = draw(words);
      else
        y = draw(words & Words<T>(0xFFFFFFFFu), words >> 32);
      store_partial(args.y + first + i, y, n - i);
    }
  });
}

}  // namespace

// `count` words, a multiple of four, from block `first` on.
void random_words(PhiloxKey key, uint64_t first, int64_t count, uint32_t* to) {
  int64_t i = 0;
  for (; i + kGroup <= count; i += kGroup) write_group(key, first + static_cast<uint64_t>(i) / 4, to + i);
  if (i == count) return;
  uint32_t rest[kGroup];
  write_group(key, first + static_cast<uint64_t>(i) / 4, rest);
  __builtin_memcpy(to + i, rest, static_cast<size_t>(count - i) * sizeof(uint32_t));
}

template <class T>
void uniform(const RandomArgs<T>& args) {
  using F = Numbers<T>;
  const auto steps = static_cast<double>(1 << args.grid_bits);
  if constexpr (sizeof(T) == 8)
    fill(args, [](Words<T> high, Words<T> low) -> F { return rushlight::uniform<F>(high, low); });
  else if (args.grid_bits == 24)
    fill(args, [](Words<T> word) -> F { return rushlight::uniform<F>(word); });
  else
    fill(args, [steps](Words<T> word) -> F {
      return floor(rushlight::uniform<F>(word) * Vec<T>(steps)) / Vec<T>(steps);
    });
}

template <class T>
void normal(const RandomArgs<T>& args) {
  using F = Numbers<T>;
  if constexpr (sizeof(T) == 8)
    fill(args, [](Words<T> high, Words<T> low) -> F { return rushlight::normal<F>(high, low); });
  else
    fill(args, [](Words<T> word) -> F { return rushlight::normal<F>(word); });
}

template <class T>
void dropout(const DropoutArgs<T>& args) {
  constexpr int64_t lanes = Vec<T>::kLanes;
  const Vec<T> scale = Vec<T>::splat(args.scale);
  each_tile<1>(args.key, args.count, [&](int64_t first, int64_t n, uint32_t* tile) {
    alignas(64) float draws[kTile];
    for (int64_t i = 0; i < n; i += Vec<float>::kLanes)
      store<float>(draws + i, rushlight::uniform<Numbers<float>>(load_words<float>(tile + i)));
    for (int64_t i = 0; i < n; i += lanes) {
      Vec<T> draw;
      if constexpr (sizeof(T) == 4)
        draw = load(draws + i);
      else
        for (int k = 0; k < lanes; ++k) draw.lanes[k] = draws[i + k];
      const Vec<T> kept = load_partial(args.x + first + i, n - i) * scale;
      store_partial(args.y + first + i, select(draw >= Vec<T>::splat(args.p), kept, Vec<T>(0.0)), n - i);
    }
  });
}

template void uniform(const RandomArgs<float>&);
template void uniform(const RandomArgs<double>&);
template void normal(const RandomArgs<float>&);
template void normal(const RandomArgs<double>&);
template void dropout(const DropoutArgs<float>&);
template void dropout(const DropoutArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
