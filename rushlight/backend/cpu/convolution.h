// What a convolution needs to know: three axes, the images and the weight.
#pragma once

#include <cstdint>

namespace rushlight::cpu {

// Along one axis a result's position `i` meets the image's element i * step + first + t * apart under tap t,
// which is element w_first + t * w_step of the kernel. Results lie to_step apart from to_first on. A plain
// convolution steps through the image; a transposed one is, for each remainder of its stride, a plain one
// that steps through the result.
struct SlideAxis {
  int64_t image = 1, positions = 1;  // extents
  int64_t step = 1, first = 0, apart = 1, taps = 1;
  int64_t w_first = 0, w_step = 1;
  int64_t to_first = 0, to_step = 1;

  // The same with its taps in the image's order.
  SlideAxis rising() const {
    if (apart >= 0 || taps == 0) return *this;
    SlideAxis turned = *this;
    turned.first += (taps - 1) * apart;
    turned.w_first += (taps - 1) * w_step;
    turned.apart = -apart;
    turned.w_step = -w_step;
    return turned;
  }
  // Elements of the image that `count` positions meet, from the first one's on.
  int64_t reach(int64_t count) const { return (count - 1) * step + (taps - 1) * apart + 1; }
};

struct Slide {
  SlideAxis axis[3];
  int64_t positions() const { return axis[0].positions * axis[1].positions * axis[2].positions; }
  int64_t taps() const { return axis[0].taps * axis[1].taps * axis[2].taps; }
  int64_t plane() const { return axis[0].image * axis[1].image * axis[2].image; }
};

// How far apart images, channels and pixels lie: channel after channel (pixel == 1), or pixel after pixel
// (channel == 1).
struct ImageOrder {
  int64_t image = 0, channel = 0, pixel = 1;
};

// y[n, o] = bias[o] + the sum over a group's channels c and taps t of w[o, c, t] x[n, c, where t meets the
// position].
template <class T>
struct ConvolutionArgs {
  int64_t images = 0, groups = 1, in_channels = 0, out_channels = 0;  // channels of one group
  const T *x = nullptr, *w = nullptr, *bias = nullptr;
  T* y = nullptr;
  ImageOrder x_order, y_order;
  // w's element of output o and input c of group g: g * w_group + o * w_out + c * w_in, then the kernel's own
  // place.
  int64_t w_group = 0, w_out = 0, w_in = 0;
  int64_t kernel[3] = {1, 1, 1}, result[3] = {1, 1, 1};  // extents
  const Slide* slides = nullptr;  // which together write every result, those without taps included
  int64_t slide_count = 0;
  bool allow_winograd = true;  // for float: faster and a little less exact
};

// grad_w[o, c, t] = the sum over images and positions of grad[n, o, position] x[n, c, where t meets it]
template <class T>
struct WeightGradientArgs {
  int64_t images = 0, groups = 1, in_channels = 0, out_channels = 0;
  const T *x = nullptr, *grad = nullptr;
  T* grad_w = nullptr;  // row-major
  ImageOrder x_order, grad_order;
  Slide slide;
  bool allow_winograd = true;
};

}  // namespace rushlight::cpu
