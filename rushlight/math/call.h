// What a formula's signature says (its arity, attributes, result, number types), and how every engine calls
// it.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "rushlight/base/type_list.h"
#include "rushlight/math/number.h"

namespace rushlight::math {

namespace detail {

// Stands for any S where only signatures are looked at.
struct AnyNumber {
  static constexpr NumberKind kKind = NumberKind::any;
  using Mask = AnyNumber;
};

// The attributes of an op as a list of one type, or of none.
template <class Op>
struct ParamsOf {
  using List = TypeList<>;
};
template <class Op>
  requires requires { typename Op::Params; }
struct ParamsOf<Op> {
  using List = TypeList<typename Op::Params>;
};

template <class Op, class... Arguments>
concept takes = requires(Arguments... x) { Op::template forward<AnyNumber>(x...); };

template <class Op, class... Params>
consteval int arity_before(TypeList<Params...>) {
  using S = AnyNumber;
  return takes<Op, S, Params...> ? 1 : takes<Op, S, S, Params...> ? 2 : takes<Op, S, S, S, Params...> ? 3 : 0;
}

}  // namespace detail

// How many operands a formula takes: 1, 2 or 3.
template <class Op>
inline constexpr int arity = detail::arity_before<Op>(typename detail::ParamsOf<Op>::List{});

// How many attributes: Params is an aggregate of doubles.
template <class Op>
inline constexpr int param_count = 0;
template <class Op>
  requires requires { typename Op::Params; }
inline constexpr int param_count<Op> = sizeof(typename Op::Params) / sizeof(double);

namespace detail {

template <class Op, class S, class Indices = std::make_index_sequence<static_cast<size_t>(arity<Op>)>,
          class ParamsList = typename ParamsOf<Op>::List>
struct Call;

template <class Op, class S, size_t... K, class... Params>
struct Call<Op, S, std::index_sequence<K...>, TypeList<Params...>> {
  template <size_t I>
  using Operand = std::conditional_t<(Op::info.mask_operands >> I & 1) != 0, Mask<S>, S>;

  static constexpr bool has_forward =
      requires(Operand<K>... x, Params... p) { Op::template forward<S>(x..., p...); };
  static constexpr bool has_grad =
      requires(S g, Operand<K>... x, S y, Params... p) { Op::template grad<0, S>(g, x..., y, p...); };

  template <size_t I>
  static constexpr Operand<I> operand(const S* x) {
    if constexpr (std::same_as<Operand<I>, S>)
      return x[I];
    else
      return x[I] != S(0);
  }
  template <class P, size_t... J>
  static constexpr P params(const double* from, std::index_sequence<J...>) {
    return P{from[J]...};
  }
  template <class P>
  static constexpr P params(const double* from) {
    return params<P>(from, std::make_index_sequence<sizeof(P) / sizeof(double)>{});
  }

  static constexpr auto forward(const S* x, [[maybe_unused]] const double* p) {
    return Op::template forward<S>(operand<K>(x)..., params<Params>(p)...);
  }
  template <int I>
  static constexpr S grad(const S& g, const S* x, const S& y, [[maybe_unused]] const double* p) {
    return Op::template grad<I, S>(g, operand<K>(x)..., y, params<Params>(p)...);
  }
};

}  // namespace detail

template <class Op, class S>
concept supports = detail::Call<Op, S>::has_forward;

template <class Op>
inline constexpr bool has_grad = detail::Call<Op, detail::AnyNumber>::has_grad;

// The result of Op, an S or a Mask<S>. An operand that the formula takes as a mask is one where it is not
// zero.
template <class Op, class S>
constexpr auto apply_forward(const S* operands, const double* params) {
  return detail::Call<Op, S>::forward(operands, params);
}

// The gradient with respect to operand I, where g is the gradient of the result y. An operand or a result
// that grad_use<Op, I> calls unread may hold anything.
template <class Op, int I, class S>
constexpr S apply_grad(const S& g, const S* operands, const S& y, const double* params) {
  return detail::Call<Op, S>::template grad<I>(g, operands, y, params);
}

// Whether the result is a Mask. REQUIRES: S is no Mask itself.
template <class Op, class S>
inline constexpr bool result_is_mask = false;
template <class Op, class S>
  requires supports<Op, S>
inline constexpr bool result_is_mask<Op, S> =
    std::same_as<decltype(apply_forward<Op, S>(nullptr, nullptr)), Mask<S>>;

}  // namespace rushlight::math
