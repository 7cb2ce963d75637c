// Optimizer steps: in place, over lists of dense tensors of one dtype. Anything else is declined.
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

bool is_dense(const Tensor& tensor) {
  const Layout& layout = tensor.layout();
  return layout.is_contiguous() || layout == layout.packed().with_offset(layout.offset());
}
// The same order of elements in memory.
bool lie_alike(const Tensor& a, const Tensor& b) {
  return (a.is_contiguous() && b.is_contiguous()) ||
         a.layout() == b.layout().with_offset(a.layout().offset());
}
Tensor in_order_of(const Tensor& tensor, const Tensor& like) {
  if (lie_alike(tensor, like)) return tensor;
  Tensor copy = empty_like_layout(like.layout().with_offset(0), tensor.dtype(), host_allocator());
  copy_same_type(copy, tensor);
  return copy;
}

// Inputs are params, grads, states ... (n each), results the same without grads. A parameter is walked
// through as it lies in memory, and its states must lie alike.
bool updates_in_place(const KernelCall& call, size_t lists) {
  size_t n = call.in.size() / lists;
  if (n == 0) return false;
  for (size_t i = 0; i < lists * n; ++i) {
    const Tensor &tensor = call.in[i], &param = call.in[i % n];
    const bool is_gradient = i / n == 1;
    if (tensor.dtype() != call.in[0].dtype()) return false;
    if (i < n ? !is_dense(tensor) : !is_gradient && !lie_alike(tensor, param)) return false;
  }
  for (size_t i = 0; i < n; ++i)
    for (size_t list = 0; list < lists; ++list)
      if (list != 1 && call.out[(list ? list - 1 : 0) * n + i].raw_data() != call.in[list * n + i].raw_data())
        return false;
  return true;
}

template <class T>
struct Lists {
  Lists(const KernelCall& call, size_t lists) : count(call.in.size() / lists) {
    for (size_t i = 0; i < count; ++i) {
      sizes.push_back(call.in[i].numel());
      gradients.push_back(in_order_of(call.in[count + i], call.in[i]));
    }
    for (size_t list = 0; list < lists; ++list)
      for (size_t i = 0; i < count; ++i)
        pointers[list].push_back(pointer<T>(list == 1 ? gradients[i] : call.in[list * count + i]));
  }
  // What the arguments of every step begin with.
  template <class Args>
  Args args() const {
    Args args;
    args.count = static_cast<int64_t>(count);
    args.sizes = sizes.data();
    args.params = pointers[0].data();
    args.grads = pointers[1].data();
    return args;
  }
  size_t count;
  SmallVector<int64_t, 32> sizes;
  SmallVector<Tensor, 32> gradients;
  SmallVector<T*, 32> pointers[5];
};

// Behind the lists come the count of the steps before this one (but for a plain sgd_step) and the gradients'
// factor.
double step_number(const KernelCall& call) { return call.in[call.in.size() - 2].item<double>() + 1; }
double grad_scale(const KernelCall& call, bool maximize) {
  const Tensor& factor = call.in[call.in.size() - 1];
  return (maximize ? -1 : 1) * (factor.defined() ? factor.item<double>() : 1);
}
void write_step(const KernelCall& call, double number) {
  const Tensor& step = call.out[call.out.size() - 1];
  visit(step.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    *static_cast<T*>(step.raw_data()) = static_cast<T>(static_cast<float>(number));
  });
}

bool adam(const KernelCall& call, bool decoupled_decay, bool amsgrad) {
  size_t lists = amsgrad ? 5 : 4;
  if (!updates_in_place(call, lists)) return false;
  args::AdamStep a(call.attrs);
  double number = step_number(call);
  bool done = with_floating(call.in[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Lists<T> of(call, lists);
    auto args = of.template args<AdamArgs<T>>();
    args.mean = of.pointers[2].data();
    args.variance = of.pointers[3].data();
    if (amsgrad) args.largest_variance = of.pointers[4].data();
    args.lr = a.lr.get();
    args.beta1 = a.beta1.get();
    args.beta2 = a.beta2.get();
    args.eps = a.eps;
    args.weight_decay = a.weight_decay;
    args.step = number;
    args.grad_scale = grad_scale(call, a.maximize);
    args.decoupled_decay = decoupled_decay;
    floating_kernels<T>().adam_step(args);
    return true;
  });
  if (done) write_step(call, number);
  return done;
}

}  // namespace

bool adamw_step(const KernelCall& call) { return adam(call, true, false); }
bool adamw_amsgrad_step(const KernelCall& call) { return adam(call, true, true); }
bool adam_step(const KernelCall& call) { return adam(call, false, false); }
bool adam_amsgrad_step(const KernelCall& call) { return adam(call, false, true); }

bool sgd_step(const KernelCall& call) {
  if (!updates_in_place(call, 2)) return false;
  args::SgdStep a(call.attrs);
  return with_floating(call.in[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Lists<T> of(call, 2);
    auto args = of.template args<SgdArgs<T>>();
    args.lr = a.lr.get();
    args.weight_decay = a.weight_decay;
    args.grad_scale = grad_scale(call, a.maximize);
    floating_kernels<T>().sgd_step(args);
    return true;
  });
}

bool sgd_momentum_step(const KernelCall& call) {
  if (!updates_in_place(call, 3)) return false;
  args::SgdMomentumStep a(call.attrs);
  double number = step_number(call);
  bool done = with_floating(call.in[0].dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Lists<T> of(call, 3);
    auto args = of.template args<SgdArgs<T>>();
    args.momentum_buffers = of.pointers[2].data();
    args.lr = a.lr.get();
    args.momentum = a.momentum.get();
    args.dampening = a.dampening;
    args.weight_decay = a.weight_decay;
    args.grad_scale = grad_scale(call, a.maximize);
    args.nesterov = a.nesterov;
    args.first_step = number == 1;
    floating_kernels<T>().sgd_step(args);
    return true;
  });
  if (done) write_step(call, number);
  return done;
}

}  // namespace rushlight::cpu
