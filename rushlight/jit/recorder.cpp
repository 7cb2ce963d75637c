#include "rushlight/jit/recorder.h"

#include <algorithm>
#include <cstring>

#include "rushlight/engine/node.h"

namespace rushlight {

namespace {

// Kernels and bodies of composites run unseen: their op is what is recorded.
class Unseen {
  Scoped<Interpreter*> interpreter_{context().interpreter, nullptr};
  Scoped<Watch*> watch_{internal::thread_watch, nullptr};
};

bool covers_storage(const Tensor& tensor) {
  bool is_dense = tensor.is_contiguous() || tensor.layout() == tensor.layout().dense_like();
  return is_dense && tensor.storage_offset() == 0 && tensor.nbytes() == tensor.storage()->bytes();
}

Tensor gradient_now(const Tensor& tensor) {
  Leaf* leaf = leaf_of(tensor);
  return leaf ? leaf->grad : Tensor();
}

}  // namespace

Recorder::Recorder(Inputs arguments) {
  const Context& ctx = context();
  recording_.grad_mode = ctx.grad_mode;
  recording_.inference_mode = ctx.inference_mode;
  recording_.backend = &host_backend();
  recording_.default_dtype = default_dtype();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Tensor& tensor = arguments[i];
    arguments_.push_back(tensor);
    ArgumentSpec& spec = recording_.arguments.emplace_back();
    if (!tensor.defined()) continue;
    if (!tensor.is_leaf())
      fail(ErrorKind::trace, "[trace] argument ", i, ", ", tensor,
           ", has a history, and a replay cannot go back through it; ",
           "detach() it, or compute it inside the function");
    auto known = buffers_.find(tensor.storage().get());
    uint32_t buffer = known != buffers_.end()
                          ? known->second
                          : add_buffer(BufferKind::argument, tensor, static_cast<uint32_t>(i));
    spec = {tensor.layout(), tensor.dtype(), true, tensor.is_weak(), tensor.requires_grad(), buffer};
  }
  for (const Tensor& tensor : arguments_)
    if (tensor.defined()) see_leaf(tensor);
}

// -- ops

void Recorder::run(OpCall& call) {
  GraphNode node = node_of(call);
  {
    Unseen unseen;
    run_eager(call);
  }
  add_written(std::move(node), call);
}

bool Recorder::run_fused(OpCall& call) {
  GraphNode node = node_of(call);
  {
    Unseen unseen;
    if (!run_fused_eager(call)) return false;
  }
  add_written(std::move(node), call);
  return true;
}

void Recorder::note_view(const OpCall& call, const Tensor& result) {
  GraphNode node = node_of(call);
  node.is_view = true;
  uint32_t buffer = recording_.graph.values[node.inputs[0]].buffer;
  node.outputs.push_back(find_value(buffer, result));
  inside_views_.insert(result.impl());
  recording_.graph.nodes.push_back(std::move(node));
}

GraphNode Recorder::node_of(const OpCall& call) {
  // copy overwrites its first input unread: memory that nobody filled is no constant there
  if (call.def.id == OpId::copy && call.in[0].defined() && covers_storage(call.in[0]) &&
      fresh_.erase(call.in[0].storage().get()))
    add_buffer(BufferKind::intermediate, call.in[0]);
  GraphNode node{call.def.id, call.part, false, {call.attrs.begin(), call.attrs.end()}, {}, {}};
  for (size_t i = 0; i < call.in.size(); ++i) node.inputs.push_back(read(call.in[i]));
  return node;
}

void Recorder::add_written(GraphNode node, const OpCall& call) {
  for (const Tensor& tensor : call.out) node.outputs.push_back(tensor.defined() ? write(tensor) : kNoValue);
  recording_.graph.nodes.push_back(std::move(node));
}

ValueId Recorder::read(const Tensor& tensor) {
  if (!tensor.defined()) return kNoValue;
  see_leaf(tensor);
  return find_value(buffer_of(tensor), tensor);
}

ValueId Recorder::write(const Tensor& tensor) {
  const Storage* storage = tensor.storage().get();
  bool is_new = !buffers_.count(storage) && (!fresh_.count(storage) || covers_storage(tensor));
  uint32_t buffer = is_new ? add_buffer(BufferKind::intermediate, tensor) : buffer_of(tensor);
  fresh_.erase(storage);
  ++versions_[buffer];
  current_[buffer].clear();
  writers_[buffer] = static_cast<uint32_t>(recording_.graph.nodes.size());
  return find_value(buffer, tensor);
}

ValueId Recorder::find_value(uint32_t buffer, const Tensor& tensor) {
  auto& values = recording_.graph.values;
  Layout layout = tensor.layout().with_offset(tensor.storage_offset() - start_of(buffer));
  for (ValueId id : current_[buffer])
    if (values[id].dtype == tensor.dtype() && values[id].layout == layout) return id;
  values.push_back({buffer, versions_[buffer], tensor.dtype(), std::move(layout)});
  current_[buffer].push_back(static_cast<ValueId>(values.size() - 1));
  return current_[buffer].back();
}

int64_t Recorder::start_of(uint32_t buffer) const {
  const GraphBuffer& outer = recording_.graph.buffers[buffer];
  return outer.kind == BufferKind::argument ? arguments_[outer.source].storage_offset() : 0;
}

// -- buffers

uint32_t Recorder::add_buffer(BufferKind kind, const Tensor& tensor, uint32_t source) {
  auto id = static_cast<uint32_t>(recording_.graph.buffers.size());
  GraphBuffer& buffer = recording_.graph.buffers.emplace_back();
  buffer.kind = kind;
  buffer.dtype = tensor.dtype();
  buffer.bytes = tensor.storage()->bytes();
  buffer.source = source;
  versions_.push_back(0);
  current_.emplace_back();
  writers_.push_back(0);
  buffers_[tensor.storage().get()] = id;
  return id;
}

uint32_t Recorder::buffer_of(const Tensor& tensor) {
  const Storage* storage = tensor.storage().get();
  if (auto known = buffers_.find(storage); known != buffers_.end()) {
    note_alias(known->second, tensor);
    return known->second;
  }
  if (fresh_.erase(storage)) return add_constant(tensor);
  if (auto gradient = gradients_.find(storage); gradient != gradients_.end())
    return add_buffer(BufferKind::gradient, tensor, leaves_[gradient->second].gradient.leaf);
  return capture(tensor);
}

uint32_t Recorder::add_constant(const Tensor& tensor) {
  uint32_t id = add_buffer(BufferKind::constant, tensor);
  GraphBuffer& buffer = recording_.graph.buffers[id];
  auto* bytes = static_cast<const std::byte*>(tensor.storage()->data());
  buffer.content.assign(bytes, bytes + buffer.bytes);
  buffer.is_number = tensor.is_weak();
  return id;
}

uint32_t Recorder::capture(const Tensor& tensor) {
  uint32_t id = add_buffer(BufferKind::captured, tensor, static_cast<uint32_t>(recording_.captured.size()));
  recording_.captured.push_back({tensor,
                                 tensor.layout(),
                                 tensor.dtype(),
                                 requires_grad(*tensor.impl()),
                                 id,
                                 tensor.storage().get(),
                                 {}});
  return id;
}

bool Recorder::is_outer(uint32_t buffer) const {
  BufferKind kind = recording_.graph.buffers[buffer].kind;
  return kind != BufferKind::constant && kind != BufferKind::intermediate;
}

void Recorder::note_alias(uint32_t buffer, const Tensor& tensor) {
  const GraphBuffer& known = recording_.graph.buffers[buffer];
  if (known.kind != BufferKind::captured || inside_views_.count(tensor.impl())) return;
  CapturedTensor& entry = recording_.captured[known.source];
  auto same = [&](const Tensor& other) { return other.is_same(tensor); };
  if (same(entry.tensor) || !entry.tensor.shares_storage(tensor)) return;
  if (std::none_of(entry.aliases.begin(), entry.aliases.end(), same)) entry.aliases.push_back(tensor);
}

// -- leaves and their gradients

// The state of a leaf from outside, or of the leaf that a view from outside shows; null: not one.
Recorder::LeafState* Recorder::see_leaf(const Tensor& tensor) {
  ViewHistory* view = view_history(tensor);
  if (view && !leaf_of(tensor)) return view->base.impl()->requires_grad ? see_leaf(view->base) : nullptr;
  if (auto known = leaf_index_.find(tensor.impl()); known != leaf_index_.end())
    return &leaves_[known->second];
  if (!leaf_of(tensor)) return nullptr;
  uint32_t buffer = buffer_of(tensor);
  if (!is_outer(buffer)) return nullptr;
  leaf_index_[tensor.impl()] = leaves_.size();
  LeafState& leaf = leaves_.emplace_back();
  leaf.tensor = tensor;
  leaf.before = gradient_now(tensor);
  leaf.gradient.leaf = buffer;
  leaf.gradient.was_defined = leaf.before.defined();
  if (leaf.before.defined()) {
    leaf.gradient.layout = leaf.before.layout();
    gradients_[leaf.before.storage().get()] = leaves_.size() - 1;
  }
  return &leaf;
}

bool Recorder::is_touched(const LeafState& leaf) const {
  return !gradient_now(leaf.tensor).is_same(leaf.before) ||
         (leaf.before.defined() && buffers_.count(leaf.before.storage().get()));
}

void Recorder::grad_touched(const Tensor& tensor, bool replaced) {
  LeafState* leaf = see_leaf(tensor);
  if (!leaf || !replaced || leaf->is_settled) return;
  leaf->gradient.is_read = is_touched(*leaf);
  leaf->is_settled = true;
}

void Recorder::finish_leaf(LeafState& leaf) {
  Tensor after = gradient_now(leaf.tensor);
  leaf.gradient.is_replaced = leaf.is_settled || !after.is_same(leaf.before);
  if (!leaf.is_settled) leaf.gradient.is_read = is_touched(leaf);
  if (leaf.gradient.is_replaced) leaf.gradient.after = read(after);
  if (leaf.before.defined()) {
    auto used = buffers_.find(leaf.before.storage().get());
    leaf.gradient.is_read |= used != buffers_.end();
    if (used != buffers_.end()) leaf.gradient.buffer = used->second;
  }
  recording_.graph.gradients.push_back(leaf.gradient);
  LeafSource& source = recording_.leaves.emplace_back();
  while (source.argument < arguments_.size() && !arguments_[source.argument].is_same(leaf.tensor))
    ++source.argument;
  if (source.argument == arguments_.size()) source.tensor = leaf.tensor;
}

// -- host code

void Recorder::storage_freed(const Storage& storage) noexcept {
  fresh_.erase(&storage);
  buffers_.erase(&storage);
}

void Recorder::elements_touched(const Tensor& tensor, const char* how) {
  const Storage* storage = tensor.storage().get();
  if (fresh_.count(storage)) return;  // host code fills what it made
  auto known = buffers_.find(storage);
  BufferKind kind =
      known == buffers_.end() ? BufferKind::captured : recording_.graph.buffers[known->second].kind;
  const char* advice =
      "A recorded function cannot branch on elements: return the tensor and read it after the call";
  if (kind == BufferKind::intermediate)
    fail(ErrorKind::trace, "[trace] ", how, "() asks for the elements of ", tensor, ", the result of [",
         node_name(recording_.graph.nodes[writers_[known->second]]), "]. ", advice);
  if (kind == BufferKind::constant)
    fail(ErrorKind::trace, "[trace] ", how, "() reaches into a constant, ", tensor,
         ", after an op has read it. ", "Fill it before its first use");
  fail(ErrorKind::trace, "[trace] ", how, "() asks for the elements of ", tensor,
       kind == BufferKind::argument ? ", an argument of the function. "
                                    : ", which comes from outside the function. ",
       advice);
}

void Recorder::memory_shared(const Tensor& tensor, const Storage& shared) {
  if (fresh_.count(&shared) && tensor.storage().get() == &shared) return;  // made inside: nobody will ask
  uint32_t buffer = buffer_of(tensor);
  fresh_.erase(&shared);
  buffers_[&shared] = buffer;
}

// -- the end

void Recorder::note_results(const Results& results) {
  for (const Tensor& result : results) recording_.graph.results.push_back(read(result));
}

Recording Recorder::finish(const Results& results) {
  for (LeafState& leaf : leaves_) finish_leaf(leaf);
  refuse_changes();
  refuse_survivors(results);
  for (CapturedTensor& entry : recording_.captured)  // an alias that nobody else holds was made inside
    std::erase_if(entry.aliases, [](const Tensor& alias) { return alias.ref()->use_count() == 1; });
  return std::move(recording_);
}

// A tensor from outside may be written, but what it is must be what a replay, and the next call, will find.
void Recorder::refuse_changes() const {
  auto refuse = [](const Tensor& tensor, const char* what, const char* advice) {
    fail(ErrorKind::trace, "[trace] the function ", what, " ", tensor, ", which a replay would not do; ",
         advice);
  };
  auto expect_memory = [&](const Tensor& tensor, bool is_same) {
    if (!is_same)
      refuse(tensor, "gave another memory (.data = ..., set_) to",
             "write to it by copy_() under no_grad instead");
  };
  auto expect_kind = [&](const Tensor& tensor, const auto& before) {
    if (tensor.requires_grad() != before.requires_grad)
      refuse(
          tensor, tensor.requires_grad() ? "made a gradient required of" : "let no gradient be required of",
          "call requires_grad_() before it, or put the flag back in the end; write values that are detached");
    if (tensor.dtype() != before.dtype || tensor.layout() != before.layout)
      refuse(tensor, "changed the shape, the strides or the dtype of",
             "put it back in the end, or work on a view");
  };
  for (const CapturedTensor& entry : recording_.captured) {
    expect_memory(entry.tensor, entry.tensor.storage().get() == entry.storage);
    for (const Tensor& alias : entry.aliases) expect_memory(alias, alias.storage().get() == entry.storage);
    expect_kind(entry.tensor, entry);
  }
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (!arguments_[i].defined()) continue;
    auto known = buffers_.find(arguments_[i].storage().get());
    expect_memory(arguments_[i], known != buffers_.end() && known->second == recording_.arguments[i].buffer);
    expect_kind(arguments_[i], recording_.arguments[i]);
  }
}

void Recorder::refuse_survivors(const Results& results) const {
  std::unordered_set<const Storage*> allowed;
  for (const Tensor& result : results)
    if (result.defined()) allowed.insert(result.storage().get());
  for (const LeafState& leaf : leaves_)
    if (Tensor gradient = gradient_now(leaf.tensor); gradient.defined())
      allowed.insert(gradient.storage().get());
  for (const auto& [storage, buffer] : buffers_) {
    if (is_outer(buffer) || allowed.count(storage)) continue;
    const GraphBuffer& survivor = recording_.graph.buffers[buffer];
    std::string maker =
        survivor.kind == BufferKind::constant
            ? std::string("made by host code")
            : join_text("the result of [", node_name(recording_.graph.nodes[writers_[buffer]]), "]");
    fail(ErrorKind::trace, "[trace] a ", survivor.dtype, " tensor of ", survivor.bytes, " bytes, ", maker,
         ", outlives the call and is not returned, so that a replay could not renew it. Return it, or write "
         "it by copy_() "
         "into a tensor that exists before the call");
  }
  if (!fresh_.empty())
    fail(ErrorKind::trace,
         "[trace] memory that host code made inside the function outlives the call and no op has used it; "
         "make it before the call");
}

}  // namespace rushlight
