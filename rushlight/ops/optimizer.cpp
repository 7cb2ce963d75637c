// Optimizer steps: one op over all parameters, with the bias correction inside, so that eager and replay
// share arithmetic.
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

// Inputs are lists of equal length in a row, then `singles` single tensors, of which the last is the factor
// of the gradients.
size_t expect_equal_lists(const OpCall& call, size_t lists, size_t singles) {
  if (call.in.size() < singles || (call.in.size() - singles) % lists)
    fail(ErrorKind::value, "[", call.name(), "] the lists of tensors must have one length");
  size_t count = (call.in.size() - singles) / lists;
  for (size_t i = 0; i < count; ++i)
    for (size_t list = 0; list < lists; ++list) {
      const Tensor &first = call.in[i], &other = call.in[list * count + i];
      if (!other.defined() || !other.layout().same_shape(first.layout()) || other.dtype() != first.dtype())
        fail(ErrorKind::value, "[", call.name(), "] parameter ", i, " is ", first,
             ", and what belongs to it in list ", list, " is ", other);
      if (!is_floating(first.dtype()))
        fail(ErrorKind::type, "[", call.name(), "] parameter ", i, " is ", first.dtype(),
             "; only floating point learns");
    }
  const Tensor& factor = call.in[call.in.size() - 1];
  if (factor.defined() && (factor.numel() != 1 || !is_floating(factor.dtype())))
    fail(ErrorKind::value, "[", call.name(), "] grad_factor must be one floating point number, not ", factor);
  return count;
}

// Results: params, then those of the states in the lists from 2 on.
void emit_lists(OpCall& call, size_t lists, size_t count) {
  for (size_t list = 0; list < lists; ++list)
    for (size_t i = 0; i < count && list != 1; ++i) {
      const Tensor& written = call.in[list * count + i];
      call.emit(written.layout(), written.dtype());
    }
}

// The last result: how many steps there were.
void emit_step(OpCall& call) {
  const Tensor& step = call.in[call.in.size() - 2];
  if (!step.defined() || step.numel() != 1)
    fail(ErrorKind::value, "[", call.name(), "] step must be one number");
  call.emit(step.layout(), step.dtype());
}

template <size_t kLists>
void stateful_infer(OpCall& call) {
  emit_lists(call, kLists, expect_equal_lists(call, kLists, 2));
  emit_step(call);
}

void sgd_infer(OpCall& call) { emit_lists(call, 2, expect_equal_lists(call, 2, 1)); }

void sgd_momentum_infer(OpCall& call) {
  args::SgdMomentumStep a(call.attrs);
  if (a.nesterov && (a.dampening != 0 || !(a.momentum.get() > 0)))
    fail(ErrorKind::value, "[sgd_step] nesterov needs a momentum above 0 and no dampening, but they are ",
         a.momentum.get(), " and ", a.dampening);
  stateful_infer<3>(call);
}

OpDef optimizer_step(OpId id, void (*infer)(OpCall&)) {
  OpDef def{id};
  def.infer = infer;
  def.in_place_safe = true;
  return def;
}

}  // namespace

namespace defs {
const OpDef adamw_step = optimizer_step(OpId::adamw_step, stateful_infer<4>);
const OpDef adamw_amsgrad_step = optimizer_step(OpId::adamw_amsgrad_step, stateful_infer<5>);
const OpDef adam_step = optimizer_step(OpId::adam_step, stateful_infer<4>);
const OpDef adam_amsgrad_step = optimizer_step(OpId::adam_amsgrad_step, stateful_infer<5>);
const OpDef sgd_step = optimizer_step(OpId::sgd_step, sgd_infer);
const OpDef sgd_momentum_step = optimizer_step(OpId::sgd_momentum_step, sgd_momentum_infer);
}  // namespace defs

}  // namespace rushlight
