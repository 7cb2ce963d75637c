#include <cstring>

#include "rushlight/core/dtype.h"
#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

// Numbers that both types hold, so that the plain conversion is the truth.
template <class To, class From>
From number(int i) {
  if constexpr (std::is_same_v<From, bool> || std::is_same_v<To, bool>) return static_cast<From>(i % 3 == 0);
  constexpr bool whole = std::is_integral_v<To> || std::is_integral_v<From>;
  constexpr bool natural = std::is_unsigned_v<To> || std::is_unsigned_v<From>;
  const int base = natural ? i % 120 : i % 240 - 120;
  if constexpr (whole)
    return static_cast<From>(static_cast<float>(base));
  else
    return static_cast<From>(static_cast<float>(base) / 3);
}

template <class To, class From>
void check_pair() {
  CAPTURE(name_of(dtype_of<To>));
  CAPTURE(name_of(dtype_of<From>));
  const CastRun cast = kernels().cast_run(dtype_index<To>, dtype_index<From>);
  From from[150];
  for (int i = 0; i < 150; ++i) from[i] = number<To, From>(i);
  bool equal = true;
  for (int64_t n : {0, 1, 7, 16, 37, 50})
    for (int64_t to_step : {1, 2})
      for (int64_t from_step : {0, 1, 3}) {
        To to[101];
        std::memset(static_cast<void*>(to), 1, sizeof to);
        To untouched = to[100];
        cast(to, to_step, from, from_step, n);
        for (int64_t i = 0; i < n; ++i) {
          To expected = static_cast<To>(from[i * from_step]);
          equal &= std::memcmp(&to[i * to_step], &expected, sizeof(To)) == 0;
        }
        equal &= std::memcmp(&to[n * to_step], &untouched, sizeof(To)) == 0;
      }
  CHECK(equal);
}

}  // namespace

TEST_CASE("casts between any two types, all steps and lengths") {
  ElementTypes::for_each([](auto to) {
    ElementTypes::for_each(
        [](auto from) { check_pair<typename decltype(to)::type, typename decltype(from)::type>(); });
  });
}

TEST_CASE("halves are rounded to nearest even, over all of them and between") {
  std::vector<float> numbers;
  for (int bits = 0; bits < 1 << 16; ++bits) {
    Half half;
    half.bits = static_cast<uint16_t>(bits);
    const float value = half;
    if (value != value) continue;
    numbers.insert(numbers.end(), {value, std::nextafter(value, 1e9f), std::nextafter(value, -1e9f)});
    if (std::abs(value) < 60000) {
      Half next;
      next.bits = static_cast<uint16_t>(bits + 1);
      numbers.push_back((value + static_cast<float>(next)) / 2);  // the tie
    }
  }
  const auto n = static_cast<int64_t>(numbers.size());
  std::vector<Half> halves(numbers.size());
  std::vector<float> back(numbers.size());
  kernels().cast_run(dtype_index<Half>, dtype_index<float>)(halves.data(), 1, numbers.data(), 1, n);
  kernels().cast_run(dtype_index<float>, dtype_index<Half>)(back.data(), 1, halves.data(), 1, n);
  int64_t wrong = 0;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const Half expected(numbers[i]);
    wrong += halves[i].bits != expected.bits;
    const float wide = expected;
    wrong += std::memcmp(&wide, &back[i], sizeof wide) != 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("floats beyond an integer type become the same integers on every machine") {
  const float from[] = {-1.5f, -300.f, 300.7f, 3e9f, -3e9f, 1e19f, -2.f, 1.8e19f};
  uint64_t wide[8];
  kernels().cast_run(dtype_index<uint64_t>, dtype_index<float>)(wide, 1, from, 1, 8);
  CHECK(wide[0] == UINT64_MAX);
  CHECK(wide[1] == static_cast<uint64_t>(-300));
  CHECK(wide[3] == 3000000000u);
  CHECK(wide[5] == 9999999980506447872u);
  CHECK(wide[7] == 18000000404716257280u);
  int8_t narrow[8];
  kernels().cast_run(dtype_index<int8_t>, dtype_index<float>)(narrow, 1, from, 1, 8);
  CHECK(narrow[1] == static_cast<int8_t>(-300));
  CHECK(narrow[2] == static_cast<int8_t>(300));
  uint32_t natural[8];
  kernels().cast_run(dtype_index<uint32_t>, dtype_index<float>)(natural, 1, from, 1, 8);
  CHECK(natural[6] == UINT32_MAX - 1);
}
