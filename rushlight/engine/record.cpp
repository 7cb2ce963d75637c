#include "rushlight/engine/record.h"

#include "rushlight/backend/map_facts.h"
#include "rushlight/engine/context.h"

namespace rushlight {

bool any_wants_grad(Inputs in) {
  for (size_t i = 0; i < in.size(); ++i)
    if (wants_grad(in[i])) return true;
  return false;
}

bool wants_recording(const OpCall& call) {
  if (!context().grad_mode || !call.def.vjp || !any_wants_grad(call.in)) return false;
  for (size_t i = 0; i < call.in.size(); ++i)
    if (call.in[i].defined() && call.in[i].impl()->inference)
      fail(ErrorKind::runtime, "[", call.name(),
           "] Inference tensors cannot be saved for backward; clone() the tensor ",
           "outside inference_mode to use it in a graph");
  return true;
}

Saving what_to_save(const OpCall& call) {
  if (!call.def.is_map) return {call.def.saved_inputs, call.def.saved_outputs};
  const MapFacts& facts = map_facts(call.def.id);  // only what the inputs that want a gradient need
  Saving saving;
  if (facts.saves_nothing) return saving;
  for (size_t i = 0; i < call.in.size(); ++i) {
    if (!wants_grad(call.in[i])) continue;
    saving.inputs |= facts.saved_inputs[i];
    saving.outputs |= facts.grads[i].reads_output;
  }
  return saving;
}

namespace {

size_t count_saved(const OpCall& call, Saving saving) {
  size_t count = 0;
  for (size_t i = 0; i < call.out.size(); ++i) count += saves_output(saving, i);
  for (size_t i = 0; i < call.in.size(); ++i) count += saves_input(call, saving, i);
  return count;
}

// The gradient of a MAP comes out in the result's shape and dtype; the engine must know where an input
// differs.
bool needs_facts(const OpCall& call) {
  if (!call.def.is_map) return call.def.saves_facts;
  const TensorImpl& result = *call.out[0].impl();
  for (size_t i = 0; i < call.in.size(); ++i) {
    const TensorImpl& input = *call.in[i].impl();
    if (input.dtype != result.dtype || !input.layout.same_shape(result.layout)) return true;
  }
  return false;
}

void note_facts(Node& node, Inputs in) {
  auto& facts = node.make_extras().facts;
  facts.reserve(in.size());
  for (size_t i = 0; i < in.size(); ++i)
    facts.push_back(in[i].defined() ? InputFact{in[i].layout(), in[i].dtype()} : InputFact{});
}

SavedTensor saved_tensor(const Tensor& tensor, size_t slot, bool is_result) {
  SavedTensor entry{tensor, 0, static_cast<uint16_t>(slot), is_result};
  if (!tensor.defined()) return entry;
  entry.version = tensor.version();
  if (SavedTensorHooks* hooks = context().saved_tensor_hooks) {
    entry.packed = hooks->pack(tensor);
    entry.tensor = Tensor();
  }
  return entry;
}

}  // namespace

// Where the input is written in place, its new history may lead to the node, which would then hold itself.
void note_saved(const Tensor& input) {
  if (!input.defined()) return;
  std::atomic<bool>& saved = base_or_itself(input).impl()->saved;
  if (!saved.load(std::memory_order_relaxed)) saved.store(true, std::memory_order_relaxed);
}

Ref<Node> make_node(const OpCall& call, Saving saving, size_t result_count) {
  auto node = Node::make(&call.def, call.in.size(), result_count, count_saved(call, saving), call.attrs);
  SavedTensor* entry = node->saved().data();
  for (size_t i = 0; i < call.in.size(); ++i) {
    const Tensor& tensor = call.in[i];
    if (wants_grad(tensor)) node->connect(i, edge_of(tensor));
    if (!saves_input(call, saving, i)) continue;
    note_saved(tensor);
    *entry++ = saved_tensor(tensor, i, false);
  }
  for (size_t i = 0; i < call.out.size(); ++i)
    if (saves_output(saving, i))
      *entry++ = saved_tensor(i < result_count ? alias(call.out[i]) : call.out[i], i, true);
  if (needs_facts(call)) note_facts(*node, call.in);
  return node;
}

bool is_differentiable_result(const OpCall& call, size_t i) {
  return is_floating(call.out[i].dtype()) && !(i < 32 && (call.def.constant_outputs >> i & 1));
}

void record_results(const OpCall& call, size_t result_count) {
  Ref<Node> node;
  for (size_t i = 0; i < result_count; ++i) {
    if (!is_differentiable_result(call, i)) continue;
    if (!node) node = make_node(call, what_to_save(call), result_count);
    if (result_count == 1) return set_history(call.out[i], std::move(node), i);
    set_history(call.out[i], node, i);
  }
}

}  // namespace rushlight
