#include "rushlight/base/philox.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

using namespace rushlight;

namespace {

// Lanes as a backend has them: four words beside four floats.
struct Words {
  typedef uint32_t Vector __attribute__((vector_size(16)));
  Vector v;
  Words() = default;
  explicit Words(Vector vector) : v(vector) {}
  explicit Words(uint32_t word) : v(Vector{} + word) {}
  friend Words operator^(Words a, Words b) { return Words(a.v ^ b.v); }
  friend Words operator&(Words a, Words b) { return Words(a.v & b.v); }
  friend Words operator+(Words a, Words b) { return Words(a.v + b.v); }
  friend Words operator-(Words a, Words b) { return Words(a.v - b.v); }
  friend Words operator*(Words a, Words b) { return Words(a.v * b.v); }
  friend Words operator>>(Words a, int bits) { return Words(a.v >> bits); }
  friend Words operator<<(Words a, int bits) { return Words(a.v << bits); }
  friend Words multiply_high(Words a, Words b) {
    Words high;
    for (int i = 0; i < 4; ++i) high.v[i] = static_cast<uint32_t>(uint64_t{a.v[i]} * b.v[i] >> 32);
    return high;
  }
};

struct Floats {
  typedef float Vector __attribute__((vector_size(16)));
  Vector v;
  Floats() = default;
  explicit Floats(Vector vector) : v(vector) {}
  explicit Floats(double number) : v(Vector{} + static_cast<float>(number)) {}
  explicit Floats(Words words) : v(__builtin_convertvector(words.v, Vector)) {}
  friend Floats operator+(Floats a, Floats b) { return Floats(a.v + b.v); }
  friend Floats operator-(Floats a, Floats b) { return Floats(a.v - b.v); }
  friend Floats operator*(Floats a, Floats b) { return Floats(a.v * b.v); }
  friend Floats operator/(Floats a, Floats b) { return Floats(a.v / b.v); }
  friend Floats sqrt(Floats a) {
    for (int i = 0; i < 4; ++i) a.v[i] = std::sqrt(a.v[i]);
    return a;
  }
};

// The words of both tails, of the middle, and of much between.
std::vector<uint32_t> sample_words() {
  std::vector<uint32_t> words;
  for (uint32_t sign : {0u, 0x80000000u}) {
    for (uint32_t i = 0; i < 300; ++i) words.insert(words.end(), {sign | i, sign | (0x7FFFFFFFu - i)});
    for (double w = 300; w < 0x7FFFFFFF; w *= 1.0007) words.push_back(sign | static_cast<uint32_t>(w));
  }
  words.resize(words.size() / 4 * 4);
  return words;
}

// How far z is from the point with this upper tail, to first order, judged by the C library's erfc.
double distance_from_quantile(double z, double upper_tail) {
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
  return std::abs(std::erfc(z / std::sqrt(2.)) / 2 - upper_tail) / density;
}

double normal_distribution(double z) { return std::erfc(-z / std::sqrt(2.)) / 2; }

// The Kolmogorov-Smirnov statistic times sqrt(n): above 1.95 for one honest sample in a thousand.
template <class Distribution>
double ks_statistic(std::vector<double> sample, Distribution distribution) {
  std::sort(sample.begin(), sample.end());
  const auto n = static_cast<double>(sample.size());
  double worst = 0;
  for (size_t i = 0; i < sample.size(); ++i) {
    const double expected = distribution(sample[i]);
    worst =
        std::max({worst, static_cast<double>(i + 1) / n - expected, expected - static_cast<double>(i) / n});
  }
  return worst * std::sqrt(n);
}

template <class Draw>
std::vector<double> draw(size_t count, Draw one) {
  std::vector<double> sample(count);
  for (size_t i = 0; i < count; ++i) sample[i] = one(i);
  return sample;
}

double mean_power(const std::vector<double>& sample, int power) {
  double sum = 0;
  for (double x : sample) sum += std::pow(x, power);
  return sum / static_cast<double>(sample.size());
}

constexpr size_t kDraws = 400000;
constexpr PhiloxKey kKey{.seed = 20240229, .counter = 17};

double draw_normal_float(size_t i) { return normal<float>(random_word(kKey, i)); }
double draw_normal_double(size_t i) {
  const WordPair words = random_word_pair(kKey, i);
  return normal<double, uint64_t>(words.high, words.low);
}
double draw_uniform_float(size_t i) { return uniform<float>(random_word(kKey, i)); }
double draw_uniform_double(size_t i) {
  const WordPair words = random_word_pair(kKey, i);
  return uniform<double, uint64_t>(words.high, words.low);
}

}  // namespace

TEST_CASE("philox4x32: the vectors that Random123 publishes") {
  const auto gives = [](PhiloxBlock<uint32_t> counter, uint32_t key0, uint32_t key1,
                        PhiloxBlock<uint32_t> expected) {
    const auto block = philox4x32<uint32_t>(counter, key0, key1);
    return std::equal(block.word, block.word + 4, expected.word);
  };
  CHECK(gives({{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}));
  constexpr uint32_t ones = 0xffffffff;
  CHECK(gives({{ones, ones, ones, ones}}, ones, ones, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}));
  CHECK(gives({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0,
              {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}));
}

TEST_CASE("philox4x32: is a constant expression") {
  static_assert(philox_block({.seed = 0, .counter = 0}, 0).word[0] == 0x6627e8d5);
  static_assert(random_word({.seed = 0, .counter = 0}, 3) == 0x9b00dbd8);
}

TEST_CASE("philox_block: counter and seed count in 64 bits") {
  const PhiloxKey key{.seed = 0x123456789abcdef0, .counter = 0xffffffff};
  const auto expected = philox4x32<uint32_t>({{0, 1, 0, 0}}, 0x9abcdef0, 0x12345678);
  CHECK(philox_block(key, 1).word[2] == expected.word[2]);
  CHECK(philox_block({.seed = key.seed, .counter = 0x100000000}, 0).word[2] == expected.word[2]);
}

TEST_CASE("philox: elements take the words of successive blocks in order") {
  for (uint64_t i = 0; i < 40; ++i) {
    CHECK(random_word(kKey, i) == philox_block(kKey, i / 4).word[i % 4]);
    CHECK(random_word_pair(kKey, i).high == random_word(kKey, 2 * i));
    CHECK(random_word_pair(kKey, i).low == random_word(kKey, 2 * i + 1));
  }
  CHECK(philox_blocks(0, 1) == 0);
  CHECK(philox_blocks(1, 1) == 1);
  CHECK(philox_blocks(4, 1) == 1);
  CHECK(philox_blocks(5, 1) == 2);
  CHECK(philox_blocks(5, 2) == 3);
  CHECK(philox_blocks(UINT64_MAX, 1) == uint64_t{1} << 62);
}

TEST_CASE("philox: lanes give the bits that scalars give") {
  const Words low(Words::Vector{0, 1, 2, 3});
  const auto lanes = philox4x32<Words>({{low + Words(17u), Words(0u), Words(0u), Words(0u)}},
                                       Words(static_cast<uint32_t>(kKey.seed)), Words(0u));
  for (uint64_t block = 0; block < 4; ++block)
    for (int word = 0; word < 4; ++word)
      CHECK(lanes.word[word].v[block] == philox_block(kKey, block).word[word]);

  const std::vector<uint32_t> words = sample_words();
  int different = 0;
  for (size_t i = 0; i < words.size(); i += 4) {
    Words four;
    for (size_t lane = 0; lane < 4; ++lane) four.v[lane] = words[i + lane];
    const Floats normals = normal<Floats>(four), uniforms = uniform<Floats>(four);
    for (size_t lane = 0; lane < 4; ++lane) {
      different += normals.v[lane] != normal<float>(words[i + lane]);
      different += uniforms.v[lane] != uniform<float>(words[i + lane]);
    }
  }
  CHECK(different == 0);
}

TEST_CASE("uniform: from exactly 0 to just below 1") {
  CHECK(uniform<float>(0u) == 0.f);
  CHECK(uniform<float>(0xffffffffu) == std::nextafter(1.f, 0.f));
  CHECK(uniform<float>(0x80000000u) == 0.5f);
  CHECK(uniform<float>(0x1ffu) == 0x1p-24f);
  using U = uint64_t;
  CHECK(uniform<double, U>(0, 0) == 0.);
  CHECK(uniform<double, U>(0xffffffff, 0xffffffff) == std::nextafter(1., 0.));
  CHECK(uniform<double, U>(0x80000000, 0) == 0.5);
  CHECK(uniform<double, U>(0, 0x7f) == 0x1p-53);
}

TEST_CASE("uniform: Kolmogorov-Smirnov, moments and neighbours") {
  for (auto one : {draw_uniform_float, draw_uniform_double}) {
    const auto sample = draw(kDraws, one);
    CHECK(ks_statistic(sample, [](double x) { return x; }) < 1.95);
    CHECK(mean_power(sample, 1) == doctest::Approx(1. / 2).epsilon(0.003));
    CHECK(mean_power(sample, 2) == doctest::Approx(1. / 3).epsilon(0.005));
    double product = 0;
    for (size_t i = 1; i < sample.size(); ++i) product += (sample[i] - 0.5) * (sample[i - 1] - 0.5);
    CHECK(std::abs(product / kDraws) < 4 / 12. / std::sqrt(kDraws));
  }
}

TEST_CASE("normal: every tail lands within its accuracy of the exact quantile") {
  double worst_float = 0, worst_double = 0;
  for (uint32_t word : sample_words()) {
    const bool negative = word >> 31;
    const double bits = word & 0x7fffffff;
    const float z = normal<float>(word);
    REQUIRE(std::signbit(z) == negative);
    worst_float = std::max(worst_float, distance_from_quantile(std::abs(z), (bits + 0.5) * 0x1p-32));

    const double wide = normal<double, uint64_t>(word, 0x80000000u);
    REQUIRE(std::signbit(wide) == negative);
    const double tail = (bits * 0x1p21 + 0x1p20 + 0.5) * 0x1p-53;
    worst_double = std::max(worst_double, distance_from_quantile(std::abs(wide), tail));
  }
  // The least significant words alone reach the far tail of a double.
  for (uint64_t low = 0; low < 0x100000000; low = low * 3 / 2 + 2048) {
    const double tail = (static_cast<double>(low >> 11) + 0.5) * 0x1p-53;
    worst_double = std::max(worst_double, distance_from_quantile(normal<double, uint64_t>(0, low), tail));
  }
  CHECK(worst_float < 1.5e-6);
  CHECK(worst_double < 1e-8);
}

TEST_CASE("normal: the extremes, and symmetry to the bit") {
  CHECK(normal<float>(0u) == doctest::Approx(6.3381).epsilon(1e-4));
  CHECK(normal<float>(0x7fffffffu) == 0.f);
  CHECK(normal<double, uint64_t>(0, 0) == doctest::Approx(8.2924).epsilon(1e-4));
  CHECK(std::abs(normal<double, uint64_t>(0x7fffffff, 0xffffffff)) < 1e-15);
  for (uint32_t word : sample_words()) REQUIRE(normal<float>(word) == -normal<float>(word ^ 0x80000000u));
}

TEST_CASE("normal: Kolmogorov-Smirnov and four moments") {
  for (auto one : {draw_normal_float, draw_normal_double}) {
    const auto sample = draw(kDraws, one);
    CHECK(ks_statistic(sample, normal_distribution) < 1.95);
    const double deviation = 1 / std::sqrt(kDraws);
    CHECK(std::abs(mean_power(sample, 1)) < 4 * deviation);
    CHECK(std::abs(mean_power(sample, 2) - 1) < 4 * std::sqrt(2.) * deviation);
    CHECK(std::abs(mean_power(sample, 3)) < 4 * std::sqrt(15.) * deviation);
    CHECK(std::abs(mean_power(sample, 4) - 3) < 4 * std::sqrt(96.) * deviation);
  }
}

TEST_CASE("normal: the bits do not change from release to release") {
  CHECK(normal<float>(0x12345678u) == 0x1.77b26p+0f);
  CHECK(normal<double, uint64_t>(0x12345678, 0x9abcdef0) == 0x1.77b263495333fp+0);
}

TEST_CASE("bounded: in range, even, and whole for any n") {
  std::vector<double> seen(7);
  for (uint64_t i = 0; i < 70000; ++i) ++seen[bounded(random_word_pair(kKey, i), 7)];
  double chi_square = 0;
  for (double count : seen) chi_square += (count - 10000) * (count - 10000) / 10000;
  CHECK(chi_square < 22.5);  // 6 degrees of freedom: one honest sample in a thousand is above

  const WordPair most{0xffffffff, 0xffffffff}, least{0, 0};
  for (uint64_t n : {uint64_t{1}, uint64_t{3}, uint64_t{1} << 32, uint64_t{1} << 63, UINT64_MAX}) {
    CHECK(bounded(most, n) == n - 1);
    CHECK(bounded(least, n) == 0);
  }
}
