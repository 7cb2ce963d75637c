// Pooling of planes, plane by plane in parallel. Other ranks and types are the reference's.
#include <algorithm>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/windows.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

// Planes that one chunk of parallel work holds.
int64_t planes_per_chunk(int64_t numbers) {
  return std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(numbers, 1));
}

template <class Body>
void each_plane(int64_t planes, int64_t numbers, Body body) {
  int64_t some = planes_per_chunk(numbers);
  parallel_for((planes + some - 1) / some, [&](int64_t chunk) {
    for (int64_t plane = chunk * some; plane < std::min(planes, (chunk + 1) * some); ++plane) body(plane);
  });
}

// One plane through a window: its size, and those of the planes it is taken from and makes.
struct PlaneWindow {
  Window rows, columns;
  int64_t height, width, out_height, out_width;
};

// The first of equals and the last NaN, as PyTorch has it.
template <class T>
void largest_of_plane(const PlaneWindow& w, const T* x, T* y, int64_t* places) {
  for (int64_t i = 0; i < w.out_height; ++i) {
    const int64_t first_row = w.rows.first_inside(i),
                  bottom = std::min(w.rows.start(i) + w.rows.reach(), w.height);
    for (int64_t j = 0; j < w.out_width; ++j) {
      const int64_t first_column = w.columns.first_inside(j);
      const int64_t right = std::min(w.columns.start(j) + w.columns.reach(), w.width);
      int64_t place = first_row * w.width + first_column;
      T largest = x[place];
      for (int64_t row = first_row; row < bottom; row += w.rows.dilation)
        for (int64_t column = first_column; column < right; column += w.columns.dilation) {
          const T value = x[row * w.width + column];
          if (!(value > largest) && value == value) continue;
          largest = value;
          place = row * w.width + column;
        }
      *y++ = largest;
      *places++ = place;
    }
  }
}

}  // namespace

bool max_pool(const KernelCall& call) {
  const Tensor& out = call.out[0];
  bool fast =
      out.rank() == 4 && has_kernels(out.dtype()) && out.is_contiguous() && call.out[1].is_contiguous();
  if (!fast || out.numel() == 0 || call.in[0].numel() == 0) return by_reference(call);
  args::MaxPool a(call.attrs);
  auto window = [&](size_t d) {
    return Window{each(a.kernel_size, d), each(a.stride, d), each(a.padding, d), each(a.dilation, d)};
  };
  Tensor x = row_major(call.in[0]);
  PlaneWindow w{window(0), window(1), x.size(2), x.size(3), out.size(2), out.size(3)};
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t from = w.height * w.width, to = w.out_height * w.out_width;
    const T* image = pointer<T>(x);
    T* values = pointer<T>(out);
    int64_t* places = pointer<int64_t>(call.out[1]);
    each_plane(x.size(0) * x.size(1), from, [&](int64_t plane) {
      largest_of_plane(w, image + plane * from, values + plane * to, places + plane * to);
    });
    return true;
  });
}

// Along the last dimension, each row of `src` into the row of `out` that stands at its place.
bool scatter_add(const KernelCall& call) {
  const Tensor &input = call.in[0], &index = call.in[1], &src = call.in[2], &out = call.out[0];
  const int rank = out.rank();
  const int64_t dim = args::ScatterAdd(call.attrs).dim;
  bool fast = rank > 0 && (dim == rank - 1 || dim == -1) && index.dtype() == DType::int64 &&
              index.is_contiguous() && src.is_contiguous() && out.is_contiguous() &&
              src.dtype() == out.dtype() && index.numel() > 0;
  for (int d = 0; fast && d < rank; ++d)
    fast = index.layout().size(d) == src.layout().size(d) &&
           (d == rank - 1 || index.layout().size(d) == out.layout().size(d));
  if (!fast || !has_kernels(out.dtype())) return by_reference(call);
  const int64_t width = out.shape().back(), count = index.shape().back(), rows = index.numel() / count;
  const int64_t* places = pointer<int64_t>(index);
  for (int64_t i = 0; i < index.numel(); ++i)
    if (places[i] < 0 || places[i] >= width) return by_reference(call);  // which says what is wrong
  if (out.raw_data() != input.raw_data()) copy_elements(out, input);
  return with_floating(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = pointer<T>(src);
    T* to = pointer<T>(out);
    each_plane(rows, count, [&](int64_t row) {
      for (int64_t i = row * count; i < (row + 1) * count; ++i) to[row * width + places[i]] += from[i];
    });
    return true;
  });
}

}  // namespace rushlight::cpu
