#include "rushlight/engine/node.h"

#include <new>

#include "rushlight/engine/apply.h"

namespace rushlight {

namespace {
// A Lamport clock: each thread counts by itself, and leaps ahead of the nodes that it connects to.
constinit thread_local uint64_t newest_seq = 0;
}  // namespace

template <class T>
T* Node::place_with_rooms(size_t rooms) {
  return static_cast<T*>(allocate_memory(sizeof(T) + rooms));
}

Node::Node(const OpDef* op, size_t edges, size_t outputs, size_t saved, size_t attrs)
    : op_(op),
      seq_(++newest_seq),
      edge_count_(static_cast<uint16_t>(edges)),
      output_count_(static_cast<uint16_t>(outputs)),
      saved_count_(static_cast<uint16_t>(saved)),
      attr_count_(static_cast<uint16_t>(attrs)) {
  if (edges > UINT16_MAX || outputs > UINT16_MAX)
    fail(ErrorKind::value, "one op with ", edges, " inputs and ", outputs,
         " results; 65535 is the most that is recorded");
}

void Node::build_rooms(Attrs attrs) {
  object_bytes_ = static_cast<uint16_t>(object_size());
  for (Tensor& tensor : inbox()) new (&tensor) Tensor;
  for (Edge& edge : edges()) new (&edge) Edge;
  for (SavedTensor& tensor : saved()) new (&tensor) SavedTensor;
  Attr* attr = attr_at();
  for (const Attr& a : attrs) new (attr++) Attr(a);
}

Ref<Node> Node::make(const OpDef* op, size_t edges, size_t outputs, size_t saved, Attrs attrs) {
  Node* node = new (place_with_rooms<Node>(room_bytes(edges, outputs, saved, attrs.size())))
      Node(op, edges, outputs, saved, attrs.size());
  node->build_rooms(attrs);
  return Ref<Node>::adopt(node);
}

Ref<Leaf> Leaf::make(const Tensor& tensor) {
  Leaf* leaf = new (place_with_rooms<Leaf>(room_bytes(0, 1, 0, 0))) Leaf;
  leaf->build_rooms({});
  leaf->make_extras().facts.push_back({tensor.layout(), tensor.dtype()});
  return Ref<Leaf>::adopt(leaf);
}

Node::~Node() {
  std::destroy(inbox().begin(), inbox().end());
  for (Edge& edge : edges()) edge.~Edge();
  for (SavedTensor& tensor : saved()) tensor.~SavedTensor();
  std::destroy(attr_at(), attr_at() + attr_count_);
  if (!extras_) return;
  extras_->~NodeExtras();
  free_memory(extras_, sizeof(NodeExtras));
}

// A graph may be a chain of millions: destroying a node drops references to the next ones, so the dying ones
// wait in a list instead of nesting.
void Node::dispose() noexcept {
  struct Dying {
    std::vector<Node*> nodes;
    bool busy = false;
  };
  static thread_local Dying dying;
  auto end = [](Node* node) {
    size_t bytes = node->object_bytes_ +
                   room_bytes(node->edge_count_, node->output_count_, node->saved_count_, node->attr_count_);
    node->~Node();
    free_memory(node, bytes);
  };
  if (dying.busy) {
    dying.nodes.push_back(this);
    return;
  }
  dying.busy = true;
  end(this);
  while (!dying.nodes.empty()) {
    Node* node = dying.nodes.back();
    dying.nodes.pop_back();
    end(node);
  }
  dying.busy = false;
}

void Node::connect(size_t input, Edge edge) {
  if (edge.node && edge.node->seq_ >= seq_) seq_ = newest_seq = edge.node->seq_ + 1;
  edges()[input] = std::move(edge);
}

NodeExtras& Node::make_extras() {
  if (!extras_) extras_ = new (allocate_memory(sizeof(NodeExtras))) NodeExtras;
  return *extras_;
}

NodeExtras::Retained* NodeExtras::retained_at(uint16_t output) {
  for (Retained& entry : retained)
    if (entry.output == output) return &entry;
  return nullptr;
}

int64_t next_hook_id() {
  static std::atomic<int64_t> next{1};
  return next.fetch_add(1);
}

int64_t Node::register_hook(Ref<NodeHook> hook, bool is_before) {
  const int64_t id = next_hook_id();
  make_extras().node_hooks.push_back({id, is_before, std::move(hook)});
  return id;
}

void Node::remove_hook(int64_t id) {
  if (!extras_) return;
  auto is_it = [&](auto& entry) { return entry.id == id; };
  std::erase_if(extras_->hooks, is_it);
  std::erase_if(extras_->after, is_it);
  std::erase_if(extras_->node_hooks, is_it);
}

void Node::release_saved() {
  if (saved_count_) released_ = true;
  for (SavedTensor& entry : saved()) {
    entry.tensor = Tensor();
    entry.packed = {};
  }
}

void Node::propagate(Vjp& vjp) {
  if (op_->fused_backward && !vjp.create_graph() && run_fused_backward(vjp)) return;
  op_->vjp(vjp);
}

Ref<ViewHistory> ViewHistory::make(const Tensor& base, Edge edge, bool tracks_base) {
  auto* view = new (allocate_memory(sizeof(ViewHistory))) ViewHistory;
  view->base = base;
  view->edge = std::move(edge);
  view->version = base.version();
  view->tracks_base = tracks_base;
  return Ref<ViewHistory>::adopt(view);
}

void ViewHistory::dispose() noexcept {
  this->~ViewHistory();
  free_memory(this, sizeof(ViewHistory));
}

ViewHistory* view_history(const Tensor& tensor) {
  TensorImpl& impl = *tensor.impl();
  return impl.is_view ? static_cast<ViewHistory*>(impl.history.get()) : nullptr;
}

bool requires_grad(const TensorImpl& impl) {
  if (impl.requires_grad) return true;
  if (!impl.is_view) return false;
  auto& view = static_cast<ViewHistory&>(*impl.history);
  return view.tracks_base && view.base.impl()->requires_grad && is_floating(impl.dtype);
}

namespace {
// A view whose base was written in place since: from now on its gradient goes through as_strided of the new
// base. One that is older than its base's wish for a gradient has its own.
void follow_base(ViewHistory& view, const Tensor& tensor) {
  if (!view.tracks_base || !view.base.impl()->requires_grad) return;
  if (view.version == tensor.version()) {
    if (!view.edge && is_floating(tensor.dtype())) make_leaf(tensor);
    return;
  }
  const Layout& layout = tensor.layout();
  const Attr attrs[] = {layout.shape(), layout.strides(), layout.offset()};
  auto node = Node::make(&op_def(OpId::as_strided), 1, 1, 0, attrs);
  node->connect(0, edge_of(view.base));
  node->make_extras().facts.push_back({view.base.layout(), view.base.dtype()});
  move_retained(view.edge, *node, 0);
  view.edge = {node, 0};
  view.version = tensor.version();
}
}  // namespace

Edge edge_of(const Tensor& tensor) {
  TensorImpl& impl = *tensor.impl();
  if (!impl.history) return {};
  if (!impl.is_view) {
    if (!impl.requires_grad) return {};
    return {Ref<Node>::share(static_cast<Node*>(impl.history.get())), impl.output_index};
  }
  auto& view = static_cast<ViewHistory&>(*impl.history);
  follow_base(view, tensor);
  if (view.edge && view.edge.node->is_leaf() && !requires_grad(impl)) return {};
  return view.edge;
}

Leaf* leaf_of(const Tensor& tensor) {
  TensorImpl& impl = *tensor.impl();
  if (!impl.history) return nullptr;
  Node* node = nullptr;
  if (ViewHistory* view = view_history(tensor)) {
    follow_base(*view, tensor);
    node = view->edge.node.get();
  } else {
    node = static_cast<Node*>(impl.history.get());
  }
  return node && node->is_leaf() ? static_cast<Leaf*>(node) : nullptr;
}

// A view stays one: when its base is written with a tracked value, it is a leaf no more.
Leaf& make_leaf(const Tensor& tensor) {
  const Ref<Leaf> leaf = Leaf::make(tensor);
  if (ViewHistory* view = view_history(tensor)) {
    view->edge = {Ref<Node>::share(leaf.get()), 0};
    view->version = tensor.version();
  } else {
    tensor.impl()->output_index = 0;
    tensor.impl()->history = Ref<History>::share(leaf.get());
  }
  return *leaf;
}

const Tensor& base_or_itself(const Tensor& tensor) {
  ViewHistory* view = view_history(tensor);
  return view ? view->base : tensor;
}

void set_history(const Tensor& tensor, Ref<Node> node, size_t output) {
  TensorImpl& impl = *tensor.impl();
  impl.requires_grad = static_cast<bool>(node);
  impl.is_view = false;
  impl.output_index = static_cast<uint16_t>(output);
  impl.history = Ref<History>::adopt(node.detach());
}

void move_retained(const Edge& from, Node& to, size_t output) {
  if (!from || !from.node->extras()) return;
  std::erase_if(from.node->extras()->retained, [&](NodeExtras::Retained& entry) {
    if (entry.output != from.output) return false;
    to.make_extras().retained.push_back({static_cast<uint16_t>(output), entry.grad});
    return true;
  });
}

Tensor Vjp::saved(size_t slot, bool is_result) const {
  if (node_.released())
    fail(ErrorKind::runtime, "Trying to backward through the graph a second time: what [", node_.name(),
         "] saved was freed after the first. Call backward(retain_graph=True) the first time if you need to");
  for (const SavedTensor& entry : node_.saved()) {
    if (entry.slot != slot || entry.is_result != is_result) continue;
    if (entry.tensor.defined() && entry.tensor.version() != entry.version)
      fail(ErrorKind::runtime,
           "one of the variables needed for gradient computation has been modified by an inplace "
           "operation: [",
           node_.name(), "] saved its ", is_result ? "result " : "input ", slot, " of shape ",
           entry.tensor.shape(), ", and [", name_of(static_cast<OpId>(entry.tensor.storage()->last_writer())),
           "_] wrote over it (version ", entry.tensor.version(), ", expected ", entry.version,
           "). Use the out-of-place form there, or clone() the tensor first");
    Tensor tensor = entry.packed ? entry.packed->unpack() : entry.tensor;
    if (entry.packed && !is_result && create_graph_ && slot < node_.edges().size() && node_.edges()[slot]) {
      tensor = alias(tensor);  // packing cut its history off
      set_history(tensor, node_.edges()[slot].node, node_.edges()[slot].output);
      return tensor;
    }
    if (!is_result || !create_graph_ || slot >= static_cast<size_t>(node_.output_count())) return tensor;
    Tensor attached = alias(tensor);  // its history is this very node again
    set_history(attached, Ref<Node>::share(&node_), slot);
    return attached;
  }
  return {};
}

Tensor Vjp::residual(size_t i) const {
  size_t slot = static_cast<size_t>(node_.output_count()) + i;
  if (!create_graph_) return saved(slot, true);
  if (recomputed_.empty()) {
    SmallVector<Tensor, 4> inputs;
    SmallVector<const Tensor*, 4> pointers;
    for (size_t k = 0; k < node_.edges().size(); ++k) inputs.push_back(input(k));
    for (const Tensor& tensor : inputs) pointers.push_back(&tensor);
    OpCall call{*node_.op(), {pointers.data(), pointers.size()}, node_.attrs()};
    call.recording = true;
    node_.op()->body(call);
    recomputed_ = std::move(call.out);
  }
  return recomputed_[slot];
}

}  // namespace rushlight
