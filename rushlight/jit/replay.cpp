#include "rushlight/jit/replay.h"

#include <cstring>

#include "rushlight/engine/interpreter.h"
#include "rushlight/engine/node.h"
#include "rushlight/engine/op_costs.h"

namespace rushlight {

namespace {

bool declines(const KernelCall&) { return false; }

}  // namespace

Replay::Replay(Recording recording) : recording_(std::move(recording)), plan_(plan_memory(recording_.graph)) {
  const Graph& graph = recording_.graph;
  const Allocator& allocator = *recording_.backend->allocator;
  arena_ = Storage::allocate(plan_.bytes, allocator);
  fixed_.resize(graph.buffers.size());
  bound_.resize(graph.buffers.size());
  for (uint32_t b = 0; b < graph.buffers.size(); ++b) {
    const GraphBuffer& buffer = graph.buffers[b];
    if (plan_.offsets[b] != MemoryPlan::kOutside) {
      fixed_[b] = Storage::wrap(static_cast<std::byte*>(arena_->data()) + plan_.offsets[b], buffer.bytes,
                                allocator.device, nullptr);
    } else if (buffer.kind == BufferKind::constant) {
      if (!plan_.escapes[b]) {
        fixed_[b] = Storage::allocate(buffer.bytes, allocator);
        std::memcpy(fixed_[b]->data(), buffer.content.data(), buffer.bytes);
      }
      if (plan_.escapes[b] || is_written(b)) filled_.push_back({b, buffer.content.data(), buffer.bytes});
    }
  }
  make_tensors();
  make_steps();
}

bool Replay::is_written(uint32_t buffer) const {
  for (const GraphValue& value : recording_.graph.values)
    if (value.buffer == buffer && value.version > 0) return true;
  return false;
}

void Replay::make_tensors() {
  for (const GraphValue& value : recording_.graph.values) {
    tensors_.push_back(Tensor(TensorImpl::make(fixed_[value.buffer], value.layout, value.dtype)));
    TensorImpl* impl = tensors_.back().impl();
    impl->weak = recording_.graph.buffers[value.buffer].is_number;
    if (!fixed_[value.buffer]) bound_[value.buffer].push_back({impl, value.layout.offset()});
  }
}

void Replay::make_steps() {
  static const Tensor none;
  const Graph& graph = recording_.graph;
  for (const GraphNode& node : graph.nodes) {
    if (node.is_view) continue;
    for (ValueId id : node.inputs) inputs_.push_back(id == kNoValue ? &none : &tensors_[id]);
    for (ValueId id : node.outputs) outputs_.push_back(id == kNoValue ? none : tensors_[id]);
  }
  const Tensor* const* input = inputs_.data();
  const Tensor* output = outputs_.data();
  for (const GraphNode& node : graph.nodes) {
    if (node.is_view) continue;
    Kernel kernel = recording_.backend->kernel(node.op, node.part);
    steps_.push_back({kernel ? kernel : declines,
                      {node.op,
                       node.part,
                       {input, node.inputs.size()},
                       {output, node.outputs.size()},
                       {node.attrs.data(), node.attrs.size()}}});
    input += node.inputs.size();
    output += node.outputs.size();
  }
}

// -- one run

Results Replay::run(Inputs arguments) {
  struct Unbind {
    Replay& replay;
    ~Unbind() { replay.unbind_all(); }
  } unbind{*this};
  for (size_t i = 0; i < recording_.leaves.size();
       ++i) {  // as early as the function does it: the memory can be reused
    const LeafGradient& gradient = recording_.graph.gradients[i];
    if (gradient.is_replaced && !gradient.is_read) recording_.leaf(i, arguments).set_grad({});
  }
  bind_all(arguments);
  run_steps();
  Results results;
  for (ValueId id : recording_.graph.results) results.push_back(id == kNoValue ? Tensor() : fresh_tensor(id));
  set_gradients(arguments);
  return results;
}

void Replay::bind(uint32_t buffer, const Ref<Storage>& storage, int64_t start) {
  for (const Bound& bound : bound_[buffer]) {
    bound.impl->storage = storage;
    if (bound.impl->layout.offset() != start + bound.offset)
      bound.impl->layout = bound.impl->layout.with_offset(start + bound.offset);
  }
}

void Replay::bind_all(Inputs arguments) {
  const Graph& graph = recording_.graph;
  for (size_t i = 0; i < recording_.arguments.size(); ++i) {
    const ArgumentSpec& spec = recording_.arguments[i];
    if (spec.is_defined && graph.buffers[spec.buffer].source == i)
      bind(spec.buffer, arguments[i].storage(), arguments[i].storage_offset());
  }
  for (const CapturedTensor& entry : recording_.captured) {
    const auto& bound = bound_[entry.buffer];
    if (!bound.empty() && bound[0].impl->storage != entry.tensor.storage())
      bind(entry.buffer, entry.tensor.storage());
  }
  for (size_t i = 0; i < graph.gradients.size(); ++i) {
    const LeafGradient& gradient = graph.gradients[i];
    if (!gradient.is_read || !gradient.was_defined ||
        graph.buffers[gradient.buffer].kind != BufferKind::gradient)
      continue;
    bind(gradient.buffer, leaf_of(recording_.leaf(i, arguments))->grad.storage());
  }
  for (uint32_t b = 0; b < graph.buffers.size(); ++b)
    if (plan_.escapes[b]) bind(b, Storage::allocate(graph.buffers[b].bytes, *recording_.backend->allocator));
  for (const Filled& entry : filled_) {
    const Ref<Storage>& storage =
        fixed_[entry.buffer] ? fixed_[entry.buffer] : bound_[entry.buffer][0].impl->storage;
    std::memcpy(storage->data(), entry.content, entry.bytes);
  }
}

// What belongs to the caller is let go; captured tensors are held anyway.
void Replay::unbind_all() noexcept {
  const Graph& graph = recording_.graph;
  for (uint32_t b = 0; b < graph.buffers.size(); ++b) {
    BufferKind kind = graph.buffers[b].kind;
    if (kind != BufferKind::argument && kind != BufferKind::gradient && !plan_.escapes[b]) continue;
    for (const Bound& bound : bound_[b]) bound.impl->storage = Ref<Storage>();
  }
}

void Replay::run_steps() {
  for (const Step& step : steps_) {
    if (!run_kernel(step.kernel, step.call)) [[unlikely]]
      run_slowly(step);
    for (const Tensor& out : step.call.out)
      if (out.defined()) out.storage()->bump_version(static_cast<uint16_t>(step.call.id));
  }
}

// No kernel: a composite's body, or the reference kernel.
void Replay::run_slowly(const Step& step) {
  if (step.call.part == Part::backward)
    fail(ErrorKind::trace, "[trace] the backward kernel of [", name_of(step.call.id),
         "] declined a call that it took when it was recorded");
  OpCall call{op_def(step.call.id), step.call.in, step.call.attrs, step.call.part};
  for (const Tensor& out : step.call.out) call.out.push_back(out);
  call.into_targets = true;
  run_eager(call);
}

Tensor Replay::fresh_tensor(ValueId id) const {
  const TensorImpl& bound = *tensors_[id].impl();
  Tensor tensor(TensorImpl::make(bound.storage, bound.layout, bound.dtype));
  tensor.impl()->inference = recording_.inference_mode;
  return tensor;
}

void Replay::set_gradients(Inputs arguments) {
  for (size_t i = 0; i < recording_.leaves.size(); ++i) {
    const LeafGradient& gradient = recording_.graph.gradients[i];
    if (!gradient.is_replaced) continue;
    recording_.leaf(i, arguments)
        .set_grad(gradient.after == kNoValue ? Tensor() : fresh_tensor(gradient.after));
  }
}

}  // namespace rushlight
