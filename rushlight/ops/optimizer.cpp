// Optimizer steps: one op over all parameters, with the bias correction inside, so that eager and replay
// share arithmetic.
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

// Inputs are lists of equal length in a row, then `singles` single tensors.
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
  return count;
}

void adamw_infer(OpCall& call) {
  size_t count = expect_equal_lists(call, 4, 1);
  for (size_t list : {size_t{0}, size_t{2}, size_t{3}})
    for (size_t i = 0; i < count; ++i)
      call.emit(call.in[list * count + i].layout(), call.in[list * count + i].dtype());
  const Tensor& step = call.in[call.in.size() - 1];
  if (!step.defined() || step.numel() != 1) fail(ErrorKind::value, "[adamw_step] step must be one number");
  call.emit(step.layout(), step.dtype());
}

}  // namespace

namespace defs {
const OpDef adamw_step = [] {
  OpDef def{OpId::adamw_step};
  def.infer = adamw_infer;
  def.outputs = -1;
  def.in_place_safe = true;
  return def;
}();
}  // namespace defs

}  // namespace rushlight
