// Windows of an image as columns, and columns added up into an image: row by row of positions, planes in
// parallel.
#include <algorithm>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/windows.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

// A window over planes of height x width.
template <class Args>
struct Windows {
  Windows(const Args& a, const Tensor& image)
      : height(image.size(-2)),
        width(image.size(-1)),
        planes(image.numel() / (height * width)),
        y{each(a.kernel_size, 0), each(a.stride, 0), each(a.padding, 0), each(a.dilation, 0)},
        x{each(a.kernel_size, 1), each(a.stride, 1), each(a.padding, 1), each(a.dilation, 1)},
        rows(y.positions(height)),
        columns(x.positions(width)) {}

  // run(first, begin, end, place, inside) for each row of positions of each tap: columns [begin, end) of it
  // meet the image's elements first + j * stride; `place` is where the row stands among the columns of the
  // plane. None is met where begin = end.
  template <class Run>
  void each_row(Run run) const {
    int64_t place = 0;
    for (int64_t tap = 0; tap < y.size * x.size; ++tap) {
      const int64_t shift = tap % x.size * x.dilation - x.padding;
      const int64_t begin =
          std::clamp<int64_t>(shift < 0 ? (-shift + x.stride - 1) / x.stride : 0, 0, columns);
      const int64_t room = width - 1 - shift;
      const int64_t end = std::clamp<int64_t>(room < 0 ? 0 : room / x.stride + 1, begin, columns);
      for (int64_t i = 0; i < rows; ++i, place += columns) {
        const int64_t at = y.start(i) + tap / x.size * y.dilation;
        const bool inside = at >= 0 && at < height;
        run(at * width + shift, inside ? begin : 0, inside ? end : 0, place);
      }
    }
  }
  int64_t columns_of_plane() const { return y.size * x.size * rows * columns; }

  int64_t height, width, planes;
  Window y, x;
  int64_t rows, columns;
};

}  // namespace

bool im2col(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (out.numel() == 0 || call.in[0].numel() == 0 || !out.is_contiguous()) return by_reference(call);
  Tensor image = row_major(call.in[0]);
  const Windows windows(args::Im2col(call.attrs), image);
  visit_size(out.dtype(), [&]<class T>(TypeTag<T>) {
    parallel_for(windows.planes, [&](int64_t p) {
      const T* from = pointer<T>(image) + p * windows.height * windows.width;
      T* to = pointer<T>(out) + p * windows.columns_of_plane();
      windows.each_row([&](int64_t first, int64_t begin, int64_t end, int64_t place) {
        T* row = to + place;
        std::fill(row, row + begin, T(0));
        if (windows.x.stride == 1)
          std::copy_n(from + first + begin, end - begin, row + begin);
        else
          for (int64_t j = begin; j < end; ++j) row[j] = from[first + j * windows.x.stride];
        std::fill(row + end, row + windows.columns, T(0));
      });
    });
  });
  return true;
}

bool col2im(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (!is_floating(out.dtype()) || out.numel() == 0 || call.in[0].numel() == 0) return by_reference(call);
  const DType dtype = compute_type(out.dtype());
  Tensor columns = row_major_as(call.in[0], dtype);
  Tensor image = out.dtype() == dtype && out.is_contiguous() ? out : empty(out.shape(), dtype);
  const Windows windows(args::Col2im(call.attrs), image);
  with_floating(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(windows.planes, [&](int64_t p) {
      const int64_t size = windows.height * windows.width;
      const T* from = pointer<T>(columns) + p * windows.columns_of_plane();
      T* to = pointer<T>(image) + p * size;
      std::fill(to, to + size, T(0));
      windows.each_row([&](int64_t first, int64_t begin, int64_t end, int64_t place) {
        const T* row = from + place;
        if (windows.x.stride == 1)
          for (int64_t j = begin; j < end; ++j) to[first + j] += row[j];
        else
          for (int64_t j = begin; j < end; ++j) to[first + j * windows.x.stride] += row[j];
      });
    });
    return true;
  });
  if (!image.is_same(out)) copy_elements(out, image);
  return true;
}

}  // namespace rushlight::cpu
