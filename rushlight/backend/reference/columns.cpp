// Windows of an image as columns, and columns added up into an image.
#include <vector>

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
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = input.data<T>();
    T* to = out.data<T>();
    each_meeting(
        args::Im2col(call.attrs), batched(input.layout(), 4), batched(out.layout(), 3),
        [&](bool inside, int64_t image, int64_t column) { to[column] = inside ? from[image] : T(0); });
  });
  return true;
}

bool col2im(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  if (out.numel() == 0) return true;
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Total = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;
    const T* from = input.data<T>();
    std::vector<Total> totals(static_cast<size_t>(out.numel()));
    Layout image = batched(Layout(out.shape()), 4);
    each_meeting(args::Col2im(call.attrs), image, batched(input.layout(), 3),
                 [&](bool inside, int64_t at, int64_t column) {
                   if (inside) totals[static_cast<size_t>(at)] += static_cast<Total>(from[column]);
                 });
    T* to = static_cast<T*>(out.storage()->data());
    auto next = totals.begin();
    for_each_offset(out.layout(), [&](int64_t at) {
      if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
        to[at] = static_cast<T>(static_cast<float>(*next++));
      else
        to[at] = static_cast<T>(*next++);
    });
  });
  return true;
}

}  // namespace rushlight::reference
