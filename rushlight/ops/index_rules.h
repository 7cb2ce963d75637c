// What the rules of reading and writing at indices share.
#pragma once

#include "rushlight/ops/op_rules.h"

namespace rushlight {

// Throws unless the input called index is there and holds int64 or int32.
void expect_index(const OpCall& call, size_t input);

// An op whose input 1 says where: an index, or a mask. Its gradients read that, and the shapes of the rest.
constexpr OpDef placing(OpId id, void (*infer)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = infer;
  def.vjp = vjp;
  def.saved_inputs = 0b010;
  def.saves_facts = true;
  return def;
}

// ... that writes there, and may do so in place.
constexpr OpDef writing(OpId id, void (*infer)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def = placing(id, infer, vjp);
  def.in_place_safe = true;
  return def;
}

}  // namespace rushlight
