// Node: one recorded op, as plain data: which op, its attributes, what it saved, where gradients go next.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "rushlight/engine/op_def.h"

namespace rushlight {

class Node;

// Where the gradient of a tensor goes: to result `output` of `node`. No node: nobody wants it.
struct Edge {
  Ref<Node> node;
  uint16_t output = 0;
  explicit operator bool() const { return static_cast<bool>(node); }
};

// What a saved tensor became in the hands of SavedTensorHooks: on disk, on another device, in fewer bits.
class PackedTensor : public RefCounted<PackedTensor> {
 public:
  virtual ~PackedTensor() = default;
  static void destroy(PackedTensor* packed) noexcept { delete packed; }
  virtual Tensor unpack() = 0;
};
// While one is set in the context, every tensor that a node saves goes through pack().
class SavedTensorHooks {
 public:
  virtual ~SavedTensorHooks() = default;
  virtual Ref<PackedTensor> pack(const Tensor& tensor) = 0;
};

// A tensor that a gradient rule will read. An own result is kept as an alias without history, or the node
// would own itself.
struct SavedTensor {
  Tensor tensor;
  uint32_t version = 0;  // of the storage when it was saved
  uint16_t slot = 0;     // which input or result it is
  bool is_result = false;
  Ref<PackedTensor> packed{};  // instead of tensor
};

// What remains known of an input that was not saved.
struct InputFact {
  Layout layout;
  DType dtype = DType::float32;
};

// A function that sees a gradient on its way, and may replace it.
class Hook : public RefCounted<Hook> {
 public:
  virtual ~Hook() = default;
  static void destroy(Hook* hook) noexcept { delete hook; }
  virtual Tensor operator()(const Tensor& gradient) = 0;  // undefined: leave it
};

// A function that sees all gradients at a node, and may replace them: before the node runs those of its
// results, behind it those of its inputs.
class NodeHook : public RefCounted<NodeHook> {
 public:
  virtual ~NodeHook() = default;
  static void destroy(NodeHook* hook) noexcept { delete hook; }
  virtual std::vector<Tensor> operator()(std::span<const Tensor> of_inputs,
                                         std::span<const Tensor> of_results) = 0;  // empty: leave them
};
int64_t next_hook_id();

template <class F>
int64_t Tensor::register_hook(F hook) const {
  struct Wrapped final : Hook {
    explicit Wrapped(F f) : function(std::move(f)) {}
    Tensor operator()(const Tensor& gradient) override {
      if constexpr (std::is_void_v<decltype(function(gradient))>) {
        function(gradient);
        return {};
      } else {
        return function(gradient);
      }
    }
    F function;
  };
  return register_hook(Ref<Hook>::adopt(new Wrapped(std::move(hook))));
}

// What few nodes need.
struct NodeExtras {
  struct HookEntry {
    int64_t id;
    uint16_t output;
    Ref<Hook> hook;
  };
  struct NodeHookEntry {
    int64_t id;
    bool is_before;
    Ref<NodeHook> hook;
  };
  struct Retained {
    uint16_t output;
    Tensor grad;
  };
  SmallVector<InputFact, 2> facts;  // one per input, or none
  std::vector<HookEntry> hooks;
  std::vector<HookEntry> after;    // of a leaf: called when its gradient has been added up
  std::vector<Retained> retained;  // retain_grad()
  std::vector<NodeHookEntry> node_hooks;
  Retained* retained_at(uint16_t output);  // null: not asked for
};

class Node : public History {
 public:
  // Room for everything in one block from the pool.
  static Ref<Node> make(const OpDef* op, size_t edges, size_t outputs, size_t saved, Attrs attrs);

  const OpDef* op() const { return op_; }  // null: a leaf, or a function of the user's
  virtual const char* name() const { return op_ ? name_of(op_->id).data() : "leaf"; }
  // Larger than that of every node that this one leads to, and of every earlier one of the same thread.
  uint64_t seq() const { return seq_; }
  void connect(size_t input, Edge edge);
  std::span<Edge> edges() const { return {reinterpret_cast<Edge*>(inbox_at() + output_count_), edge_count_}; }
  std::span<SavedTensor> saved() const {
    return {reinterpret_cast<SavedTensor*>(edges().data() + edge_count_), saved_count_};
  }
  Attrs attrs() const { return {attr_at(), attr_count_}; }
  int output_count() const { return output_count_; }
  // The gradients of the results that have arrived so far in the running backward.
  std::span<Tensor> inbox() const { return {inbox_at(), output_count_}; }

  bool is_leaf() const { return is_leaf_; }
  bool released() const { return released_; }  // what it saved was freed by a backward
  void release_saved();

  NodeExtras* extras() const { return extras_; }
  NodeExtras& make_extras();
  int64_t register_hook(Ref<NodeHook> hook, bool is_before);
  void remove_hook(int64_t id);

  // Gradients of the inputs from those of the results. A user's function overrides it.
  virtual void propagate(Vjp& vjp);

 protected:
  Node(const OpDef* op, size_t edges, size_t outputs, size_t saved, size_t attrs);
  ~Node() override;
  void dispose() noexcept override;
  void build_rooms(Attrs attrs);
  static size_t room_bytes(size_t edges, size_t outputs, size_t saved, size_t attrs) {
    return outputs * sizeof(Tensor) + edges * sizeof(Edge) + saved * sizeof(SavedTensor) +
           attrs * sizeof(Attr);
  }
  template <class T>
  static T* place_with_rooms(size_t rooms);
  bool is_leaf_ = false;

 private:
  friend class BackwardPass;
  friend class Vjp;
  // The rooms stand behind the object: [results' gradients][edges][saved][attributes]
  Tensor* inbox_at() const {
    return reinterpret_cast<Tensor*>(const_cast<char*>(reinterpret_cast<const char*>(this)) + object_bytes_);
  }
  Attr* attr_at() const { return reinterpret_cast<Attr*>(saved().data() + saved_count_); }

  bool released_ = false;
  uint16_t object_bytes_ = 0;
  const OpDef* op_;
  uint64_t seq_;
  uint16_t edge_count_, output_count_, saved_count_, attr_count_;
  NodeExtras* extras_ = nullptr;
  std::atomic<const void*> pass_{nullptr};  // the backward that has gradients here

 public:
  virtual size_t object_size() const { return sizeof(Node); }
};

// The end of the line: holds a leaf's gradient. The tensor owns the leaf, the leaf does not know the tensor.
class Leaf final : public Node {
 public:
  static Ref<Leaf> make(const Tensor& tensor);
  Tensor grad;
  const char* name() const override { return "leaf"; }
  size_t object_size() const override { return sizeof(Leaf); }
  // Adds a gradient that arrived: steals it where nobody else holds it, adds in place where it can.
  void accumulate(Tensor gradient, bool create_graph);

 private:
  friend class Node;
  Leaf() : Node(nullptr, 0, 1, 0, 0) { is_leaf_ = true; }
};

// History of a view: its base, and the node that leads there, rebuilt when the base moved on.
class ViewHistory final : public History {
 public:
  static Ref<ViewHistory> make(const Tensor& base, Edge edge, bool tracks_base);
  Tensor base;               // never itself a view
  Edge edge;                 // to a Leaf: requires_grad_() was asked of the view itself
  uint32_t version;          // of the storage when the edge was right
  bool tracks_base;          // false: made under no_grad
  bool one_of_many = false;  // one result of split, unbind ...: refuses in-place writes

 private:
  void dispose() noexcept override;
};

// -- what a tensor's history means to the engine
bool requires_grad(const TensorImpl& impl);
Edge edge_of(const Tensor& tensor);
ViewHistory* view_history(const Tensor& tensor);  // null: not a view
Leaf* leaf_of(const Tensor& tensor);              // null: not a leaf with a gradient room
Leaf& make_leaf(const Tensor& tensor);            // REQUIRES: it has no history but that of a view
const Tensor& base_or_itself(const Tensor& tensor);
void set_history(const Tensor& tensor, Ref<Node> node, size_t output);
// retain_grad() is about a tensor as it is now: what was asked for at `from` is asked for at the new place.
void move_retained(const Edge& from, Node& to, size_t output);

// What a gradient rule sees, and where it puts its results.
class Vjp {
 public:
  Vjp(Node& node, bool create_graph) : node_(node), create_graph_(create_graph) {
    gradients.resize(node.edges().size());
  }

  const Tensor& grad(size_t i = 0) const { return node_.inbox()[i]; }  // undefined: this result was not used
  bool needs(size_t i) const { return static_cast<bool>(node_.edges()[i]); }
  size_t input_count() const { return node_.edges().size(); }
  Tensor input(size_t i) const { return saved(i, false); }
  Tensor output(size_t i = 0) const { return saved(i, true); }
  // A composite's residual i, counted from its first. Differentiable when gradients of gradients are asked
  // for: then the body runs again.
  Tensor residual(size_t i) const;
  const Layout& input_layout(size_t i) const { return node_.extras()->facts[i].layout; }
  IntSpan input_shape(size_t i) const { return input_layout(i).shape(); }
  DType input_dtype(size_t i) const { return node_.extras()->facts[i].dtype; }
  Attrs attrs() const { return node_.attrs(); }
  bool create_graph() const { return create_graph_; }
  Node& node() const { return node_; }

  void set(size_t i, Tensor gradient) { gradients[i] = std::move(gradient); }
  // The gradient that others have sent to input i so far, if it may be added to in place and set() again;
  // else an undefined tensor. It is taken away: whoever calls must set() it.
  Tensor take_waiting(size_t i) const;
  SmallVector<Tensor, 4> gradients;

 private:
  friend class BackwardPass;
  Tensor saved(size_t slot, bool is_result) const;
  Node& node_;
  bool create_graph_;
  const void* pass_ = nullptr;  // the BackwardPass that asks
  mutable Results recomputed_;
};

}  // namespace rushlight
