// What an in-place write does to histories: the target's and its base's start anew, and no node holds itself.
#include <unordered_set>

#include "rushlight/engine/context.h"
#include "rushlight/engine/record.h"

namespace rushlight {

void refuse_rewriting(const char* name, const char* form, const Tensor& target, Inputs in) {
  if (!context().grad_mode) return;
  const bool wanted = wants_grad(target);
  ViewHistory* view = view_history(target);
  if (!view) {
    if (wanted && leaf_of(target))
      fail(ErrorKind::runtime, "[", name, form,
           "] a leaf Variable that requires grad is being used in an in-place "
           "operation. Write to it under no_grad, or work on a clone()");
    return;
  }
  const bool base_wanted = wants_grad(view->base);
  if (!view->tracks_base && (base_wanted || any_wants_grad(in)))
    fail(ErrorKind::runtime, "[", name, form,
         "] A view was created in no_grad mode and is being modified inplace with "
         "grad mode enabled. Make the view with grad mode on, or write under no_grad");
  if ((wanted || base_wanted) && view->base.is_leaf())
    fail(ErrorKind::runtime, "[", name, form,
         "] a view of a leaf Variable that requires grad is being used in an in-place "
         "operation. Write to it under no_grad, or work on a clone()");
  if (view->one_of_many && any_wants_grad(in))
    fail(ErrorKind::runtime, "[", name, form,
         "] the target is one of several views that one call returned (split, unbind); "
         "writing to one of them in place is not supported. clone() it first");
}

namespace {

// `root`'s history leads to `latest` from now on. A node on the way that saved the tensor, or a view of it,
// would hold itself; an alias serves it as well, to say that the elements are new. What lies behind the
// former history, `before`, is older than the tensor, or was seen to when that began.
void let_savers_go(const Tensor& root, Node& latest, const Node* before) {
  std::unordered_set<const Node*> seen{&latest, before};
  std::vector<Node*> waiting{&latest};
  while (!waiting.empty()) {
    Node& node = *waiting.back();
    waiting.pop_back();
    for (SavedTensor& entry : node.saved())
      if (entry.tensor.defined() && base_or_itself(entry.tensor).is_same(root))
        entry.tensor = alias(entry.tensor);
    for (const Edge& edge : node.edges())
      if (edge && seen.insert(edge.node.get()).second) waiting.push_back(edge.node.get());
  }
}

// Operands that view what was written have led to the base as it was; at next use they shall look again.
void let_views_follow(Inputs in, const Tensor& base) {
  for (size_t i = 0; i < in.size(); ++i) {
    if (!in[i].defined()) continue;
    ViewHistory* view = view_history(in[i]);
    if (view && view->base.is_same(base)) view->version = in[i].version() - 1;
  }
}

}  // namespace

void renew_history(const Tensor& tensor, const Ref<Node>& node, size_t output) {
  const Edge before = edge_of(tensor);
  if (tensor.impl()->saved.load(std::memory_order_relaxed)) let_savers_go(tensor, *node, before.node.get());
  move_retained(before, *node, output);
  set_history(tensor, node, output);
}

void rebase_history(const Tensor& target, const Ref<Node>& node, size_t output, Inputs in) {
  ViewHistory* view = view_history(target);
  if (!view) {
    renew_history(target, node, output);
    return let_views_follow(in, target);
  }
  const Tensor& base = view->base;
  const Layout& layout = target.layout();
  const Attr attrs[] = {layout.shape(), layout.strides(), layout.offset()};
  auto write = Node::make(&op_def(OpId::as_strided_scatter), 2, 1, 0, attrs);
  write->connect(0, edge_of(base));
  write->connect(1, {node, static_cast<uint16_t>(output)});
  auto& facts = write->make_extras().facts;
  facts.push_back({base.layout(), base.dtype()});
  facts.push_back({layout, target.dtype()});
  renew_history(base, write, 0);
  target.impl()->requires_grad = true;  // its edge is rebuilt from the base at next use
  let_views_follow(in, base);
}

}  // namespace rushlight
