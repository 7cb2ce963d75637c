// Max pooling of up to three dimensions and its gradient. Whole numbers are the reference's.
#include <limits>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/windows.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

int64_t volume_of(const Tensor& image) { return image.numel() / (image.size(0) * image.size(1)); }

bool has_pool_kernels(const Tensor& image) {
  return is_floating(image.dtype()) && image.rank() <= 5 && is_dense_image(image) && image.numel() > 0 &&
         volume_of(image) <= std::numeric_limits<int32_t>::max();
}

// Halves are pooled as float32: what is read, in the order of `like`, and what is written for `out`.
Tensor dense_like(const Tensor& like, IntSpan shape, DType dtype) {
  return empty_like_layout(like.is_contiguous() ? Layout(shape) : Layout::channels_last(shape), dtype,
                           host_allocator());
}
Tensor pooled_from(const Tensor& image, const Tensor& like) {
  if (has_kernels(image.dtype())) return image_like(image, like);
  Tensor copy = dense_like(like, image.shape(), compute_type(image.dtype()));
  copy_elements(copy, image);
  return copy;
}
Tensor pooled_for(const Tensor& out) {
  return has_kernels(out.dtype()) ? out : dense_like(out, out.shape(), compute_type(out.dtype()));
}
void finish(const Tensor& out, const Tensor& pooled) {
  if (!pooled.is_same(out)) copy_elements(out, pooled);
}

}  // namespace

bool max_pool(const KernelCall& call) {
  const Tensor &out = call.out[0], &places = call.out[1];
  const bool fast = has_pool_kernels(out) && out.layout() == places.layout() && call.in[0].numel() > 0 &&
                    volume_of(call.in[0]) <= std::numeric_limits<int32_t>::max();
  if (!fast) return by_reference(call);
  args::MaxPool a(call.attrs);
  Tensor x = pooled_from(call.in[0], out), y = pooled_for(out);
  const int dims = out.rank() - 2;
  // The i-th of slices, rows and columns, of which lines and planes have only the last.
  auto axis = [&](int i) {
    const int d = i - (3 - dims);
    if (d < 0) return PoolAxis{};
    const auto at = static_cast<size_t>(d);
    return PoolAxis{x.size(d + 2),      y.size(d + 2),       each(a.kernel_size, at),
                    each(a.stride, at), each(a.padding, at), each(a.dilation, at)};
  };
  with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    floating_kernels<T>().max_pool({x.size(0), x.size(1), !out.is_contiguous(), axis(0), axis(1), axis(2),
                                    pointer<T>(x), pointer<T>(y), pointer<int64_t>(places)});
    return true;
  });
  finish(out, y);
  return true;
}

bool max_pool_gradient(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (!has_pool_kernels(out)) return by_reference(call);
  const int64_t channels = out.size(1), volume = volume_of(out);
  Tensor grad = pooled_from(call.in[0], out), places = image_like(call.in[1], out);
  for (const int64_t *place = pointer<int64_t>(places), *end = place + places.numel(); place != end; ++place)
    if (*place < 0 || *place >= volume) return by_reference(call);  // which says what is wrong
  Tensor grad_x = pooled_for(out);
  with_floating(grad_x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    floating_kernels<T>().max_pool_gradient({out.size(0), channels, !out.is_contiguous(), volume_of(grad),
                                             volume, pointer<T>(grad), pointer<int64_t>(places),
                                             pointer<T>(grad_x)});
    return true;
  });
  finish(out, grad_x);
  return true;
}

namespace {

// The i-th of `count` even parts of an axis; neighbours may share an element.
struct Part {
  int64_t begin, end;
};
Part even_part(int64_t i, int64_t extent, int64_t count) {
  return {i * extent / count, ceil_div((i + 1) * extent, count)};
}

// The first of equals and the last NaN of a part of a volume: its place there.
template <class T>
int64_t place_of_largest(const T* volume, int64_t height, int64_t width, Part slices, Part rows,
                         Part columns) {
  int64_t best = (slices.begin * height + rows.begin) * width + columns.begin;
  T most = volume[best];
  for (int64_t s = slices.begin; s < slices.end; ++s)
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      const int64_t row = (s * height + r) * width;
      for (int64_t at = row + columns.begin; at < row + columns.end; ++at)
        if (const T x = volume[at]; x > most || x != x) best = at, most = x;
    }
  return best;
}

}  // namespace

bool adaptive_max_pool(const KernelCall& call) {
  const Tensor &out = call.out[0], &places = call.out[1];
  const bool fast = has_pool_kernels(out) && out.is_contiguous() && places.is_contiguous();
  if (!fast || call.in[0].numel() == 0) return by_reference(call);
  Tensor x = pooled_from(call.in[0], out), y = pooled_for(out);
  auto size = [](const Tensor& image, int axis) {
    const int d = axis + image.rank() - 3;
    return d < 2 ? 1 : image.size(d);
  };
  const int64_t depth = size(x, 0), height = size(x, 1), width = size(x, 2);
  const int64_t slices = size(y, 0), rows = size(y, 1), columns = size(y, 2);
  with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(x.size(0) * x.size(1), [&](int64_t v) {
      const T* volume = pointer<T>(x) + v * depth * height * width;
      int64_t to = v * slices * rows * columns;
      for (int64_t s = 0; s < slices; ++s)
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t j = 0; j < columns; ++j, ++to) {
            const int64_t place = place_of_largest(volume, height, width, even_part(s, depth, slices),
                                                   even_part(i, height, rows), even_part(j, width, columns));
            pointer<T>(y)[to] = volume[place];
            pointer<int64_t>(places)[to] = place;
          }
    });
    return true;
  });
  finish(out, y);
  return true;
}

}  // namespace rushlight::cpu
