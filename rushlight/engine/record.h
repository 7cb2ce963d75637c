// From a call that ran to a Node on the tape: what is saved, and where gradients go.
#pragma once

#include "rushlight/engine/node.h"

namespace rushlight {

// Whether this tensor's gradient is asked for; false for an undefined one.
inline bool wants_grad(const Tensor& tensor) {
  const TensorImpl* impl = tensor.impl();
  return impl && (impl->requires_grad || (impl->is_view && requires_grad(*impl)));
}
bool any_wants_grad(Inputs in);
// Whether this call goes on the tape. Throws where an inference tensor would be saved.
bool wants_recording(const OpCall& call);

// Bits of the inputs, and of the results and residuals, that the call's gradients read.
struct Saving {
  uint32_t inputs = 0, outputs = 0;
};
Saving what_to_save(const OpCall& call);
inline bool saves_input(const OpCall& call, Saving saving, size_t i) {
  if (call.def.saves_input) return call.def.saves_input(i, call.in.size());
  return i < 32 && (saving.inputs >> i & 1);
}
inline bool saves_output(Saving saving, size_t i) { return i < 32 && (saving.outputs >> i & 1); }

Ref<Node> make_node(const OpCall& call, Saving saving, size_t result_count);
// To be called for an input that a node holds.
void note_saved(const Tensor& input);
bool is_differentiable_result(const OpCall& call, size_t i);
// One node for the first `result_count` results, which become its children.
void record_results(const OpCall& call, size_t result_count);

// -- in-place writes: histories start anew
// Throws where grad mode does not let `target` be written by something with these inputs. `form`: "_" or "".
void refuse_rewriting(const char* name, const char* form, const Tensor& target, Inputs in);
// After `target` was written by what `node` records: its history, and its base's, start anew there.
void rebase_history(const Tensor& target, const Ref<Node>& node, size_t output, Inputs in);
// Of a tensor that is no view.
void renew_history(const Tensor& tensor, const Ref<Node>& node, size_t output);

}  // namespace rushlight
