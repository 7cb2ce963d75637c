#include "rushlight/engine/apply.h"

#include "rushlight/backend/map_facts.h"
#include "rushlight/engine/interpreter.h"
#include "rushlight/engine/node.h"

namespace rushlight {

namespace {

uint16_t writer_id(const OpCall& call) { return static_cast<uint16_t>(call.def.id); }

// -- before the run

bool wants_grad(const Tensor& tensor) {
  const TensorImpl* impl = tensor.impl();
  return impl && (impl->requires_grad || (impl->is_view && requires_grad(*impl)));
}
bool any_requires_grad(Inputs in) {
  for (size_t i = 0; i < in.size(); ++i)
    if (wants_grad(in[i])) return true;
  return false;
}

// Inputs of which some are replaced: a value that is about to be overwritten is saved as a copy.
class EditedInputs {
 public:
  explicit EditedInputs(Inputs in) {
    for (size_t i = 0; i < in.size(); ++i) pointers_.push_back(&in[i]);
  }
  void replace(size_t i, const Tensor* tensor) { pointers_[i] = tensor; }
  Inputs inputs() const { return {pointers_.data(), pointers_.size()}; }

 private:
  SmallVector<const Tensor*, 8> pointers_;
};

void infer(OpCall& call) {
  if (call.def.infer) call.def.infer(call);
}

void run(OpCall& call) {
  Interpreter* interpreter = context().interpreter;
  if (interpreter)
    interpreter->run(call);
  else
    run_eager(call);
}

// -- recording

// Which operands of a MAP its gradients read: only what the inputs that want a gradient need.
void map_needs(const OpCall& call, Inputs in, uint32_t& inputs, uint32_t& outputs) {
  const MapFacts& facts = map_facts(call.def.id);
  for (size_t i = 0; i < in.size(); ++i) {
    if (!wants_grad(in[i])) continue;
    const math::GradUse& use = facts.grads[i];
    for (size_t k = 0; k < in.size(); ++k) inputs |= static_cast<uint32_t>(use.reads_input[k]) << k;
    outputs |= static_cast<uint32_t>(use.reads_output);
  }
}

struct Saving {
  uint32_t inputs = 0, outputs = 0;
};
Saving what_to_save(const OpCall& call) {
  Saving saving{call.def.saved_inputs, call.def.saved_outputs};
  if (call.def.is_map) map_needs(call, call.in, saving.inputs, saving.outputs);
  return saving;
}
bool saves_input(const OpCall& call, Saving saving, size_t i) {
  if (call.def.saves_input) return call.def.saves_input(i, call.in.size());
  return i < 32 && (saving.inputs >> i & 1);
}

// The gradient of a MAP comes out in the result's shape and dtype; the engine must know where an input
// differs.
bool needs_facts(const OpCall& call) {
  if (call.def.saves_facts) return true;
  if (!call.def.is_map) return false;
  for (size_t i = 0; i < call.in.size(); ++i)
    if (call.in[i].dtype() != call.out[0].dtype() || !call.in[i].layout().same_shape(call.out[0].layout()))
      return true;
  return false;
}

Ref<Node> make_node(const OpCall& call, Saving saving, size_t result_count) {
  size_t saved = 0;
  for (size_t i = 0; i < call.in.size(); ++i) saved += saves_input(call, saving, i);
  saved += static_cast<size_t>(__builtin_popcount(saving.outputs & ((1u << call.out.size()) - 1)));
  auto node = Node::make(&call.def, call.in.size(), result_count, saved, call.attrs);
  auto edges = node->edges();
  auto entry = node->saved().begin();
  for (size_t i = 0; i < call.in.size(); ++i) {
    const Tensor& tensor = call.in[i];
    if (tensor.defined()) edges[i] = edge_of(tensor);
    if (saves_input(call, saving, i))
      *entry++ = {tensor, tensor.defined() ? tensor.version() : 0, static_cast<uint16_t>(i), false};
  }
  for (size_t i = 0; i < call.out.size() && i < 32; ++i)
    if (saving.outputs >> i & 1)
      *entry++ = {i < result_count ? alias(call.out[i]) : call.out[i], call.out[i].version(),
                  static_cast<uint16_t>(i), true};
  if (needs_facts(call)) {
    auto& facts = node->make_extras().facts;
    for (size_t i = 0; i < call.in.size(); ++i)
      facts.push_back(call.in[i].defined() ? InputFact{call.in[i].layout(), call.in[i].dtype()}
                                           : InputFact{});
  }
  return node;
}

bool differentiable_result(const OpCall& call, size_t i) {
  return is_floating(call.out[i].dtype()) && !(i < 32 && (call.def.constant_outputs >> i & 1));
}

void record_fresh(OpCall& call, size_t result_count) {
  Ref<Node> node;
  for (size_t i = 0; i < result_count; ++i) {
    if (!differentiable_result(call, i)) continue;
    if (!node) node = make_node(call, what_to_save(call), result_count);
    set_history(call.out[i], node, i);
  }
}

void refuse_inference_inputs(const OpCall& call) {
  for (size_t i = 0; i < call.in.size(); ++i)
    if (call.in[i].defined() && call.in[i].impl()->inference)
      fail(ErrorKind::runtime, "[", call.name(),
           "] Inference tensors cannot be saved for backward; clone() the tensor "
           "outside inference_mode to use it in a graph");
}

// A result whose op has no gradient rule takes no history; that is an error only where the op could have had
// one.
bool wants_recording(OpCall& call) {
  Context& ctx = context();
  if (!ctx.grad_mode || (!call.def.vjp && !call.def.is_view) || !any_requires_grad(call.in)) return false;
  refuse_inference_inputs(call);
  return true;
}

// -- views

Tensor root_base(const Tensor& tensor) {
  ViewHistory* view = view_history(tensor);
  return view ? view->base : tensor;
}

void apply_view(OpCall& call) {
  const Tensor& input = call.in[0];
  Tensor result = alias(input, call.def.view(input, call.attrs));
  Context& ctx = context();
  call.out.push_back(result);
  if (ctx.interpreter) ctx.interpreter->note_view(call, result);
  if (ctx.inference_mode) {
    result.impl()->inference = true;
    return;
  }
  if (call.def.cuts_history) return;
  Edge edge;
  bool recording = wants_recording(call) && is_floating(result.dtype());
  if (recording) edge = {make_node(call, what_to_save(call), 1), 0};
  TensorImpl& impl = *result.impl();
  ViewHistory* input_view = view_history(input);
  bool tracks = ctx.grad_mode && (!input_view || input_view->tracks_base);
  impl.history = Ref<History>::share(ViewHistory::make(root_base(input), std::move(edge), tracks).get());
  impl.is_view = true;
  impl.requires_grad = recording;
}

// -- in place

void refuse_in_place(const OpCall& call, const Tensor& target) {
  if (target.layout().has_overlap())
    fail(ErrorKind::runtime, "[", call.name(),
         "_] unsupported operation: more than one element of the written-to tensor of "
         "shape ",
         target.shape(), " and strides ", target.strides(),
         " refers to a single memory location (it was expanded). Please clone() the tensor before writing to "
         "it");
  if (!context().grad_mode) return;
  ViewHistory* view = view_history(target);
  if (!view) {
    if (target.impl()->requires_grad && leaf_of(target))
      fail(ErrorKind::runtime, "[", call.name(),
           "_] a leaf Variable that requires grad is being used in an in-place "
           "operation. Write to it under no_grad, or work on a clone()");
    if (target.impl()->inference && any_requires_grad(call.in))
      fail(ErrorKind::runtime, "[", call.name(),
           "_] Inplace update to inference tensor outside inference_mode is not "
           "allowed; clone() it first");
    return;
  }
  if (!view->tracks_base && (requires_grad(*view->base.impl()) || any_requires_grad(call.in)))
    fail(ErrorKind::runtime, "[", call.name(),
         "_] A view was created in no_grad mode and is being modified inplace with "
         "grad mode enabled. Make the view with grad mode on, or write under no_grad");
  if (view->base.impl()->requires_grad && leaf_of(view->base))
    fail(ErrorKind::runtime, "[", call.name(),
         "_] a view of a leaf Variable that requires grad is being used in an in-place "
         "operation. Write to it under no_grad, or work on a clone()");
  if (view->one_of_many && any_requires_grad(call.in))
    fail(ErrorKind::runtime, "[", call.name(),
         "_] the target is one of several views that one call returned (split, unbind); "
         "writing to one of them in place is not supported. clone() it first");
}

bool partial_overlap(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined() || !a.shares_storage(b) || a.numel() == 0 || b.numel() == 0) return false;
  if (a.layout() == b.layout() && a.dtype() == b.dtype()) return false;
  return a.layout().first_element() < b.layout().end_element() &&
         b.layout().first_element() < a.layout().end_element();
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

// Whether the kernel may write the target itself: it does not read what it overwrites, and finds what infer promised.
bool holds_result_directly(const OpCall& call, const TensorImpl& result, const Tensor& target) {
  if (call.def.in_place_safe) return true;
  for (size_t k = 0; k < call.in.size(); ++k)
    if (call.in[k].defined() && call.in[k].shares_storage(target)) return false;
  return target.is_contiguous() && target.dtype() == result.dtype;
}

// Computes into `targets`: directly where the kernel can, else by a copy of a fresh result.
void run_into(OpCall& call, const Results& targets) {
  infer(call);
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
    run(call);
  } else {
    run(call);
    NoGrad guard;
    for (size_t i = 0; i < targets.size(); ++i) {
      const Tensor* const inputs[] = {&targets[i], &call.out[i]};
      OpCall copy{op_def(OpId::copy), {inputs, 2}, {}};
      copy.out.push_back(targets[i]);
      copy.into_targets = true;
      run(copy);
      call.out[i] = targets[i];
    }
  }
  for (const Tensor& target : targets) target.storage()->bump_version(writer_id(call));
}

// The targets of an in-place call: the inputs that belong to arguments marked `!`.
Results in_place_targets(const OpDef& def, Inputs in, SmallVector<size_t, 4>& positions) {
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
      if (a.in_place) {
        targets.push_back(in[at]);
        positions.push_back(at);
      }
  }
  return targets;
}

// After an in-place write that is recorded by `node`: the target's history, and its base's, start anew there.
void rebase_history(const Tensor& target, const Ref<Node>& node, size_t output) {
  ViewHistory* view = view_history(target);
  if (!view) {
    set_history(target, node, output);
    return;
  }
  const Tensor& base = view->base;
  const Layout& layout = target.layout();
  const Attr attrs[] = {layout.shape(), layout.strides(), layout.offset()};
  auto write = Node::make(&op_def(OpId::as_strided_scatter), 2, 1, 0, attrs);
  write->edges()[0] = edge_of(base);
  write->edges()[1] = {node, static_cast<uint16_t>(output)};
  auto& facts = write->make_extras().facts;
  facts.push_back({base.layout(), base.dtype()});
  facts.push_back({layout, target.dtype()});
  set_history(base, write, 0);
  target.impl()->requires_grad = true;  // its edge is rebuilt from the base at next use
}

}  // namespace

Results apply(OpId id, Inputs in, Attrs attrs) {
  OpCall call{op_def(id), in, attrs};
  if (call.def.is_view) {
    apply_view(call);
    return std::move(call.out);
  }
  call.recording = wants_recording(call);
  infer(call);
  run(call);
  size_t results = call.def.outputs < 0 ? call.out.size() : static_cast<size_t>(call.def.outputs);
  if (call.recording) record_fresh(call, results);
  if (context().inference_mode)
    for (const Tensor& tensor : call.out) tensor.impl()->inference = true;
  while (call.out.size() > results) call.out.pop_back();
  return std::move(call.out);
}

Tensor apply_single(OpId id, Inputs in, Attrs attrs) { return std::move(apply(id, in, attrs)[0]); }

void apply_in_place(OpId id, Inputs in, Attrs attrs) {
  OpCall call{op_def(id), in, attrs};
  SmallVector<size_t, 4> positions;
  Results targets = in_place_targets(call.def, in, positions);
  for (const Tensor& target : targets) refuse_in_place(call, target);
  call.recording = wants_recording(call);
  if (!call.recording) {
    run_into(call, targets);
    return;
  }
  // The gradient may read the value that is about to be overwritten: it gets a copy with the same history.
  Saving saving = what_to_save(call);
  EditedInputs edited(in);
  SmallVector<Tensor, 2> before;
  before.reserve(positions.size());
  for (size_t position : positions) {
    if (!saves_input(call, saving, position)) continue;
    Edge edge = edge_of(in[position]);
    NoGrad guard;
    before.push_back(copy_of(in[position]));
    if (edge) set_history(before.back(), edge.node, edge.output);
    edited.replace(position, &before.back());
  }
  run_into(call, targets);
  call.in = edited.inputs();
  if (targets.size() != 1)
    fail(ErrorKind::runtime, "[", call.name(),
         "] writes over lists of tensors and has no gradient; call it under no_grad");
  if (!differentiable_result(call, 0)) return;
  auto node = make_node(call, saving, 1);
  rebase_history(targets[0], node, 0);
}

const Tensor& apply_out(OpId id, Inputs in, Attrs attrs, const Tensor& out) {
  OpCall call{op_def(id), in, attrs};
  if (context().grad_mode && (requires_grad(*out.impl()) || any_requires_grad(in)))
    fail(ErrorKind::runtime, "[", call.name(),
         "] functions with out=... arguments don't support automatic differentiation, "
         "but one of the arguments requires grad. Call it under no_grad");
  refuse_in_place(call, out);
  run_into(call, Results{out});
  return out;
}

Tensor apply_map_grad(Node& node, int operand, Inputs in) {
  OpCall call{*node.op(), in, node.attrs(), static_cast<Part>(static_cast<int>(Part::grad0) + operand)};
  const Layout& first = in[0].layout();
  bool alike = true;
  for (size_t i = 1; i < in.size(); ++i) alike &= in[i].layout().same_shape(first);
  if (alike) {
    call.emit(first.is_contiguous() ? first.with_offset(0) : first.dense_like(), in[0].dtype());
  } else {
    Shape shape = to_ints(first.shape());
    for (size_t i = 1; i < in.size(); ++i)
      shape = broadcast_shapes({shape.data(), shape.size()}, in[i].shape(), call.name());
    call.emit(Layout({shape.data(), shape.size()}), in[0].dtype());
  }
  run(call);
  return std::move(call.out[0]);
}

Tensor sum_to(const Tensor& gradient, IntSpan shape) {
  Ints dims;
  size_t lead = static_cast<size_t>(gradient.rank()) - shape.size();
  for (size_t d = 0; d < static_cast<size_t>(gradient.rank()); ++d)
    if (d < lead || (shape[d - lead] == 1 && gradient.layout().size(static_cast<int>(d)) != 1))
      dims.push_back(static_cast<int64_t>(d));
  if (dims.empty()) return gradient;
  const Attr sum_attrs[] = {Attr(dims), Attr(true), Attr()};
  Tensor sum = apply_op(OpId::sum, sum_attrs, gradient);
  if (lead == 0) return sum;
  const Attr view_attrs[] = {Attr(shape)};
  return apply_op(OpId::view, view_attrs, sum);
}

}  // namespace rushlight
