#include "rushlight/jit/recording.h"

#include <algorithm>

#include "rushlight/engine/node.h"

namespace rushlight {

namespace {

bool same_but_offset(const Layout& a, const Layout& b) {
  return a.same_shape(b) &&
         std::equal(a.strides().begin(), a.strides().end(), b.strides().begin(), b.strides().end());
}

// How far an argument's elements moved in their storage since the recording.
int64_t shift(const ArgumentSpec& spec, const Tensor& now) {
  return now.storage_offset() - spec.layout.offset();
}

}  // namespace

const char* Recording::mismatch(Inputs now) const {
  const Context& ctx = context();
  if (ctx.grad_mode != grad_mode || ctx.inference_mode != inference_mode) return "the grad mode";
  if (&host_backend() != backend) return "the backend";
  if (rushlight::default_dtype() != default_dtype) return "the default dtype";
  if (const char* why = argument_mismatch(now)) return why;
  if (const char* why = captured_mismatch()) return why;
  if (const char* why = sharing_mismatch(now)) return why;
  return gradient_mismatch(now);
}

const char* Recording::argument_mismatch(Inputs now) const {
  if (now.size() != arguments.size()) return "the number of arguments";
  for (size_t i = 0; i < now.size(); ++i) {
    const ArgumentSpec& spec = arguments[i];
    if (now[i].defined() != spec.is_defined) return "whether an argument is given";
    if (!spec.is_defined) continue;
    const TensorImpl& impl = *now[i].impl();
    if (impl.dtype != spec.dtype || impl.weak != spec.is_weak) return "the dtype of an argument";
    if (!impl.layout.same_shape(spec.layout)) return "the shape of an argument";
    if (!same_but_offset(impl.layout, spec.layout)) return "the strides of an argument";
    if (now[i].requires_grad() != spec.requires_grad) return "whether an argument requires grad";
    if (spec.requires_grad && !now[i].is_leaf()) return "whether an argument has a history";
  }
  return nullptr;
}

const char* Recording::captured_mismatch() const {
  const char* sharing = "which captured tensors share memory";
  bool moved = false;
  for (const CapturedTensor& entry : captured) {
    const TensorImpl& impl = *entry.tensor.impl();
    if (impl.dtype != entry.dtype || !(impl.layout == entry.layout))
      return "the shape or dtype of a captured tensor";
    if (requires_grad(impl) != entry.requires_grad) return "whether a captured tensor requires grad";
    for (const Tensor& alias : entry.aliases)
      if (alias.storage() != impl.storage) return sharing;
    moved |= entry.storage != impl.storage.get();
  }
  if (!moved) return nullptr;
  std::vector<const Storage*> storages;
  for (const CapturedTensor& entry : captured) storages.push_back(entry.tensor.storage().get());
  std::sort(storages.begin(), storages.end());
  if (std::adjacent_find(storages.begin(), storages.end()) != storages.end()) return sharing;
  return nullptr;
}

// Arguments share storages with each other and with captured tensors as they did, and nowhere else.
const char* Recording::sharing_mismatch(Inputs now) const {
  const char* why = "which arguments share memory";
  for (size_t i = 0; i < now.size(); ++i) {
    const ArgumentSpec& spec = arguments[i];
    if (!spec.is_defined) continue;
    for (size_t k = 0; k < i; ++k) {
      if (!arguments[k].is_defined) continue;
      if (now[i].shares_storage(now[k]) != (spec.buffer == arguments[k].buffer)) return why;
      if (spec.buffer == arguments[k].buffer && shift(spec, now[i]) != shift(arguments[k], now[k]))
        return why;
    }
    for (const CapturedTensor& entry : captured) {
      if (now[i].shares_storage(entry.tensor) != (spec.buffer == entry.buffer)) return why;
      if (spec.buffer == entry.buffer && shift(spec, now[i]) != 0) return why;
    }
  }
  return nullptr;
}

const char* Recording::gradient_mismatch(Inputs now) const {
  for (size_t i = 0; i < graph.gradients.size(); ++i) {
    const LeafGradient& gradient = graph.gradients[i];
    if (!gradient.is_read) continue;
    Leaf* node = leaf_of(leaf(i, now));
    if ((node && node->grad.defined()) != gradient.was_defined) return "whether a gradient was there before";
    if (!gradient.was_defined) continue;
    if (!(node->grad.layout() == gradient.layout)) return "the layout of a gradient";
    const GraphBuffer& buffer = graph.buffers[gradient.buffer];
    if (buffer.kind == BufferKind::captured && !node->grad.shares_storage(captured[buffer.source].tensor))
      return "which tensor a gradient is";
  }
  return nullptr;
}

std::string first_difference(const Recording& first, const Recording& second) {
  std::string what = first_difference(first.graph, second.graph);
  if (!what.empty()) return what;
  if (first.captured.size() != second.captured.size()) return "other tensors from outside are used";
  for (size_t i = 0; i < first.captured.size(); ++i)
    if (!first.captured[i].tensor.is_same(second.captured[i].tensor))
      return join_text("tensor p", i, ", ", first.captured[i].tensor,
                       " from outside the function, is another one the second time");
  return {};
}

}  // namespace rushlight
