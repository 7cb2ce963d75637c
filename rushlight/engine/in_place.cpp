// In-place calls and out=: the same path as apply(), into tensors that exist.
#include <algorithm>

#include "rushlight/engine/apply.h"

#include "rushlight/engine/interpreter.h"
#include "rushlight/engine/record.h"

namespace rushlight {

namespace {

// `form`: "_", or nothing for out=.
void refuse_in_place(const OpCall& call, const Tensor& target, const char* form) {
  if (!target.defined())
    fail(ErrorKind::type, "[", call.name(), "] a tensor to write to is missing: None was given");
  if (target.layout().has_overlap())
    fail(ErrorKind::runtime, "[", call.name(), form,
         "] unsupported operation: more than one element of the written-to tensor of "
         "shape ",
         target.shape(), " and strides ", target.strides(),
         " refers to a single memory location (it was expanded). Please clone() the tensor before writing to "
         "it");
  if (target.impl()->inference && !context().inference_mode)
    fail(ErrorKind::runtime, "[", call.name(), form,
         "] Inplace update to inference tensor outside inference_mode is not allowed; clone() it first");
  refuse_rewriting(call.name(), form, target, call.in);
}

bool partial_overlap(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined() || !a.shares_storage(b) || a.numel() == 0 || b.numel() == 0) return false;
  if (a.dtype() == b.dtype()) return a.layout() != b.layout() && a.layout().meets(b.layout());
  const auto byte = [](const Tensor& t, int64_t element) {
    return element * static_cast<int64_t>(t.element_size());
  };
  return byte(a, a.layout().first_element()) < byte(b, b.layout().end_element()) &&
         byte(b, b.layout().first_element()) < byte(a, a.layout().end_element());
}

void refuse_partial_overlap(const OpCall& call, const Tensor& target) {
  for (size_t i = 0; i < call.in.size(); ++i)
    if (partial_overlap(target, call.in[i]))
      fail(ErrorKind::runtime, "[", call.name(), "] unsupported operation: some elements of input ", i,
           " and the written-to tensor refer to a single memory location. Please clone() one of them before "
           "the operation");
}

void expect_result_fits(const OpCall& call, const TensorImpl& result, const Tensor& target) {
  if (!result.layout.same_shape(target.layout()))
    fail(ErrorKind::runtime, "[", call.name(), "] the result has shape ", result.layout.shape(),
         " but is to be written to a tensor of shape ", target.shape(), "; the shapes must be equal");
  if (!can_cast(result.dtype, target.dtype()))
    fail(ErrorKind::runtime, "[", call.name(), "] result type ", result.dtype,
         " can't be cast to the desired output type ", target.dtype(),
         "; use the out-of-place form, or cast the target first");
}

// Whether the kernel may write the target itself: it does not read what it overwrites, and finds what infer
// promised.
bool holds_result_directly(const OpCall& call, const TensorImpl& result, const Tensor& target) {
  if (call.def.in_place_safe) return true;
  for (size_t k = 0; k < call.in.size(); ++k)
    if (call.in[k].defined() && call.in[k].shares_storage(target)) return false;
  return target.is_contiguous() && target.dtype() == result.dtype;
}

// Computes into `targets`: directly where the kernel can, else by a copy of a fresh result.
void run_into(OpCall& call, const Results& targets) {
  call.def.infer(call);
  bool direct = true;
  for (size_t i = 0; i < targets.size(); ++i) {
    const TensorImpl& result = *call.out[i].impl();
    expect_result_fits(call, result, targets[i]);
    refuse_partial_overlap(call, targets[i]);
    direct &= holds_result_directly(call, result, targets[i]);
  }
  if (direct) {
    call.out = targets;
    call.into_targets = true;
    run_call(call);
  } else {
    run_call(call);
    NoGrad guard;
    for (size_t i = 0; i < targets.size(); ++i) {
      const Tensor* const inputs[] = {&targets[i], &call.out[i]};
      OpCall copy{op_def(OpId::copy), {inputs, 2}, {}};
      copy.out.push_back(targets[i]);
      copy.into_targets = true;
      run_call(copy);
      call.out[i] = targets[i];
    }
  }
  for (const Tensor& target : targets) target.storage()->bump_version(static_cast<uint16_t>(call.def.id));
}

// The targets of an in-place call: the inputs that belong to arguments marked `!`.
Results in_place_targets(const OpDef& def, Inputs in) {
  const Schema& schema = schema_of(def.id);
  size_t lists = 0, singles = 0;
  for (const Argument& a : schema.arguments) {
    lists += a.kind == ArgKind::tensors;
    singles += a.kind == ArgKind::tensor || a.kind == ArgKind::tensor_or_none;
  }
  size_t list_size = lists ? (in.size() - singles) / lists : 0;
  Results targets;
  size_t at = 0;
  for (const Argument& a : schema.arguments) {
    if (!is_tensor(a.kind)) continue;
    size_t count = a.kind == ArgKind::tensors ? list_size : 1;
    for (size_t i = 0; i < count && at < in.size(); ++i, ++at)
      if (a.in_place) targets.push_back(in[at]);
  }
  return targets;
}

// Operands that the gradient reads and that are about to be overwritten, the target itself or another tensor
// of its memory: each becomes a copy with the same history.
class ValuesBefore {
 public:
  ValuesBefore(const OpCall& call, Saving saving, const Results& targets) : pointers_(pointers_to(call.in)) {
    copies_.reserve(call.in.size());
    for (size_t i = 0; i < call.in.size(); ++i)
      if (saves_input(call, saving, i) && is_written(call.in[i], targets)) replace(i);
  }
  Inputs inputs() const { return {pointers_.data(), pointers_.size()}; }

 private:
  using Pointers = SmallVector<const Tensor*, 8>;

  static Pointers pointers_to(Inputs in) {
    Pointers pointers;
    for (size_t i = 0; i < in.size(); ++i) pointers.push_back(&in[i]);
    return pointers;
  }
  static bool is_written(const Tensor& input, const Results& targets) {
    return input.defined() && std::any_of(targets.begin(), targets.end(), [&](const Tensor& target) {
             return input.shares_storage(target) && input.layout() == target.layout();
           });
  }
  void replace(size_t i) {
    const Tensor& input = *pointers_[i];
    const Edge edge = edge_of(input);
    NoGrad guard;
    copies_.push_back(copy_of(input));
    if (edge) set_history(copies_.back(), edge.node, edge.output);
    pointers_[i] = &copies_.back();
  }

  Pointers pointers_;
  SmallVector<Tensor, 2> copies_;
};

}  // namespace

void apply_in_place(OpId id, Inputs in, Attrs attrs) {
  OpCall call{op_def(id), in, attrs};
  const Results targets = in_place_targets(call.def, in);
  for (const Tensor& target : targets) refuse_in_place(call, target, "_");
  call.recording = wants_recording(call);
  if (!call.recording) {
    run_into(call, targets);
    return;
  }
  const Saving saving = what_to_save(call);
  const ValuesBefore before(call, saving, targets);
  run_into(call, targets);
  call.in = before.inputs();
  if (targets.size() != 1)
    fail(ErrorKind::runtime, "[", call.name(),
         "] writes over lists of tensors and has no gradient; call it under no_grad");
  if (!is_differentiable_result(call, 0)) return;
  rebase_history(targets[0], make_node(call, saving, 1), 0, in);
}

void expect_equal_lists(OpId id, std::span<const size_t> lengths) {
  for (size_t length : lengths)
    if (length != lengths[0])
      fail(ErrorKind::value, "[", name_of(id), "] the lists of tensors must have one length, but they have ",
           lengths[0], " and ", length);
}

// Gradients may read what is about to be overwritten.
Tensor old_value(const Tensor& input) { return context().grad_mode ? copy_of(input) : input; }

void expect_writable(OpId id, const Tensor& target, const Tensor& result, const char* form) {
  const Tensor* const inputs[] = {&target, &result};
  const OpDef function{id};  // the messages name it, not the copy
  const OpCall call{function, {inputs, 2}, {}};
  refuse_in_place(call, target, form);
  expect_result_fits(call, *result.impl(), target);
}

namespace {

void copy_over(OpId id, const Tensor& target, const Tensor& result) {
  if (result.is_same(target)) return;
  const Tensor* const inputs[] = {&target, &result};
  apply_in_place(OpId::copy, {inputs, 2}, {});
  target.storage()->name_writer(static_cast<uint16_t>(id));
}

}  // namespace

const Tensor& write_over(OpId id, const Tensor& input, const Tensor& result) {
  expect_writable(id, input, result, "_");
  copy_over(id, input, result);
  return input;
}

void write_out(OpId id, const Results& targets, const Results& results) {
  for (size_t i = 0; i < targets.size(); ++i) expect_writable(id, targets[i], results[i], "");
  for (size_t i = 0; i < targets.size(); ++i) copy_over(id, targets[i], results[i]);
}

const Tensor& apply_out(OpId id, Inputs in, Attrs attrs, const Tensor& out) {
  OpCall call{op_def(id), in, attrs};
  if (context().grad_mode && (requires_grad(*out.impl()) || any_wants_grad(in)))
    fail(ErrorKind::runtime, "[", call.name(),
         "] functions with out=... arguments don't support automatic differentiation, "
         "but one of the arguments requires grad. Call it under no_grad");
  refuse_in_place(call, out, "");
  run_into(call, Results{out});
  return out;
}

}  // namespace rushlight
