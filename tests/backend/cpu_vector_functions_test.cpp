// The accuracy that simd_*.h state beside each function of float32, on every instruction set that this
// machine has. libm in double is the judge.
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "rushlight/backend/cpu/map_run.h"
#include "tests/backend/cpu_testing.h"
#include "tests/backend/map_position.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

constexpr uint64_t kAllFloats = uint64_t{1} << 32;
constexpr int kBlock = 1024;                        // numbers that a loop computes in one call
constexpr uint64_t kChunk = uint64_t{kBlock} << 5;  // ... and one thread in one turn

struct Contract {
  const char* name;
  int op;
  double (*exact)(double);
  double ulp;           // the largest error
  double smallest = 0;  // results below it may as well be 0
};

template <class Op>
Contract contract(const char* name, double (*exact)(double), double ulp, double smallest = 0) {
  return {name, map_position<Op>(), exact, ulp, smallest};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

const Contract kContracts[] = {
    contract<math::Exp>("exp", std::exp, 1.1),
    contract<math::Log>("log", std::log, 1),
    contract<math::Tanh>("tanh", std::tanh, 3),
    contract<math::Erf>("erf", std::erf, 2),
    contract<math::Sigmoid>("sigmoid", sigmoid, 3, 0x1p-126),  // where exp(-x) overflows
    contract<math::Sin>("sin", std::sin, 2),
    contract<math::Cos>("cos", std::cos, 2),
    contract<math::Exp2>("exp2", std::exp2, 2),
    contract<math::Expm1>("expm1", std::expm1, 2),
    contract<math::Log2>("log2", std::log2, 2),
    contract<math::Log10>("log10", std::log10, 2),
    contract<math::Log1p>("log1p", std::log1p, 2),
    contract<math::Erfc>("erfc", std::erfc, 6),
    contract<math::Tan>("tan", std::tan, 4),
    contract<math::Asin>("asin", std::asin, 3),
    contract<math::Acos>("acos", std::acos, 2),
    contract<math::Atan>("atan", std::atan, 3),
    contract<math::Sinh>("sinh", std::sinh, 3),
    contract<math::Cosh>("cosh", std::cosh, 2),
    contract<math::Asinh>("asinh", std::asinh, 3),
    contract<math::Acosh>("acosh", std::acosh, 3),
    contract<math::Atanh>("atanh", std::atanh, 3),
    contract<math::Sqrt>("sqrt", std::sqrt, 0.5),
    contract<math::Floor>("floor", std::floor, 0),
    contract<math::Ceil>("ceil", std::ceil, 0),
    contract<math::Trunc>("trunc", std::trunc, 0),
    contract<math::Round>("round", std::nearbyint, 0),
};

std::vector<Isa> isas_of_this_machine() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::v2, Isa::v3, Isa::v4})
    if (isa <= widest_isa() && kernels_of(isa)) isas.push_back(isa);
  return isas;
}

// Infinite if a NaN, an infinity or the sign of zero is wrong; an overflow counts as 2^128.
double error_in_ulp(float y, double truth, double smallest) {
  const auto rounded = static_cast<float>(truth);
  if (std::isnan(rounded) && std::isnan(y)) return 0;
  if (std::abs(truth) < smallest && std::abs(y) < smallest) return 0;
  if (y == rounded) return std::signbit(y) == std::signbit(rounded) ? 0 : INFINITY;
  int exponent = 0;
  std::frexp(std::abs(truth) < 0x1p127 ? truth : 0x1p127, &exponent);
  const double value = std::isinf(y) ? std::copysign(0x1p128, y) : y;
  const double error = std::abs(value - truth) / std::ldexp(1.0, std::max(exponent - 24, -149));
  return std::isnan(error) ? INFINITY : error;
}

float float_of(uint64_t bits) {
  const auto low = static_cast<uint32_t>(bits);
  float x;
  std::memcpy(&x, &low, sizeof x);
  return x;
}

struct Worst {
  double ulp = 0;
  float at = 0;
  Isa isa = Isa::v2;

  void take(const Worst& other) {
    if (other.ulp > ulp) *this = other;
  }
};

MapArgs unary(const float* x, float* y) {
  return {.out = y, .in = {x}, .out_step = 1, .step = {1}, .count = kBlock, .params = nullptr};
}

// Of kBlock numbers, on all instruction sets.
Worst worst_of_block(const Contract& contract, const std::vector<Isa>& isas, const float* x) {
  float y[kBlock];
  double truth[kBlock];
  Worst worst;
  for (int i = 0; i < kBlock; ++i) truth[i] = contract.exact(x[i]);
  for (Isa isa : isas) {
    kernels_of(isa)->map_loop(contract.op, 0, false)(unary(x, y));
    for (int i = 0; i < kBlock; ++i)
      if (y[i] == 0 || y[i] != static_cast<float>(truth[i]))
        worst.take({error_in_ulp(y[i], truth[i], contract.smallest), x[i], isa});
  }
  return worst;
}

// Of every step-th float.
Worst worst_of(const Contract& contract, const std::vector<Isa>& isas, uint64_t step) {
  const uint64_t count = (kAllFloats + step - 1) / step, chunks = (count + kChunk - 1) / kChunk;
  std::vector<Worst> parts(chunks);
  parallel_for(static_cast<int64_t>(chunks), [&](int64_t chunk) {
    const uint64_t first = static_cast<uint64_t>(chunk) * kChunk;
    for (uint64_t i = first; i < std::min(first + kChunk, count); i += kBlock) {
      float x[kBlock];
      for (int k = 0; k < kBlock; ++k) x[k] = float_of(std::min((i + k) * step, kAllFloats - 1));
      parts[chunk].take(worst_of_block(contract, isas, x));
    }
  });
  Worst worst;
  for (const Worst& part : parts) worst.take(part);
  return worst;
}

// Where ranges end and formulas change, and the neighbours of these numbers.
std::vector<float> edges() {
  std::vector<float> x = {0,         INFINITY,   NAN,        1e-45f,      0x1p-126f,  3.4e38f,
                          0.5f,      1,          1.4142135f, 0.70710677f, 0.7853982f, 1.5707964f,
                          4,         5.5f,       15,         16.635532f,  20,         88.7229f,
                          89.41599f, 103.97208f, 128,        149.5f,      0x1p18f,    0x1p60f};
  const size_t named = x.size();
  for (size_t i = 0; i < named; ++i)
    for (float towards : {-INFINITY, INFINITY}) x.push_back(std::nextafter(x[i], towards));
  const size_t positive = x.size();
  for (size_t i = 0; i < positive; ++i) x.push_back(-x[i]);
  x.resize(kBlock, 1);
  return x;
}

}  // namespace

// With RUSHLIGHT_TEST_SIZE=full all floats.
TEST_CASE("vector functions: the accuracy that simd_*.h state") {
  const char* size = std::getenv("RUSHLIGHT_TEST_SIZE");
  const bool full = size && std::string_view(size) == "full";
  const auto isas = isas_of_this_machine();
  const auto named = edges();
  for (const Contract& contract : kContracts) {
    Worst worst = worst_of_block(contract, isas, named.data());
    worst.take(worst_of(contract, isas, full ? 1 : 4099));
    if (full)
      MESSAGE(std::string(contract.name), ": ", worst.ulp, " ULP at ", worst.at, " on ", isa_name(worst.isa));
    CAPTURE(std::string(contract.name));
    CAPTURE(worst.at);
    CAPTURE(std::string(isa_name(worst.isa)));
    CHECK(worst.ulp <= contract.ulp);
  }
}

TEST_CASE("vector functions: a result does not depend on the lane") {
  for (const Contract& contract : kContracts)
    for (Isa isa : isas_of_this_machine()) {
      float x[kBlock], there[kBlock], back[kBlock];
      const auto loop = kernels_of(isa)->map_loop(contract.op, 0, false);
      for (int i = 0; i < kBlock; ++i) x[i] = float_of(uint64_t{2654435761} * static_cast<uint64_t>(i));
      loop(unary(x, there));
      std::reverse(x, x + kBlock);
      loop(unary(x, back));
      std::reverse(back, back + kBlock);
      CAPTURE(std::string(contract.name));
      CHECK(std::memcmp(there, back, sizeof there) == 0);
    }
}

// Its error is small beside x and 1; the left tail has some digits of its own as far as it matters.
TEST_CASE("vector functions: gelu and its gradient") {
  const int op = map_position<math::Gelu>();
  for (Isa isa : isas_of_this_machine())
    for (double first = -16; first < 16; first += kBlock * 0x1p-11) {
      float x[kBlock], y[kBlock], slope[kBlock], ones[kBlock];
      for (int i = 0; i < kBlock; ++i) x[i] = static_cast<float>(first + i * 0x1p-11), ones[i] = 1;
      kernels_of(isa)->map_loop(op, 0, false)(unary(x, y));
      MapArgs gradient = unary(ones, slope);
      gradient.in[1] = x;
      gradient.step[1] = 1;
      kernels_of(isa)->map_loop(op, 1, false)(gradient);
      double worst = 0, worst_slope = 0, worst_tail = 0;
      for (int i = 0; i < kBlock; ++i) {
        const double z = x[i], below = 0.5 * std::erfc(-z * std::sqrt(0.5));
        const double density = std::exp(-z * z / 2) / std::sqrt(8 * std::atan(1.0));
        worst = std::max(worst, std::abs(y[i] - z * below) / std::max(1.0, std::abs(z)));
        worst_slope = std::max(worst_slope, std::abs(slope[i] - (below + z * density)));
        if (z > -5.5 && z != 0) worst_tail = std::max(worst_tail, std::abs(y[i] / (z * below) - 1));
      }
      CHECK(worst <= 1.2e-7);
      CHECK(worst_slope <= 1.5e-7);
      CHECK(worst_tail <= 1e-3);
    }
}

TEST_CASE("vector functions: pow and atan2 of two operands, their limits included") {
  const auto x = edges();
  const auto number = random_numbers<float>(kBlock, 1);
  for (Isa isa : isas_of_this_machine())
    for (int turn = 0; turn < kBlock; turn += 7) {
      float a[kBlock], b[kBlock], power[kBlock], angle[kBlock];
      for (int i = 0; i < kBlock; ++i) {
        a[i] = turn % 2 ? x[i] : 40 * number[i] + 35;
        b[i] = turn % 3 ? std::trunc(x[(i + turn) % kBlock]) : 8 * number[(i + turn) % kBlock];
      }
      MapArgs args = unary(a, power);
      args.in[1] = b;
      args.step[1] = 1;
      kernels_of(isa)->map_loop(map_position<math::Pow>(), 0, false)(args);
      args.out = angle;
      kernels_of(isa)->map_loop(map_position<math::Atan2>(), 0, false)(args);
      double worst_power = 0, worst_angle = 0;
      for (int i = 0; i < kBlock; ++i) {
        const double u = a[i], v = b[i];
        worst_power = std::max(worst_power, error_in_ulp(power[i], std::pow(u, v), 0));
        worst_angle = std::max(worst_angle, error_in_ulp(angle[i], std::atan2(u, v), 0));
      }
      CHECK(worst_power <= 1);
      CHECK(worst_angle <= 3);
    }
}

// Quotients near whole numbers, of which the rounded one is the next, large ones, and limits.
TEST_CASE_TEMPLATE("vector functions: fmod is exact and hypot within 1 ULP", T, float, double) {
  const auto number = random_numbers<T>(3 * kBlock, 1);
  const T limits[] = {
      0, 1, INFINITY, NAN, std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::max(), 3};
  for (Isa isa : isas_of_this_machine())
    for (int scale = -40; scale < 80; ++scale) {
      T a[kBlock], b[kBlock], rest[kBlock], length[kBlock];
      for (int i = 0; i < kBlock; ++i) {
        b[i] = number[i] * 8;
        a[i] = std::ldexp(number[kBlock + i], scale);
        if (i % 3 == 0) a[i] = std::trunc(a[i]) * b[i];  // and its neighbours
        if (i % 6 == 0) a[i] = std::nextafter(a[i], i % 12 ? T(0) : T(INFINITY));
        if (i % 64 == 0) a[i] = std::copysign(limits[i / 64 % 7], a[i]);
        if (i % 96 == 0) b[i] = std::copysign(limits[i / 96 % 7], b[i]);
      }
      MapArgs args{
          .out = rest, .in = {a, b}, .out_step = 1, .step = {1, 1}, .count = kBlock, .params = nullptr};
      kernels_of(isa)->map_loop(map_position<math::Fmod>(), 0, sizeof(T) == 8)(args);
      args.out = length;
      kernels_of(isa)->map_loop(map_position<math::Hypot>(), 0, sizeof(T) == 8)(args);
      for (int i = 0; i < kBlock; ++i) {
        CAPTURE(a[i]);
        CAPTURE(b[i]);
        const T exact = std::fmod(a[i], b[i]), far = std::hypot(a[i], b[i]);
        const bool same =
            std::isnan(exact) ? std::isnan(rest[i]) : std::memcmp(&rest[i], &exact, sizeof(T)) == 0;
        const bool close = std::isnan(far)
                               ? std::isnan(length[i])
                               : length[i] == far || (length[i] >= std::nextafter(far, T(0)) &&
                                                      length[i] <= std::nextafter(far, T(INFINITY)));
        if (!same || !close) FAIL_CHECK("[", rest[i], ", ", length[i], "] of [", exact, ", ", far, "]");
      }
    }
}
