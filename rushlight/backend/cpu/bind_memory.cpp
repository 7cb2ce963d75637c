// Filling, copying, summing.
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

void copy_same_type(const Tensor& to, const Tensor& from) {
  if (to.numel() == 0) return;
  const Layout &target = to.layout(), &source = from.layout();
  Strides from_strides(static_cast<size_t>(target.rank()), 0);
  int lead = target.rank() - source.rank();
  for (int d = lead; d < target.rank(); ++d)
    if (source.size(d - lead) != 1) from_strides[static_cast<size_t>(d)] = source.stride(d - lead);
  CopyArgs args;
  args.dims = target.rank();
  args.sizes = target.shape().data();
  args.out_strides = target.strides().data();
  args.in_strides = from_strides.data();
  args.out = to.raw_data();
  args.in = from.raw_data();
  args.element_bytes = static_cast<int>(to.element_size());
  kernels().copy(args);
}

Tensor row_major(const Tensor& tensor) {
  if (!tensor.defined() || tensor.is_contiguous()) return tensor;
  Tensor copy = empty(tensor.shape(), tensor.dtype());
  copy_same_type(copy, tensor);
  return copy;
}

bool full(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (!out.is_contiguous()) return false;
  alignas(16) unsigned char value[16];
  visit(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T element = call.in[0].item<T>();
    std::memcpy(value, &element, sizeof element);
  });
  FillArgs args;
  args.out = out.raw_data();
  args.count = out.numel();
  args.value = value;
  args.element_bytes = static_cast<int>(out.element_size());
  kernels().fill(args);
  return true;
}

bool clone(const KernelCall& call) {
  copy_same_type(call.out[0], call.in[0]);
  return true;
}

bool copy(const KernelCall& call) {
  if (call.in[1].dtype() != call.out[0].dtype()) return false;
  copy_same_type(call.out[0], call.in[1]);
  return true;
}

// Reduced dimensions that stand together in row-major memory: [outer, reduced, inner].
bool sum(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  if (!input.is_contiguous() || input.dtype() != out.dtype() || !has_kernels(input.dtype())) return false;
  args::Sum a(call.attrs);
  int rank = input.rank(), first = 0, last = rank;
  if (a.dim && !a.dim->empty() && rank) {
    SmallVector<bool, 8> goes(static_cast<size_t>(rank), false);
    for (int64_t dim : *a.dim) goes[static_cast<size_t>(dim < 0 ? dim + rank : dim)] = true;
    while (first < rank && !goes[static_cast<size_t>(first)]) ++first;
    last = first;
    while (last < rank && goes[static_cast<size_t>(last)]) ++last;
    for (int d = last; d < rank; ++d)
      if (goes[static_cast<size_t>(d)]) return false;
  }
  int64_t sizes[3] = {1, 1, 1};
  for (int d = 0; d < rank; ++d) sizes[d < first ? 0 : d < last ? 1 : 2] *= input.layout().size(d);
  return with_floating(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    ReductionArgs<T> args;
    args.outer = sizes[0];
    args.reduced = sizes[1];
    args.inner = sizes[2];
    args.x = pointer<T>(input);
    args.y = pointer<T>(out);
    floating_kernels<T>().reduce(args);
    return true;
  });
}

}  // namespace rushlight::cpu
