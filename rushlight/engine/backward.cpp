#include "rushlight/engine/backward.h"

#include <algorithm>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "rushlight/base/os.h"
#include "rushlight/engine/apply.h"
#include "rushlight/engine/interpreter.h"
#include "rushlight/engine/node.h"

namespace rushlight {

namespace {

bool broadcasts_to(IntSpan from, IntSpan to) {
  if (from.size() > to.size()) return false;
  size_t lead = to.size() - from.size();
  for (size_t d = 0; d < from.size(); ++d)
    if (from[d] != 1 && from[d] != to[lead + d]) return false;
  return true;
}

Tensor in_dtype(DType dtype, const Tensor& gradient) {
  if (gradient.dtype() == dtype) return gradient;
  const Attr attrs[] = {dtype};
  return apply_op(OpId::to, attrs, gradient);
}

// into += gradient, in place where nobody else sees `into`: then nothing that apply_in_place() asks can be
// wrong.
void add_to(Tensor& into, const Tensor& gradient, bool create_graph) {
  bool in_place = !create_graph && into.is_contiguous() && is_owned_alone(into) &&
                  into.dtype() == gradient.dtype() && into.layout().same_shape(gradient.layout());
  if (!in_place) {
    into = apply_op(OpId::add, {}, into, gradient);
    return;
  }
  const Tensor* const inputs[] = {&into, &gradient};
  OpCall call{op_def(OpId::add), {inputs, 2}, {}};
  call.out.push_back(into);
  call.into_targets = true;
  run_call(call);
  into.storage()->bump_version(static_cast<uint16_t>(OpId::add));
}

bool has_node_hooks(const Node& node) { return node.extras() && !node.extras()->node_hooks.empty(); }

// Throws unless what a hook returned can take the gradient's place.
void check_replacement(const Node& node, const Tensor& gradient, const Tensor& replaced) {
  if (!replaced.defined()) return;
  if (!gradient.defined())
    fail(ErrorKind::runtime, "[hook] a hook of [", node.name(), "] returned a gradient where there is none");
  if (!replaced.layout().same_shape(gradient.layout()) || replaced.dtype() != gradient.dtype())
    fail(ErrorKind::runtime, "[hook] a hook of [", node.name(), "] returned a gradient of shape ",
         replaced.shape(), " and ", replaced.dtype(), " for one of shape ", gradient.shape(), " and ",
         gradient.dtype());
}

// `gradients`: of the node's results before it runs, of its inputs behind it.
void run_node_hooks(Node& node, bool is_before, std::span<Tensor> gradients,
                    std::span<const Tensor> of_results = {}) {
  const auto hooks = node.extras()->node_hooks;  // a copy: a hook may remove itself
  for (const auto& entry : hooks) {
    if (entry.is_before != is_before) continue;
    auto replaced = is_before ? (*entry.hook)({}, gradients) : (*entry.hook)(gradients, of_results);
    if (replaced.empty()) continue;
    if (replaced.size() != gradients.size())
      fail(ErrorKind::runtime, "[hook] a hook of [", node.name(), "] returned ", replaced.size(),
           " gradients in place of ", gradients.size());
    for (size_t i = 0; i < replaced.size(); ++i) check_replacement(node, gradients[i], replaced[i]);
    std::move(replaced.begin(), replaced.end(), gradients.begin());
  }
}

}  // namespace

// One run of backward: a max-heap of nodes on their sequence numbers, so that a node runs after all its
// users.
class BackwardPass {
 public:
  BackwardPass(bool keep_graph, bool create_graph) : keep_graph_(keep_graph), create_graph_(create_graph) {}
  ~BackwardPass() {  // after an error: forget what has arrived
    for (Node* node : heap_) leave(*node);
    if (current_) leave(*current_);
  }

  // Only nodes that lead to one of these are visited; their gradients are caught instead of accumulated.
  void restrict_to(std::span<const Edge> roots, std::span<const Edge> targets, bool accumulate);
  void deliver(const Edge& edge, Tensor gradient);
  void run();
  Node* next();  // one turn: the node that had it, or null
  Tensor caught(const Edge& target) const;

 private:
  struct Arrival {
    Edge edge;
    Tensor gradient;
  };

  Node* advance();
  Node* advance_shared();
  bool goes_on_from(const Node& node) const;
  void step(Node& node, std::span<Tensor> inbox);
  void step_leaf(Leaf& leaf, Tensor gradient, std::span<const Tensor> arrived);
  void see_arrivals(Node& node, std::span<Tensor> inbox);
  void fit_to_input(const Node& node, size_t i, Tensor& gradient);
  void leave(Node& node) {
    for (Tensor& gradient : node.inbox()) gradient = Tensor();
    node.pass_.store(nullptr, std::memory_order_release);
  }
  static bool earlier(const Node* a, const Node* b) { return a->seq() < b->seq(); }

  bool keep_graph_, create_graph_;
  bool restricted_ = false, accumulate_ = true;
  SmallVector<Node*, 32> heap_;
  Node* current_ = nullptr;
  std::unordered_set<const Node*> wanted_;
  std::vector<Arrival> targets_;
  // Leaves at which another backward's gradients wait. They come when the heap is empty, so that hooks see
  // the whole sum.
  std::vector<Arrival> shared_;
};

void BackwardPass::restrict_to(std::span<const Edge> roots, std::span<const Edge> targets, bool accumulate) {
  restricted_ = true;
  accumulate_ = accumulate;
  for (const Edge& edge : targets) targets_.push_back({edge, {}});
  // A node is wanted if it is a target or one of its edges leads to a wanted one: depth first, children
  // before parents.
  for (const Edge& edge : targets) wanted_.insert(edge.node.get());
  std::unordered_set<const Node*> seen;
  struct Frame {
    const Node* node;
    size_t next_edge;
  };
  std::vector<Frame> stack;
  for (const Edge& root : roots)
    if (root && seen.insert(root.node.get()).second) stack.push_back({root.node.get(), 0});
  while (!stack.empty()) {
    Frame& frame = stack.back();
    auto edges = frame.node->edges();
    if (frame.next_edge == edges.size()) {
      for (const Edge& edge : edges)
        if (edge && wanted_.count(edge.node.get())) wanted_.insert(frame.node);
      stack.pop_back();
      continue;
    }
    const Node* child = edges[frame.next_edge++].node.get();
    if (child && seen.insert(child).second) stack.push_back({child, 0});
  }
}

void BackwardPass::deliver(const Edge& edge, Tensor gradient) {
  Node& node = *edge.node;
  if (restricted_ && !wanted_.count(&node)) return;
  for (Arrival& shared : shared_)
    if (shared.edge.node.get() == &node) return add_to(shared.gradient, gradient, create_graph_);
  const void* owner = node.pass_.load(std::memory_order_relaxed);
  if (!owner && node.pass_.compare_exchange_strong(owner, this, std::memory_order_acquire)) {
    heap_.push_back(&node);
    std::push_heap(heap_.begin(), heap_.end(), earlier);
  } else if (owner != this && node.is_leaf()) {
    // Another backward, on another thread or around this one (in a custom function), has gradients waiting
    // here.
    shared_.push_back({edge, std::move(gradient)});
    return;
  } else if (owner != this) {
    fail(ErrorKind::runtime, "[backward] another backward is running through the same graph (at [",
         node.name(), "]); give each thread a graph of its own, or take turns");
  }
  Tensor& slot = node.inbox()[edge.output];
  if (!slot.defined())
    slot = std::move(gradient);
  else
    add_to(slot, gradient, create_graph_);
}

// The gradients of this node's results are complete: hooks, retain_grad and grad() see them now.
void BackwardPass::see_arrivals(Node& node, std::span<Tensor> inbox) {
  if (NodeExtras* extras = node.extras()) {
    for (size_t i = 0; i < extras->hooks.size(); ++i) {
      auto entry = extras->hooks[i];  // a copy: a hook may remove itself
      Tensor& slot = inbox[entry.output];
      if (!slot.defined()) continue;
      Tensor replaced = (*entry.hook)(slot);
      check_replacement(node, slot, replaced);
      if (replaced.defined()) slot = std::move(replaced);
    }
    for (auto& entry : extras->retained) {
      const Tensor& slot = inbox[entry.output];
      if (!slot.defined()) continue;
      entry.grad = entry.grad.defined() ? apply_op(OpId::add, {}, entry.grad, slot) : slot;
    }
  }
  for (Arrival& target : targets_)
    if (target.edge.node.get() == &node) target.gradient = inbox[target.edge.output];
}

void BackwardPass::fit_to_input(const Node& node, size_t i, Tensor& gradient) {
  NodeExtras* extras = node.extras();
  if (!extras || i >= extras->facts.size()) return;
  const InputFact& fact = extras->facts[i];
  if (!fact.layout.same_shape(gradient.layout())) {
    if (!broadcasts_to(fact.layout.shape(), gradient.shape()))
      fail(ErrorKind::runtime, "[", node.name(), "] returned an invalid gradient at index ", i,
           ": its shape is ", gradient.shape(), ", but that of the input is ", fact.layout.shape());
    gradient = sum_to(gradient, fact.layout.shape());
  }
  gradient = in_dtype(fact.dtype, gradient);
}

// Not from where grad() only catches what arrives.
bool BackwardPass::goes_on_from(const Node& node) const {
  if (node.is_leaf()) return accumulate_;
  for (const Edge& edge : node.edges())
    if (edge && (!restricted_ || wanted_.count(edge.node.get()))) return true;
  return false;
}

// `inbox`: the node's own, or that of a shared leaf.
void BackwardPass::step(Node& node, std::span<Tensor> inbox) {
  see_arrivals(node, inbox);
  if (!goes_on_from(node)) return;
  std::vector<Tensor> arrived;  // as hooks shall see it
  if (has_node_hooks(node)) {
    run_node_hooks(node, true, inbox);
    arrived.assign(inbox.begin(), inbox.end());
  }
  if (node.is_leaf()) return step_leaf(static_cast<Leaf&>(node), std::move(inbox[0]), arrived);
  Vjp vjp(node, create_graph_);
  vjp.pass_ = this;
  node.propagate(vjp);
  if (has_node_hooks(node)) {
    for (size_t i = 0; i < vjp.gradients.size(); ++i)
      if (vjp.gradients[i].defined()) fit_to_input(node, i, vjp.gradients[i]);
    run_node_hooks(node, false, {vjp.gradients.data(), vjp.gradients.size()}, arrived);
  }
  for (size_t i = 0; i < vjp.gradients.size(); ++i) {
    Tensor& gradient = vjp.gradients[i];
    if (!gradient.defined() || !vjp.needs(i)) continue;
    fit_to_input(node, i, gradient);
    deliver(node.edges()[i], std::move(gradient));
  }
  if (!keep_graph_) node.release_saved();
}

void BackwardPass::step_leaf(Leaf& leaf, Tensor gradient, std::span<const Tensor> arrived) {
  if (!gradient.defined()) return;
  leaf.accumulate(std::move(gradient), create_graph_);
  if (!leaf.extras()) return;
  auto after = leaf.extras()->after;  // a copy: a hook may remove itself
  for (auto& entry : after) static_cast<void>((*entry.hook)(leaf.grad));
  run_node_hooks(leaf, false, {}, arrived);
}

Tensor Vjp::take_waiting(size_t i) const {
  const Edge& edge = node_.edges()[i];
  if (create_graph_ || !edge || has_node_hooks(node_) ||
      edge.node->pass_.load(std::memory_order_relaxed) != pass_)
    return {};
  Tensor& slot = edge.node->inbox()[edge.output];
  bool is_free = slot.defined() && slot.is_contiguous() && is_owned_alone(slot);
  return is_free ? std::move(slot) : Tensor();
}

void BackwardPass::run() {
  Scoped<bool> mode(context().grad_mode, create_graph_);
  while (advance()) {
  }
}
Node* BackwardPass::next() {
  Scoped<bool> mode(context().grad_mode, create_graph_);
  return advance();
}

Node* BackwardPass::advance() {
  if (heap_.empty()) return advance_shared();
  std::pop_heap(heap_.begin(), heap_.end(), earlier);
  current_ = heap_.back();
  heap_.pop_back();
  step(*current_, current_->inbox());
  leave(*current_);
  return std::exchange(current_, nullptr);
}

Node* BackwardPass::advance_shared() {
  if (shared_.empty()) return nullptr;
  Arrival last = std::move(shared_.back());
  shared_.pop_back();
  step(*last.edge.node, {&last.gradient, 1});
  return last.edge.node.get();
}

Tensor BackwardPass::caught(const Edge& target) const {
  for (const Arrival& entry : targets_)
    if (entry.edge.node == target.node && entry.edge.output == target.output) return entry.gradient;
  return {};
}

namespace {

// Threads may share parameters. A leaf has no lock of its own but one of a few.
std::mutex leaf_locks[16];
void lock_leaves() {
  for (std::mutex& lock : leaf_locks) lock.lock();
}
void unlock_leaves() {
  for (std::mutex& lock : leaf_locks) lock.unlock();
}

std::mutex& lock_of(const Leaf& leaf) {
  // No fork catches them held. Asked for here and not at the start of the program: what is registered last is
  // locked first, and who holds a leaf may be about to ask for memory, whose locks a fork takes too.
  [[maybe_unused]] static const bool guarded = (on_fork(lock_leaves, unlock_leaves), true);
  return leaf_locks[reinterpret_cast<uintptr_t>(&leaf) / 64 % std::size(leaf_locks)];
}

// Memory of its own that lies as the leaf does, so that who walks through both at once meets no strides.
Tensor first_of(Tensor gradient, const Layout& leaf) {
  const bool image = !leaf.is_contiguous() && leaf.is_channels_last();
  const bool fits = image ? gradient.layout().is_channels_last() : gradient.is_contiguous();
  if (fits && is_owned_alone(gradient)) return gradient;
  const Attr format[] = {Attr(image ? "channels_last" : "contiguous")};
  return apply_op(OpId::clone, format, gradient);
}

}  // namespace

void Leaf::accumulate(Tensor gradient, bool create_graph) {
  const std::lock_guard lock(lock_of(*this));
  if (!grad.defined()) {
    if (!create_graph && requires_grad(*gradient.impl())) gradient = gradient.detach();
    grad = first_of(std::move(gradient), extras()->facts[0].layout);
  } else if (create_graph) {
    grad = apply_op(OpId::add, {}, grad, gradient);
  } else {
    NoGrad guard;
    const Tensor* const inputs[] = {&grad, &gradient};
    apply_in_place(OpId::add, {inputs, 2}, {});
  }
}

namespace {

Tensor first_gradient(const Tensor& tensor, const Tensor& given, const char* op) {
  if (!tensor.defined()) fail(ErrorKind::value, "[", op, "] got an undefined tensor");
  if (!requires_grad(*tensor.impl()))
    fail(ErrorKind::runtime, "[", op,
         "] the tensor does not require grad and does not have a grad_fn. Was it made under "
         "no_grad, detached, or from tensors without requires_grad_()?");
  if (given.defined()) {
    if (!given.layout().same_shape(tensor.layout()))
      fail(ErrorKind::runtime, "[", op, "] Mismatch in shape: the gradient has shape ", given.shape(),
           " and the tensor ", tensor.shape());
    return in_dtype(tensor.dtype(), given);
  }
  if (tensor.numel() != 1)
    fail(ErrorKind::runtime, "[", op,
         "] grad can be implicitly created only for scalar outputs, and this tensor has shape ",
         tensor.shape(), "; reduce it (sum, mean) or pass its gradient");
  const Attr attrs[] = {Attr(tensor.shape()), Attr(tensor.dtype())};
  return apply_op(OpId::full, attrs, Tensor(1.0));
}

struct Roots {
  SmallVector<Edge, 1> edges;
  SmallVector<Tensor, 1> gradients;
  std::span<const Edge> places() const { return {edges.data(), edges.size()}; }
};
Roots roots_of(TensorList tensors, TensorList gradients, const char* op) {
  if (gradients.size() && gradients.size() != tensors.size())
    fail(ErrorKind::runtime, "[", op, "] got ", tensors.size(), " tensors and ", gradients.size(),
         " gradients");
  Roots roots;
  for (size_t i = 0; i < tensors.size(); ++i) {
    roots.gradients.push_back(first_gradient(tensors[i], gradients.size() ? gradients[i] : Tensor(), op));
    roots.edges.push_back(edge_of(tensors[i]));
  }
  return roots;
}

void start(BackwardPass& pass, Roots& roots) {
  for (size_t i = 0; i < roots.edges.size(); ++i) pass.deliver(roots.edges[i], std::move(roots.gradients[i]));
  pass.run();
}

}  // namespace

Backward::Backward(const Tensor& root, const Tensor& gradient)
    : root_(root), pass_(std::make_unique<BackwardPass>(false, false)) {
  Tensor first = first_gradient(root, gradient, "backward");
  pass_->deliver(edge_of(root), std::move(first));
}
Backward::~Backward() = default;
const Node* Backward::step() { return pass_->next(); }

void backward(TensorList tensors, TensorList gradients, const BackwardOptions& options) {
  Roots roots = roots_of(tensors, gradients, "backward");
  BackwardPass pass(options.retain_graph.value_or(options.create_graph), options.create_graph);
  std::vector<Edge> targets;
  for (const Tensor& input : options.inputs) {
    if (!input.defined() || !requires_grad(*input.impl()))
      fail(ErrorKind::runtime, "[backward] one of the inputs does not require grad");
    input.retain_grad();  // of a leaf it is nothing new
    targets.push_back(edge_of(input));
  }
  if (!targets.empty()) pass.restrict_to(roots.places(), targets, true);
  start(pass, roots);
}

std::vector<Tensor> grad(TensorList outputs, TensorList inputs, const GradOptions& options) {
  Roots roots = roots_of(outputs, options.grad_outputs, "grad");
  std::vector<Edge> targets;
  for (const Tensor& input : inputs) {
    if (!requires_grad(*input.impl()))
      fail(ErrorKind::runtime,
           "[grad] One of the differentiated Tensors does not require grad; call requires_grad_() before "
           "using it");
    targets.push_back(edge_of(input));
  }
  BackwardPass pass(options.retain_graph.value_or(options.create_graph), options.create_graph);
  pass.restrict_to(roots.places(), targets, false);
  start(pass, roots);
  std::vector<Tensor> gradients;
  for (const Edge& target : targets) {
    gradients.push_back(pass.caught(target));
    if (!gradients.back().defined() && !options.allow_unused)
      fail(ErrorKind::runtime,
           "[grad] One of the differentiated Tensors appears to not have been used in the graph. Set "
           "allow_unused=True if this is the desired behavior");
  }
  return gradients;
}

}  // namespace rushlight
