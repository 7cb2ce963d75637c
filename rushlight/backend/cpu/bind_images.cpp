// Convolutions of up to three spatial dimensions.
#include <algorithm>
#include <numeric>
#include <vector>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/shortcuts.h"
#include "rushlight/backend/windows.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

// An image's spatial dimension `d` of `rank` is this axis: the last is the last.
int axis_of(int d, int rank) { return 3 - rank + d; }

SlideAxis plain_axis(const Window& window, int64_t image, int64_t positions) {
  return {.image = image,
          .positions = positions,
          .step = window.stride,
          .first = -window.padding,
          .apart = window.dilation,
          .taps = window.size};
}

// Results r, r + stride, r + 2 stride ... of a transposed convolution: tap t reaches those whose place, less
// t dilations, is a multiple of the stride.
SlideAxis transposed_axis(const Window& window, int64_t image, int64_t result, int64_t r) {
  int64_t period = window.stride / std::gcd(window.stride, window.dilation);
  int64_t tap = 0;
  auto reach = [&] { return r + window.padding - tap * window.dilation; };
  while (tap < period && reach() % window.stride != 0) ++tap;
  int64_t taps = tap < period && tap < window.size ? (window.size - tap + period - 1) / period : 0;
  return {.image = image,
          .positions = r < result ? (result - r + window.stride - 1) / window.stride : 0,
          .first = reach() / window.stride,
          .apart = -period * window.dilation / window.stride,
          .taps = taps,
          .w_first = tap,
          .w_step = period,
          .to_first = r,
          .to_step = window.stride};
}

// Adds what one dimension's choices make of the slides so far.
void split(std::vector<Slide>& slides, int axis, const std::vector<SlideAxis>& choices) {
  std::vector<Slide> all;
  for (const Slide& slide : slides)
    for (const SlideAxis& choice : choices) {
      all.push_back(slide);
      all.back().axis[axis] = choice;
    }
  slides = std::move(all);
}

std::vector<Slide> slides_of(const args::Convolution& a, const Tensor& input, const Tensor& weight,
                             const Tensor& out) {
  std::vector<Slide> slides(1);
  int rank = input.rank() - 2;
  for (int d = 0; d < rank; ++d) {
    Window window = window_of(a, weight.size(d + 2), static_cast<size_t>(d));
    std::vector<SlideAxis> choices;
    if (a.transposed)
      for (int64_t r = 0; r < window.stride && r < out.size(d + 2); ++r)
        choices.push_back(transposed_axis(window, input.size(d + 2), out.size(d + 2), r));
    else
      choices.push_back(plain_axis(window, input.size(d + 2), out.size(d + 2)));
    split(slides, axis_of(d, rank), choices);
  }
  return slides;
}

// A slide for each remainder of the strides: beyond these, most results are of the bias alone.
constexpr int64_t kMostSlides = 64;
bool has_few_slides(const args::Convolution& a, int rank) {
  int64_t slides = 1;
  for (int d = 0; a.transposed && d < rank && slides <= kMostSlides; ++d)
    slides *= std::min(each(a.stride, static_cast<size_t>(d)), kMostSlides + 1);
  return slides <= kMostSlides;
}

ImageOrder order_of(const Tensor& image) {
  const int64_t channels = image.size(1), numbers = image.numel() / image.size(0);
  if (image.is_contiguous()) return {numbers, numbers / channels, 1};
  return {numbers, 1, channels};
}

// The image itself, or a row-major copy of that type.
Tensor image_as(const Tensor& image, DType dtype) {
  return image.dtype() == dtype && is_dense_image(image) ? image : row_major_as(image, dtype);
}

// body(dense result), computed in float32 for halves, and copied to `out` where that is another tensor.
template <class Body>
bool in_compute_type(const Tensor& out, Body&& body) {
  DType type = compute_type(out.dtype());
  Tensor result = type == out.dtype() && is_dense_image(out) ? out : empty(out.shape(), type);
  if (!with_floating(type, [&](auto tag) { return body(tag, result); })) return false;
  if (!result.is_same(out)) copy_elements(out, result);
  return true;
}

}  // namespace

bool convolution(const KernelCall& call) {
  args::Convolution a(call.attrs);
  const Tensor& out = call.out[0];
  bool fits = out.rank() <= 5 && has_few_slides(a, out.rank() - 2);
  if (!fits || !is_floating(out.dtype())) return by_reference(call);
  if (out.numel() == 0) return true;
  if (call.in[0].numel() == 0) return by_reference(call);
  Tensor x = image_as(call.in[0], compute_type(out.dtype()));
  Tensor w = row_major_as(call.in[1], x.dtype());
  Tensor bias = call.in[2].defined() ? row_major_as(call.in[2], x.dtype()) : Tensor();
  return in_compute_type(out, [&](auto tag, const Tensor& y) {
    using T = typename decltype(tag)::type;
    std::vector<Slide> slides = slides_of(a, x, w, y);
    int64_t kernel = w.size(0) * w.size(1) == 0 ? 0 : w.numel() / (w.size(0) * w.size(1));
    ConvolutionArgs<T> args;
    args.images = x.size(0), args.groups = a.groups;
    args.in_channels = x.size(1) / a.groups, args.out_channels = y.size(1) / a.groups;
    args.x = pointer<T>(x), args.w = pointer<T>(w), args.bias = pointer<T>(bias), args.y = pointer<T>(y);
    args.x_order = order_of(x), args.y_order = order_of(y);
    args.w_group = w.numel() / a.groups;
    args.w_out = a.transposed ? kernel : w.size(1) * kernel;
    args.w_in = a.transposed ? w.size(1) * kernel : kernel;
    for (int d = 2; d < w.rank(); ++d) {
      args.kernel[axis_of(d - 2, w.rank() - 2)] = w.size(d);
      args.result[axis_of(d - 2, w.rank() - 2)] = y.size(d);
    }
    args.allow_winograd = winograd_allowed();
    args.slides = slides.data(), args.slide_count = static_cast<int64_t>(slides.size());
    floating_kernels<T>().convolution(args);
    return true;
  });
}

bool convolution_weight_gradient(const KernelCall& call) {
  args::ConvolutionWeightGradient a(call.attrs);
  const Tensor& out = call.out[0];
  if (out.rank() > 5 || !is_floating(out.dtype())) return by_reference(call);
  if (out.numel() == 0 || call.in[0].numel() == 0) return by_reference(call);
  Tensor x = image_as(call.in[0], compute_type(out.dtype())), grad = image_as(call.in[1], x.dtype());
  return in_compute_type(out, [&](auto tag, const Tensor& y) {
    using T = typename decltype(tag)::type;
    WeightGradientArgs<T> args;
    args.images = x.size(0), args.groups = a.groups;
    args.in_channels = x.size(1) / a.groups, args.out_channels = grad.size(1) / a.groups;
    args.allow_winograd = winograd_allowed();
    args.x = pointer<T>(x), args.grad = pointer<T>(grad), args.grad_w = pointer<T>(y);
    args.x_order = order_of(x), args.grad_order = order_of(grad);
    for (int d = 2; d < x.rank(); ++d)
      args.slide.axis[axis_of(d - 2, x.rank() - 2)] =
          plain_axis(window_of(a, y.size(d), static_cast<size_t>(d - 2)), x.size(d), grad.size(d));
    floating_kernels<T>().convolution_weight_gradient(args);
    return true;
  });
}

}  // namespace rushlight::cpu
