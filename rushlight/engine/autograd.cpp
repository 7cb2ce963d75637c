// The autograd side of Tensor: flags, gradients, hooks.
#include "rushlight/engine/backward.h"
#include "rushlight/engine/context.h"
#include "rushlight/engine/node.h"

namespace rushlight {

namespace {
// Its memory or a flag of it is about to change: a recording trace remembers the tensor as it was.
void show_to_watch(const Tensor& tensor) {
  if (Watch* w = watch()) w->memory_shared(tensor, *tensor.storage());
}
}  // namespace

bool Tensor::requires_grad() const { return rushlight::requires_grad(*impl_); }

const Tensor& Tensor::requires_grad_(bool on) const {
  if (on == requires_grad()) return *this;
  if (!is_leaf())
    fail(ErrorKind::runtime,
         "[requires_grad_] you can only change requires_grad flags of leaf variables. To use a computed "
         "tensor as a constant, use detach()");
  if (on && !is_floating_point())
    fail(ErrorKind::runtime,
         "[requires_grad_] only Tensors of floating point dtype can require gradients, not ", dtype());
  if (on && impl_->inference)
    fail(ErrorKind::runtime,
         "[requires_grad_] an inference tensor cannot require grad; clone() it outside inference_mode");
  show_to_watch(*this);
  if (on && !leaf_of(*this)) make_leaf(*this);
  impl_->requires_grad = on;
  return *this;
}

bool Tensor::is_leaf() const { return !requires_grad() || leaf_of(*this); }

Ref<Node> Tensor::grad_fn() const {
  if (is_leaf()) return {};
  return edge_of(*this).node;
}

namespace {
NodeExtras::Retained* retained_entry(const Edge& edge) {
  return edge && edge.node->extras() ? edge.node->extras()->retained_at(edge.output) : nullptr;
}
}  // namespace

Tensor Tensor::grad() const {
  if (Watch* w = watch()) w->grad_touched(*this, false);
  if (Leaf* leaf = leaf_of(*this)) return leaf->grad;
  auto* entry = retained_entry(edge_of(*this));
  return entry ? entry->grad : Tensor();
}

void Tensor::set_grad(const Tensor& grad) const {
  if (grad.defined()) {
    if (!grad.layout().same_shape(layout()))
      fail(ErrorKind::runtime, "[grad] assigned grad has shape ", grad.shape(), " and the tensor ", shape());
    if (grad.dtype() != dtype())
      fail(ErrorKind::runtime, "[grad] assigned grad has dtype ", grad.dtype(), " and the tensor ", dtype());
    if (grad.is_same(*this)) fail(ErrorKind::runtime, "[grad] a tensor cannot be its own gradient");
  }
  if (Watch* w = watch()) w->grad_touched(*this, true);
  Leaf* leaf = leaf_of(*this);
  if (!leaf) {
    if (auto* entry = retained_entry(edge_of(*this))) {
      entry->grad = grad;
      return;
    }
    if (!grad.defined()) return;
    if (!is_leaf())
      fail(ErrorKind::runtime, "[grad] this tensor is not a leaf; call retain_grad() on it first");
    leaf = &make_leaf(*this);
  }
  leaf->grad = grad;
}

void Tensor::backward(const BackwardOptions& options) const {
  if (options.gradient.defined())
    rushlight::backward({*this}, {options.gradient}, options);
  else
    rushlight::backward({*this}, {}, options);
}
void Tensor::backward() const { backward(BackwardOptions{}); }

void Tensor::retain_grad() const {
  if (!requires_grad())
    fail(ErrorKind::runtime, "[retain_grad] can't retain_grad on a tensor that has requires_grad=False");
  if (is_leaf()) return;
  Edge edge = edge_of(*this);
  if (!retained_entry(edge)) edge.node->make_extras().retained.push_back({edge.output, {}});
}

int64_t Tensor::register_hook(Ref<Hook> hook) const {
  if (!requires_grad())
    fail(ErrorKind::runtime,
         "[register_hook] cannot register a hook on a tensor that doesn't require gradient");
  int64_t id = next_hook_id();
  Edge edge = edge_of(*this);
  edge.node->make_extras().hooks.push_back({id, edge.output, std::move(hook)});
  return id;
}

int64_t Tensor::register_post_accumulate_grad_hook(Ref<Hook> hook) const {
  if (!requires_grad() || !is_leaf())
    fail(ErrorKind::runtime,
         "[register_post_accumulate_grad_hook] only a leaf that requires grad accumulates gradients; "
         "register_hook() sees those of other tensors");
  int64_t id = next_hook_id();
  leaf_of(*this)->make_extras().after.push_back({id, 0, std::move(hook)});
  return id;
}

void Tensor::remove_hook(int64_t id) const {
  if (Edge edge = edge_of(*this)) edge.node->remove_hook(id);
}

// A fresh tensor over the same storage; the copy of the version counter that PyTorch makes is a storage that
// shares memory.
Tensor Tensor::data() const {
  const Ref<Storage>& shared = storage();
  struct Owner final : Companion {
    explicit Owner(Ref<Storage> s) : storage(std::move(s)) {}
    Ref<Storage> storage;
  };
  auto untracked = Storage::wrap(shared->data(), shared->bytes(), device(), new Owner(shared));
  if (Watch* w = watch()) w->memory_shared(*this, *untracked);
  return Tensor(TensorImpl::make(std::move(untracked), layout(), dtype()));
}

void Tensor::set_data(const Tensor& source) const {
  if (!source.defined()) fail(ErrorKind::value, "[data] got an undefined tensor");
  if (requires_grad() && !source.is_floating_point())
    fail(ErrorKind::runtime, "[data] the tensor requires grad, and ", source.dtype(), " cannot");
  show_to_watch(*this);
  if (Leaf* leaf = leaf_of(*this)) {
    leaf->make_extras().facts[0] = {source.layout(), source.dtype()};
    impl_->history = Ref<History>::share(leaf);  // and no view any more
    impl_->is_view = false;
  }
  impl_->storage = source.storage();
  impl_->layout = source.layout();
  impl_->dtype = source.dtype();
}

}  // namespace rushlight
