#include "rushlight/ops/grad_formulas.h"

#include <array>

#include "rushlight/generated/map_ops.h"
#include "rushlight/math/call.h"

namespace rushlight {

namespace {

using Formulas = std::array<GradFormula, 3>;  // by operand

template <class Op>
constexpr Formulas formulas_of() {
  Formulas formulas{};
  if constexpr (math::has_grad<Op>) {
    formulas[0] = math::apply_grad<Op, 0, TensorNumber>;
    if constexpr (math::arity<Op> > 1) formulas[1] = math::apply_grad<Op, 1, TensorNumber>;
    if constexpr (math::arity<Op> > 2) formulas[2] = math::apply_grad<Op, 2, TensorNumber>;
  }
  return formulas;
}

constexpr std::array<Formulas, static_cast<size_t>(MapOps::size)> kFormulas = [] {
  std::array<Formulas, static_cast<size_t>(MapOps::size)> table{};
  size_t next = 0;
  MapOps::for_each([&](auto tag) { table[next++] = formulas_of<typename decltype(tag)::type>(); });
  return table;
}();

}  // namespace

GradFormula grad_formula(OpId id, size_t operand) {
  return kFormulas[static_cast<size_t>(map_index(id))][operand];
}

}  // namespace rushlight
