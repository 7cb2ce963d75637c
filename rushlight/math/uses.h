// Uses: the number type that computes which operands a gradient formula reads, so that nothing else is saved.
#pragma once

#include "rushlight/math/call.h"
#include "rushlight/math/number.h"

namespace rushlight::math {

struct Uses {
  static constexpr NumberKind kKind = NumberKind::any;
  using Mask = Uses;
  enum class Is : uint8_t { something, zero, incoming_gradient };

  unsigned reads = 0;  // a bit per operand, and one for the result
  Is is = Is::something;

  constexpr Uses(double constant) : is(constant == 0 ? Is::zero : Is::something) {}
  constexpr Uses(unsigned bits, Is what) : reads(bits), is(what) {}

  static constexpr Uses together(Uses a, Uses b) { return {a.reads | b.reads, Is::something}; }
  static constexpr Uses function_of(Uses x) { return {x.reads, Is::something}; }

#define RUSHLIGHT_TOGETHER(name) \
  friend constexpr Uses name(Uses a, Uses b) { return together(a, b); }
  RUSHLIGHT_TOGETHER(operator+)
  RUSHLIGHT_TOGETHER(operator-)
  RUSHLIGHT_TOGETHER(operator*)
  RUSHLIGHT_TOGETHER(operator/)
  RUSHLIGHT_TOGETHER(operator<)
  RUSHLIGHT_TOGETHER(operator<=)
  RUSHLIGHT_TOGETHER(operator>)
  RUSHLIGHT_TOGETHER(operator>=)
  RUSHLIGHT_TOGETHER(operator==)
  RUSHLIGHT_TOGETHER(operator!=)
  RUSHLIGHT_TOGETHER(operator&)
  RUSHLIGHT_TOGETHER(operator|)
  RUSHLIGHT_TOGETHER(min)
  RUSHLIGHT_TOGETHER(max)
  RUSHLIGHT_BINARY(RUSHLIGHT_TOGETHER)
#undef RUSHLIGHT_TOGETHER

#define RUSHLIGHT_FUNCTION_OF(name) \
  friend constexpr Uses name(Uses x) { return function_of(x); }
  RUSHLIGHT_FUNCTION_OF(operator-)
  RUSHLIGHT_FUNCTION_OF(operator!)
  RUSHLIGHT_FUNCTION_OF(round)
  RUSHLIGHT_UNARY(RUSHLIGHT_FUNCTION_OF)
  RUSHLIGHT_SPECIAL(RUSHLIGHT_FUNCTION_OF)
#undef RUSHLIGHT_FUNCTION_OF

  friend constexpr Uses polygamma(double, Uses x) { return function_of(x); }
  friend constexpr Uses select(Uses m, Uses a, Uses b) { return together(m, together(a, b)); }
};

// What the gradient of one operand reads, besides the gradient of the result.
struct GradUse {
  bool reads_input[4] = {};
  bool reads_output = false;
  bool is_identity = false;  // it is the gradient of the result, unchanged
  bool is_zero = false;      // it is zero everywhere
};

// REQUIRES: has_grad<Op> and I < arity<Op>.
template <class Op, int I>
consteval GradUse grad_use() {
  constexpr unsigned kResult = 1u << 4;
  const Uses operands[] = {{1, Uses::Is::something}, {2, Uses::Is::something}, {4, Uses::Is::something}};
  const double params[param_count<Op> + 1] = {};
  const Uses gradient(0, Uses::Is::incoming_gradient), result(kResult, Uses::Is::something);
  const Uses used = apply_grad<Op, I>(gradient, operands, result, params);
  GradUse use;
  for (int k = 0; k < arity<Op>; ++k) use.reads_input[k] = used.reads >> k & 1;
  use.reads_output = used.reads & kResult;
  use.is_identity = used.is == Uses::Is::incoming_gradient;
  use.is_zero = used.is == Uses::Is::zero;
  return use;
}

}  // namespace rushlight::math
