#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "rushlight/math/uses.h"
#include "tests/math/samples.h"

namespace rushlight::math {

namespace {

// What a walk over the formulas found, to be checked outside of it: assertions are slow to compile.
struct Finding {
  const char* op;
  int operand;
  Operands x;
  double value, expected;
};
using Findings = std::vector<Finding>;

// Five points: the error is about h^4 times the fifth derivative.
template <class Op, int I>
double slope(Operands x) {
  constexpr double h = 2e-4;
  auto at = [&](double shift) {
    Operands moved = x;
    moved[I] += shift;
    return evaluate<Op, double>(moved).value;
  };
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

// Calls f(Op, I) for each operand that a formula has a gradient for; none for masks.
template <class Op, class F, int I = 0>
void for_each_operand(F f) {
  if constexpr (I < arity<Op>) {
    if constexpr (!(Op::info.mask_operands >> I & 1)) f(TypeTag<Op>{}, std::integral_constant<int, I>{});
    for_each_operand<Op, F, I + 1>(f);
  }
}
template <class F>
void for_each_gradient(F f) {
  AllFormulas::for_each([&](auto tag) {
    using Op = typename decltype(tag)::type;
    if constexpr (has_grad<Op>) for_each_operand<Op>(f);
  });
}

}  // namespace

TEST_CASE("every gradient is the slope of its formula") {
  Findings findings;
  for_each_gradient([&]<class Op, int I>(TypeTag<Op>, std::integral_constant<int, I>) {
    Samples samples;
    for (int round = 0; round < 100; ++round) {
      const Operands x = samples.away_from_kinks<Op>();
      findings.push_back({typeid(Op).name(), I, x, gradient<Op, I>(1.7, x), 1.7 * slope<Op, I>(x)});
    }
  });
  CHECK(findings.size() > 14000);
  for (const auto& [op, operand, x, value, expected] : findings) {
    CAPTURE(op);
    CAPTURE(operand);
    CAPTURE(x[0]);
    CAPTURE(x[1]);
    CAPTURE(x[2]);
    CHECK(value == doctest::Approx(expected).epsilon(3e-8));
  }
}

TEST_CASE("a gradient does not depend on what it says it does not read") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Findings findings;
  for_each_gradient([&]<class Op, int I>(TypeTag<Op>, std::integral_constant<int, I>) {
    constexpr GradUse use = grad_use<Op, I>();
    const Operands x = Samples().away_from_kinks<Op>();
    Num<double> seen[3];
    for (int k = 0; k < arity<Op>; ++k) seen[k] = use.reads_input[k] ? x[k] : kNaN;
    const Num<double> y = use.reads_output ? evaluate<Op, double>(x).value : kNaN;
    const double value = apply_grad<Op, I>(Num<double>(1.7), seen, y, attributes<Op>.data()).value;
    const double full = gradient<Op, I>(1.7, x);
    findings.push_back({typeid(Op).name(), I, x, value, use.is_identity ? 1.7 : use.is_zero ? 0 : full});
  });
  for (const auto& [op, operand, x, value, expected] : findings) {
    CAPTURE(op);
    CAPTURE(operand);
    CHECK(value == expected);
  }
}

TEST_CASE("only formulas without a slope have no gradient") {
  AllFormulas::for_each([](auto tag) {
    using Op = typename decltype(tag)::type;
    constexpr bool is_smooth = supports<Op, Num<double>> && !result_is_mask<Op, Num<double>>;
    static_assert(has_grad<Op> == (is_smooth && !std::same_as<Op, Heaviside>));
  });
}

// Never inlined: gcc 12 at -O2 turns a vectorised round trip through float into nothing.
[[gnu::noinline]] static double rounded_to_float(double x) { return static_cast<float>(x); }

TEST_CASE("float results are as close to double as their formula says") {
  AllFormulas::for_each([](auto tag) {
    using Op = typename decltype(tag)::type;
    if constexpr (supports<Op, Num<double>> && !result_is_mask<Op, Num<double>>) {
      Samples samples;
      double worst = 0;
      for (int round = 0; round < 500; ++round) {
        Operands x = samples.away_from_kinks<Op>();
        for (double& number : x) number = rounded_to_float(number);
        const double exact = evaluate<Op, double>(x).value, rounded = evaluate<Op, float>(x).value;
        worst = std::fmax(worst, std::abs(rounded - exact) / std::fmax(1, std::abs(exact)));
      }
      CAPTURE(typeid(Op).name());
      CHECK(worst <= Op::info.tolerance);
    }
  });
}

}  // namespace rushlight::math
