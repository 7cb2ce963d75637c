// apply(): the one way every op call goes. Infer, run, record; fresh results, out= and in-place alike.
#pragma once

#include "rushlight/engine/op_def.h"

namespace rushlight {

Results apply(OpId id, Inputs in, Attrs attrs);
Tensor apply_single(OpId id, Inputs in, Attrs attrs);
// Writes the results over the inputs that the schema marks with `!`.
void apply_in_place(OpId id, Inputs in, Attrs attrs);
// The in-place form of a FUNCTION: what it made of old_value(input), written over its input.
Tensor old_value(const Tensor& input);
const Tensor& write_over(OpId id, const Tensor& input, const Tensor& result);
// out= where no kernel writes to what is given: all of it or, where anything does not fit, nothing.
void write_out(OpId id, const Results& targets, const Results& results);
// For an op over lists that belong together, before they are put in a row.
void expect_equal_lists(OpId id, std::span<const size_t> lengths);
const Tensor& apply_out(OpId id, Inputs in, Attrs attrs, const Tensor& out);

// The gradient of operand `operand` of the MAP op that `node` recorded, by its formula's kernel. Inputs: the
// gradient of the result, then what the formula reads.
// `last`: nobody reads in[0] after this call, so its memory may hold the result.
Tensor apply_map_grad(Node& node, int operand, Inputs in, bool last);
// This handle is the only one, and no view shares its memory.
inline bool is_owned_alone(const Tensor& tensor) {
  return tensor.ref()->use_count() == 1 && tensor.storage()->use_count() == 1;
}

// A composite's whole backward by one kernel. False: no backend kernel took it.
bool run_fused_backward(Vjp& vjp);

// For rules and the engine itself: apply_op(OpId::mul, {}, a, b)
template <class... Operands>
Tensor apply_op(OpId id, Attrs attrs, const Operands&... operands) {
  const Tensor* const inputs[] = {&operands...};
  return apply_single(id, {inputs, sizeof...(operands)}, attrs);
}

// A copy with memory of its own, laid out like the original.
inline Tensor copy_of(const Tensor& tensor) {
  const Attr memory_format[] = {Attr()};
  return apply_op(OpId::clone, memory_format, tensor);
}

// The gradient summed over the dimensions that broadcasting added, so that it has `shape` again.
Tensor sum_to(const Tensor& gradient, IntSpan shape);

}  // namespace rushlight
