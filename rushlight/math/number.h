// What a formula may assume of its number type S, and the facts (Info) that a formula states about itself.
//
// A formula is written once, `template <Floating S> static constexpr S forward(S x)`, and instantiated for
// many S:
//   Num<float>, Num<int32_t> ...  one plain number (math/num.h; the reference backend)
//   Vec<float>                    a SIMD register of numbers (backend/cpu)
//   Value                         a scalar with a tape (scalar/value.h; judges the gradients)
//   TensorNumber                  a whole tensor, differentiable (ops; second derivatives)
//   Sym                           text (jit; the formulas in the docs)
//   Uses                          which operands a formula reads (math/uses.h)
// Every S is a class with: `static constexpr NumberKind kKind`, a type `Mask`, an implicit constructor from
// double, and hidden friends: the operators + - * / (unary -), < <= > >= == != (-> Mask), & | ! on Mask, and
// the vocabulary below: functions that formulas call unqualified and that argument-dependent lookup finds in
// S's class alone. A kind stands for what formulas may ask of it:
//   floating   everything but bits
//   integer    the operators (they wrap; / truncates), abs floor ceil trunc round min max fmod pow, bits
//   boolean    + is or, * is and; comparisons, min max, bits
//   any        everything (bits only where it makes sense: a Value has none)
#pragma once

#include <cstdint>

namespace rushlight::math {

enum class NumberKind : uint8_t { floating, integer, boolean, any };

template <class S>
concept Floating = S::kKind == NumberKind::floating || S::kKind == NumberKind::any;
template <class S>
concept Integer = S::kKind == NumberKind::integer || S::kKind == NumberKind::any;
template <class S>
concept Boolean = S::kKind == NumberKind::boolean || S::kKind == NumberKind::any;
template <class S>
concept Real = Floating<S> || Integer<S>;
template <class S>
concept Bits = Integer<S> || Boolean<S>;
template <class S>
concept Number = Real<S> || Boolean<S>;

template <class S>
using Mask = typename S::Mask;

// For formulas instead of a bare & and |, which compilers take for a slip where Mask is bool.
template <class M>
constexpr M both(M a, M b) {
  return a & b;
}
template <class M>
constexpr M either(M a, M b) {
  return a | b;
}

// The vocabulary. What is not here is written with what is here. The lists are macros, so that an S, or a
// test of one, can walk them: F(name) for each function.
//
//   RUSHLIGHT_UNARY, _BINARY     as in C: pow(x, 0) is 1, fmod has the sign of its first operand ...
//   erfinv                       the inverse of erf: infinite at -1 and 1, NaN beyond
//   lgamma                       log |gamma(x)|: infinite at 0, -1, -2 ...
//   digamma                      the derivative of lgamma: infinite at 0, NaN at -1, -2 ...
//   S polygamma(double n, S x)   the n-th derivative of digamma, for whole n >= 0
//   S round(S x)                 to the nearest integer, half to even
//   S min(S a, S b), max         NaN if either operand is
//   S select(Mask m, S a, S b)   a where m holds, else b; what is not chosen leaves no trace, NaN or not
//
// Bits, for the kinds integer and boolean: a & b, a | b, a ^ b, ~a (of a boolean: not a), and for integers a
// << n and a >> n, where an n outside [0, width) shifts everything out.
//
// clang-format off
#define RUSHLIGHT_UNARY(F)                                                                         \
  F(exp) F(exp2) F(expm1) F(log) F(log2) F(log10) F(log1p) F(sqrt) F(sin) F(cos) F(tan)            \
  F(asin) F(acos) F(atan) F(sinh) F(cosh) F(tanh) F(asinh) F(acosh) F(atanh) F(erf) F(erfc)        \
  F(abs) F(floor) F(ceil) F(trunc)
#define RUSHLIGHT_SPECIAL(F) F(erfinv) F(lgamma) F(digamma)
#define RUSHLIGHT_BINARY(F) F(pow) F(fmod) F(atan2) F(hypot) F(copysign) F(nextafter)
// clang-format on

// What integer inputs become where a formula is written for floating numbers only.
enum class Integers : uint8_t { refused, to_float };

// Where a function has no derivative, or jumps: `x == at`; for two operands also `x == y` (ties); and for an
// op with attributes where x is one of them, or one of them negated.
struct Kinks {
  double at[4] = {};
  int count = 0;
  bool ties = false, attributes = false;
  constexpr Kinks() = default;
  constexpr Kinks(double a) : at{a}, count(1) {}
  constexpr Kinks(double a, double b) : at{a, b}, count(2) {}
  constexpr Kinks(double a, double b, double c) : at{a, b, c}, count(3) {}
  static constexpr Kinks at_ties() {
    Kinks kinks;
    kinks.ties = true;
    return kinks;
  }
  static constexpr Kinks at_attributes() {
    Kinks kinks;
    kinks.attributes = true;
    return kinks;
  }
};

struct Interval {
  double low = -3, high = 3;
};

// Facts about one formula, read by tests (where to sample, how exact), tables (dtypes) and docs.
struct Info {
  Interval domain{};   // samples of the first operand are drawn here
  Interval domain2{};  // ... of the second and third operand
  Kinks kinks{};       // samples keep away from here; the value and gradient there are tested by name
  Integers integers = Integers::refused;
  bool halves = true;          // a float16 result is the float32 one, rounded; not so for nextafter
  unsigned mask_operands = 0;  // bit i: operand i is a Mask (where's condition)
  double tolerance = 1e-6;     // of the float32 result against float64: relative, but below 1 absolute
};

// One struct is one op, named as the op in PascalCase:
//   struct LeakyRelu {
//     struct Params { double negative_slope; };     only if the op has attributes, in the schema's order
//     static constexpr Info info{...};
//     forward<S>(operands..., [Params])             -> S, or Mask<S> where the result is a truth value
//     grad<I, S>(g, operands..., y, [Params])       -> S, the gradient of operand I, from g, that of the
//     result y
//   };                                              An op without grad is not differentiable.
// Formulas are branch-free (only I, known to the compiler, decides anything); select guards the argument, not
// the result: sqrt(select(x > 0, x, 1)). They stand one to a line, out of clang-format's hands, as a table.

}  // namespace rushlight::math
