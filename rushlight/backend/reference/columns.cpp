// Windows of an image as columns, and columns added up into an image.
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/windows.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// As a batch of one, where there is no batch.
Layout batched(const Layout& layout, int rank) {
  if (layout.rank() == rank) return layout;
  Shape shape{1};
  Strides strides{0};
  for (int d = 0; d < layout.rank(); ++d) {
    shape.push_back(layout.size(d));
    strides.push_back(layout.stride(d));
  }
  return Layout({shape.data(), shape.size()}, {strides.data(), strides.size()}, layout.offset());
}

// visit(whether in the image, offset in the image, offset in the columns) for each element of the columns, in
// row-major order. Offsets count from the first elements.
template <class Args, class Visit>
void each_meeting(const Args& a, const Layout& image, const Layout& columns, Visit&& visit) {
  Window y{each(a.kernel_size, 0), each(a.stride, 0), each(a.padding, 0), each(a.dilation, 0)};
  Window x{each(a.kernel_size, 1), each(a.stride, 1), each(a.padding, 1), each(a.dilation, 1)};
  int64_t height = image.size(2), width = image.size(3);
  int64_t rows = y.positions(height), steps = x.positions(width);
  auto meet = [&](int64_t channel, int64_t tap, int64_t position, int64_t column) {
    int64_t at_y = y.start(position / steps) + tap / x.size * y.dilation;
    int64_t at_x = x.start(position % steps) + tap % x.size * x.dilation;
    bool inside = at_y >= 0 && at_y < height && at_x >= 0 && at_x < width;
    visit(inside, channel + at_y * image.stride(2) + at_x * image.stride(3), column);
  };
  for (int64_t n = 0; n < columns.size(0); ++n)
    for (int64_t c = 0; c < image.size(1); ++c)
      for (int64_t tap = 0; tap < y.size * x.size; ++tap)
        for (int64_t position = 0; position < rows * steps; ++position)
          meet(n * image.stride(0) + c * image.stride(1), tap, position,
               n * columns.stride(0) + (c * y.size * x.size + tap) * columns.stride(1) +
                   position * columns.stride(2));
}

}  // namespace

bool im2col(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  if (out.numel() == 0) return true;
  visit_size(input.dtype(), [&]<class T>(TypeTag<T>) {
    auto* from = static_cast<const T*>(input.raw_data());
    auto* to = static_cast<T*>(out.raw_data());
    each_meeting(
        args::Im2col(call.attrs), batched(input.layout(), 4), batched(out.layout(), 3),
        [&](bool inside, int64_t image, int64_t column) { to[column] = inside ? from[image] : T(0); });
  });
  return true;
}

bool col2im(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  if (out.numel() == 0) return true;
  DType wide = total_type(input.dtype());
  Tensor columns = row_major_in(wide, input), totals = empty(out.shape(), wide);
  copy_elements(totals, 0);
  visit_total(wide, [&]<class Total>(TypeTag<Total>) {
    auto* from = columns.data<Total>();
    auto* to = totals.data<Total>();
    each_meeting(args::Col2im(call.attrs), batched(totals.layout(), 4), batched(columns.layout(), 3),
                 [&](bool inside, int64_t image, int64_t column) {
                   if (inside) to[image] += from[column];
                 });
  });
  copy_elements(out, totals);
  return true;
}

}  // namespace rushlight::reference
