// Max pooling of planes and its gradient. Other ranks and types are the reference's.
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/windows.h"
#include "rushlight/base/thread_pool.h"
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

namespace {

// The first of equals and the last NaN of rows [top, bottom) and columns [left, right); its place in the
// plane.
template <class T>
int64_t place_of_largest(const T* plane, int64_t width, int64_t top, int64_t bottom, int64_t left,
                         int64_t right) {
  int64_t best = top * width + left;
  T most = plane[best];
  for (int64_t i = top; i < bottom; ++i)
    for (int64_t at = i * width + left; at < i * width + right; ++at)
      if (const T x = plane[at]; x > most || x != x) best = at, most = x;
  return best;
}

}  // namespace

bool adaptive_max_pool(const KernelCall& call) {
  const Tensor& out = call.out[0];
  bool fast =
      out.rank() == 4 && has_kernels(out.dtype()) && out.is_contiguous() && call.out[1].is_contiguous();
  if (!fast || out.numel() == 0 || call.in[0].numel() == 0) return by_reference(call);
  Tensor x = row_major(call.in[0]);
  const int64_t height = x.size(2), width = x.size(3), rows = out.size(2), columns = out.size(3);
  auto start = [](int64_t i, int64_t extent, int64_t count) { return i * extent / count; };
  auto end = [](int64_t i, int64_t extent, int64_t count) { return ((i + 1) * extent + count - 1) / count; };
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(x.size(0) * x.size(1), [&](int64_t p) {
      const T* plane = pointer<T>(x) + p * height * width;
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j) {
          const int64_t place = place_of_largest(plane, width, start(i, height, rows), end(i, height, rows),
                                                 start(j, width, columns), end(j, width, columns));
          const int64_t to = (p * rows + i) * columns + j;
          pointer<T>(out)[to] = plane[place];
          pointer<int64_t>(call.out[1])[to] = place;
        }
    });
    return true;
  });
}

}  // namespace rushlight::cpu
