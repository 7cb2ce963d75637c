// Window: how a kernel slides along one dimension of an image. Shared by shape inference and kernels.
#pragma once

#include <algorithm>

#include "rushlight/core/arguments.h"

namespace rushlight {

// The number for dimension d of a list that may name one number for all dimensions.
inline int64_t each(const IntList& list, size_t d) { return list[list.size() == 1 ? 0 : d]; }

struct Window {
  int64_t size = 1, stride = 1, padding = 0, dilation = 1;

  int64_t reach() const { return dilation * (size - 1) + 1; }
  // The first element it covers at `position`; negative in the padding.
  int64_t start(int64_t position) const { return position * stride - padding; }
  // The first at `position` that is not in the padding before the image.
  int64_t first_inside(int64_t position) const {
    int64_t at = start(position);
    return at < 0 ? at + (-at + dilation - 1) / dilation * dilation : at;
  }
  // How many positions it has along `extent` elements; not positive where it does not fit.
  int64_t positions(int64_t extent) const {
    int64_t room = extent + 2 * padding - reach();
    return room < 0 ? 0 : room / stride + 1;
  }
  // As positions, with a last window that may hang over the end if it starts before it.
  int64_t positions_over_the_end(int64_t extent) const {
    int64_t room = extent + 2 * padding - reach();
    int64_t count = room + stride - 1 < 0 ? 0 : (room + stride - 1) / stride + 1;
    return count > 0 && start(count - 1) >= extent ? count - 1 : count;
  }
  // The least extent along which it has `count` positions.
  int64_t extent(int64_t count) const { return (count - 1) * stride - 2 * padding + reach(); }
};

// Dimension d of a convolution's window, whose kernel has `size` elements there.
template <class Args>
Window window_of(const Args& args, int64_t size, size_t d) {
  return {size, each(args.stride, d), each(args.padding, d), each(args.dilation, d)};
}

}  // namespace rushlight
