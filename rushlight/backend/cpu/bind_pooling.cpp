// Max pooling of planes and its gradient. Other ranks and types are the reference's.
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/windows.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

// Results of one order that have kernels.
bool has_pool_kernels(const Tensor& image) { return has_kernels(image.dtype()) && is_dense_image(image); }

}  // namespace

bool max_pool(const KernelCall& call) {
  const Tensor &out = call.out[0], &places = call.out[1];
  bool fast = out.rank() == 4 && has_pool_kernels(out) && out.layout() == places.layout();
  if (!fast || out.numel() == 0 || call.in[0].numel() == 0) return by_reference(call);
  args::MaxPool a(call.attrs);
  Tensor x = image_like(call.in[0], out);
  auto axis = [&](size_t d) {
    int dim = static_cast<int>(d) + 2;
    return PoolAxis{x.size(dim),       out.size(dim),      each(a.kernel_size, d),
                    each(a.stride, d), each(a.padding, d), each(a.dilation, d)};
  };
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    floating_kernels<T>().max_pool({x.size(0), x.size(1), !out.is_contiguous(), axis(0), axis(1),
                                    pointer<T>(x), pointer<T>(out), pointer<int64_t>(places)});
    return true;
  });
}

bool max_pool_gradient(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (!has_pool_kernels(out) || out.numel() == 0) return by_reference(call);
  const int64_t channels = out.size(1), plane = out.numel() / (out.size(0) * channels);
  Tensor grad = image_like(call.in[0], out), places = image_like(call.in[1], out);
  for (const int64_t *place = pointer<int64_t>(places), *end = place + places.numel(); place != end; ++place)
    if (*place < 0 || *place >= plane) return by_reference(call);  // which says what is wrong
  return with_floating(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    floating_kernels<T>().max_pool_gradient({out.size(0), channels, !out.is_contiguous(),
                                             grad.numel() / (out.size(0) * channels), plane, pointer<T>(grad),
                                             pointer<int64_t>(places), pointer<T>(out)});
    return true;
  });
}

}  // namespace rushlight::cpu
