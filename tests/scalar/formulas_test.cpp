// Value judges the gradients of all elementwise formulas: it takes `forward` apart into slopes that were
// written by hand, and knows nothing of `grad`.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <typeinfo>
#include <utility>

#include "rushlight/math/call.h"
#include "rushlight/math/elementwise.h"
#include "rushlight/math/num.h"
#include "rushlight/scalar/random.h"
#include "rushlight/scalar/value.h"

using namespace rushlight;
using namespace rushlight::math;
using scalar::RandomStream;
using scalar::Value;

namespace {

constexpr double kAttributes[][3] = {{1, 2, 3}, {2, 3.5, 4}};
constexpr int kSamples = 50;
constexpr double kUpstream = -0.7;  // the gradient of the result

// An operand inside of the domain; for a mask, 0 or 1.
double sample_operand(const Info& info, int operand, RandomStream& random) {
  if (info.mask_operands >> operand & 1) return random.uniform() < 0.5;
  const Interval range = operand == 0 ? info.domain : info.domain2;
  return random.uniform(range.low, range.high);
}

template <class Op, int I>
void compare_operand(const double* x, const double* attributes, double expected) {
  using Double = Num<double>;
  Double operands[3];
  for (int i = 0; i < arity<Op>; ++i) operands[i] = x[i];
  const Double y = apply_forward<Op, Double>(operands, attributes);
  const double actual = apply_grad<Op, I, Double>(kUpstream, operands, y, attributes).value;
  CAPTURE(I);
  CHECK(std::isfinite(expected));
  CHECK(actual == doctest::Approx(expected).epsilon(1e-9));
}

template <class Op>
void compare_at(const double* x, const double* attributes) {
  Value operands[3];
  for (int i = 0; i < arity<Op>; ++i) operands[i] = x[i];
  const Value y = apply_forward<Op, Value>(operands, attributes);
  (kUpstream * y).backward();
  [&]<size_t... I>(std::index_sequence<I...>) {
    const auto compare = [&]<size_t K>() {
      if constexpr ((Op::info.mask_operands >> K & 1) == 0)
        compare_operand<Op, static_cast<int>(K)>(x, attributes, operands[K].grad());
    };
    (compare.template operator()<I>(), ...);
  }(std::make_index_sequence<static_cast<size_t>(arity<Op>)>{});
}

template <class Op>
void compare_gradients() {
  RandomStream random(1);
  for (const double(&attributes)[3] : kAttributes)
    for (int sample = 0; sample < kSamples; ++sample) {
      double x[3] = {};
      for (int i = 0; i < arity<Op>; ++i) x[i] = sample_operand(Op::info, i, random);
      CAPTURE(x[0]);
      CAPTURE(x[1]);
      CAPTURE(x[2]);
      CAPTURE(attributes[0]);
      compare_at<Op>(x, attributes);
    }
}

}  // namespace

TEST_CASE("the gradient of every formula is what its Value says") {
  int judged = 0;
  AllFormulas::for_each([&]<class Op>(TypeTag<Op>) {
    if constexpr (has_grad<Op>) {
      const std::string formula = typeid(Op).name();
      CAPTURE(formula);
      compare_gradients<Op>();
      ++judged;
    }
  });
  CHECK(judged >= 80);
}
