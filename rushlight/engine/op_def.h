// OpDef: what the engine must know about an op. One constant per op, in ops/<family>.cpp.
#pragma once

#include "rushlight/backend/kernel_args.h"

namespace rushlight {

using Results = SmallVector<Tensor, 2>;

struct OpDef;
class Vjp;

// One call of an op on its way through apply().
struct OpCall {
  // (Without it, the memory inside `out` would be filled with zeros at every call.)
  OpCall(const OpDef& def, Inputs in, Attrs attrs, Part part = Part::forward)
      : def(def), in(in), attrs(attrs), part(part) {}

  const OpDef& def;
  Inputs in;
  Attrs attrs;
  Part part;
  bool recording = false;  // a gradient may be asked for: residuals are wanted
  // infer() emits results that have no memory yet; the interpreter gives it to them. In place and out= they
  // are replaced by the tensors to write.
  Results out;
  bool into_targets = false;  // out holds tensors of the caller's

  void emit(const Layout& layout, DType dtype) { out.emplace_back(TensorImpl::make({}, layout, dtype)); }
  void emit(IntSpan shape, DType dtype) { emit(Layout(shape), dtype); }
  const char* name() const;
  KernelCall kernel_call(OpId id) const { return {id, part, in, {out.data(), out.size()}, attrs}; }
};

struct OpDef {
  OpId id;
  // Checks the inputs and emits the results' layouts and dtypes; a composite emits its residuals too while
  // recording.
  void (*infer)(OpCall&) = nullptr;
  // VIEW: the result's layout over the input's memory.
  Layout (*view)(const Tensor& input, const Attrs&) = nullptr;
  // COMPOSITE: sets call.out (results, then residuals) by other ops.
  void (*body)(OpCall&) = nullptr;
  // Gradients of the inputs, by public ops. Null: not differentiable.
  void (*vjp)(Vjp&) = nullptr;
  // An estimate from the shapes of a call, of each part. Null: one for every element of the results.
  double (*flops)(const KernelCall&) = nullptr;
  uint32_t saved_inputs = 0;      // bit i: vjp reads input i
  uint32_t saved_outputs = 0;     // bit i: vjp reads result or residual i
  bool saves_facts = false;       // vjp reads shapes and dtypes of inputs that it does not save
  int outputs = 1;                // results that the caller sees; -1: as many as infer emits
  uint32_t constant_outputs = 0;  // bit i: result i is never differentiable (indices)
  bool is_map = false;
  bool is_view = false;
  bool cuts_history = false;  // detach
  bool (*saves_input)(size_t i,
                      size_t count) = nullptr;  // for an op that takes lists: instead of saved_inputs
  bool fused_backward = false;                  // COMPOSITE: a backend may do the whole vjp in one kernel
  // Bit i: the gradient of input i is the result's; a fused backward leaves it out.
  uint32_t passed_gradients = 0;
  // How a fused backward's gradient lies, from the layout of its input; null: Layout::dense_like().
  Layout (*gradient_layout)(const Layout& input) = nullptr;
  bool in_place_safe = false;  // the kernel may write its result over an input of the same layout
};

// The table over the closed list.
const OpDef& op_def(OpId id);
inline const char* OpCall::name() const { return name_of(def.id).data(); }

}  // namespace rushlight
