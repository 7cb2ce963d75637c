// Convolutions: one op of any spatial rank, forward or transposed, and the gradient of its weight. Each is
// bilinear and the three make up each other's gradients, of any order.
#include <algorithm>
#include <limits>

#include "rushlight/ops/image_rules.h"

namespace rushlight {

namespace {

// No kernel is larger, so that what is computed with it fits 64 bits.
constexpr int64_t kLargest = std::numeric_limits<int32_t>::max();

// The rank of the image's spatial part; checks what all its numbers have in common.
template <class Args>
size_t spatial_rank(const OpCall& call, const Args& a, int image_rank, int64_t kernel_rank) {
  if (image_rank < 3)
    fail(ErrorKind::runtime, "[", call.name(),
         "] input must have a batch, channels and spatial dimensions, but its shape is ", call.in[0].shape());
  if (call.in[0].dtype() == DType::boolean)
    fail(ErrorKind::runtime, "[", call.name(), "] is not defined for bool; cast with to(float32)");
  auto rank = static_cast<size_t>(image_rank - 2);
  if (kernel_rank != image_rank - 2)
    fail(ErrorKind::runtime, "[", call.name(), "] the kernel has ", kernel_rank,
         " spatial dimension(s), but input of shape ", call.in[0].shape(), " has ", rank);
  expect_numbers(call.name(), "stride", a.stride, rank, 1);
  expect_numbers(call.name(), "padding", a.padding, rank, 0);
  expect_numbers(call.name(), "dilation", a.dilation, rank, 1);
  if (a.groups < 1)
    fail(ErrorKind::runtime, "[", call.name(), "] groups must be positive, but it is ", a.groups);
  return rank;
}

void expect_channels(const OpCall& call, const args::Convolution& a) {
  IntSpan x = call.in[0].shape(), w = call.in[1].shape();
  int64_t grouped = 0;
  if (w[0] % a.groups != 0)
    fail(ErrorKind::runtime, "[convolution] weight of shape ", w, " has ", w[0],
         " filters, which groups=", a.groups, " does not divide");
  if (__builtin_mul_overflow(w[1], a.groups, &grouped))
    fail(ErrorKind::runtime, "[convolution] groups=", a.groups, " is too large for a weight of shape ", w);
  int64_t taken = a.transposed ? w[0] : grouped;
  if (x[1] != taken)
    fail(ErrorKind::runtime, "[convolution] weight of shape ", w, " with groups=", a.groups, " takes ", taken,
         " channels, but input of shape ", x, " has ", x[1]);
}

void expect_bias(const OpCall& call, int64_t channels) {
  const Tensor& bias = call.in[2];
  if (!bias.defined()) return;
  expect_same_dtype(call, 0, 2);
  if (bias.rank() != 1 || bias.numel() != channels)
    fail(ErrorKind::runtime, "[convolution] bias must have shape (", channels, ",), but it has ",
         bias.shape());
}

int64_t convolved_extent(const Window& window, int64_t extent, const OpCall& call) {
  int64_t positions = window.positions(extent);
  if (positions < 1)
    fail(ErrorKind::runtime, "[convolution] a kernel that covers ", window.reach(),
         " elements does not fit into ", extent, " with ", window.padding,
         " of padding on each side; input has shape ", call.in[0].shape(), ", weight ", call.in[1].shape());
  return positions;
}
int64_t transposed_extent(const Window& window, int64_t count, int64_t more, const OpCall& call) {
  if (more >= std::max(window.stride, window.dilation))
    fail(ErrorKind::runtime,
         "[convolution] output_padding must be smaller than stride or dilation, but it is ", more,
         " with stride ", window.stride, " and dilation ", window.dilation);
  if (count > INT64_MAX / 4 / window.stride)
    fail(ErrorKind::runtime, "[convolution] stride ", window.stride, " is too large for an input of shape ",
         call.in[0].shape());
  int64_t extent = window.extent(count) + more;
  if (count < 1 || extent < 1)
    fail(ErrorKind::runtime, "[convolution] input of shape ", call.in[0].shape(),
         " is too small: the output would have ", extent, " elements along a dimension");
  return extent;
}

void convolution_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_rank(call, 1, "weight", 3);
  expect_same_dtype(call, 0, 1);
  args::Convolution a(call.attrs);
  IntSpan x = call.in[0].shape(), w = call.in[1].shape();
  size_t rank = spatial_rank(call, a, call.in[0].rank(), call.in[1].rank() - 2);
  expect_numbers("convolution", "output_padding", a.output_padding, rank, 0);
  expect_channels(call, a);
  int64_t channels = a.transposed ? w[1] * a.groups : w[0];
  expect_bias(call, channels);
  Shape shape{x[0], channels};
  for (size_t d = 0; d < rank; ++d) {
    Window window = window_of(a, w[d + 2], d);
    if (window.size < 1) fail(ErrorKind::runtime, "[convolution] the kernel is empty: weight has shape ", w);
    if (window.size > kLargest || x[d + 2] > INT64_MAX / 4)
      fail(ErrorKind::runtime, "[convolution] input of shape ", x, " or weight of shape ", w,
           " is too large");
    shape.push_back(a.transposed ? transposed_extent(window, x[d + 2], each(a.output_padding, d), call)
                                 : convolved_extent(window, x[d + 2], call));
  }
  call.emit(dense_in_order_of(call.in[0].layout(), span_of(shape)), call.in[0].dtype());
}

// -- gradients: what the window slides over is wide, what counts its positions is narrow

// The narrow image back to the wide one, whose shape says how far the last window fell short of its end.
template <class Args>
Tensor widened_image(const Tensor& narrow, const Tensor& weight, const Args& a, IntSpan wide) {
  IntList missing;
  for (size_t d = 0; d + 2 < wide.size(); ++d)
    missing.push_back(wide[d + 2] - window_of(a, weight.shape()[d + 2], d).extent(narrow.shape()[d + 2]));
  return convolution(narrow, weight, {}, a.stride, a.padding, a.dilation, true, missing, a.groups);
}
// The wide image to the narrow one; positions that an output_padding of a stride or more adds are cut off.
template <class Args>
Tensor narrowed_image(const Tensor& wide, const Tensor& weight, const Args& a, IntSpan narrow_shape) {
  Tensor result = convolution(wide, weight, {}, a.stride, a.padding, a.dilation, false, 0, a.groups);
  for (int d = 2; d < result.rank(); ++d) {
    int64_t extent = narrow_shape[static_cast<size_t>(d)];
    if (result.size(d) != extent) result = slice(result, {.dim = d, .end = extent});
  }
  return result;
}

// A gradient that comes through a reshape has lost the image's order.
Tensor in_order_of(const Tensor& image, const Tensor& gradient) {
  bool differs = image.layout().is_channels_last() && !gradient.layout().is_channels_last();
  return differs ? clone(gradient, {.memory_format = "channels_last"}) : gradient;
}

void convolution_vjp(Vjp& v) {
  args::Convolution a(v.attrs());
  Tensor g = v.needs(1) ? in_order_of(v.input(0), v.grad()) : v.grad();
  if (v.needs(0))
    v.set(0, a.transposed ? narrowed_image(g, v.input(1), a, v.input_shape(0))
                          : widened_image(g, v.input(1), a, v.input_shape(0)));
  if (v.needs(1)) {
    Tensor input = v.input(0);
    v.set(1, convolution_weight_gradient(a.transposed ? g : input, a.transposed ? input : g,
                                         v.input_shape(1).subspan(2), a.stride, a.padding, a.dilation,
                                         a.groups));
  }
  if (v.needs(2)) {
    IntList dims{0};
    for (int d = 2; d < g.rank(); ++d) dims.push_back(d);
    v.set(2, sum(g, {.dim = dims}));
  }
}

void weight_gradient_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_defined(call, 1, "grad");
  expect_same_dtype(call, 0, 1);
  args::ConvolutionWeightGradient a(call.attrs);
  IntSpan wide = call.in[0].shape(), narrow = call.in[1].shape();
  size_t rank = spatial_rank(call, a, call.in[0].rank(), static_cast<int64_t>(a.kernel_size.size()));
  expect_numbers(call.name(), "kernel_size", a.kernel_size, rank, 1);
  bool fits = narrow.size() == wide.size() && narrow[0] == wide[0] && narrow[1] % a.groups == 0 &&
              wide[1] % a.groups == 0;
  for (size_t d = 0; fits && d < rank; ++d) {
    Window window = window_of(a, each(a.kernel_size, d), d);
    int64_t missing = wide[d + 2] - window.extent(narrow[d + 2]);
    fits = narrow[d + 2] > 0 && missing >= 0 && missing < std::max(window.stride, window.dilation);
  }
  if (!fits)
    fail(ErrorKind::runtime, "[convolution_weight_gradient] no convolution with groups=", a.groups,
         ", kernel_size=", static_cast<const Ints&>(a.kernel_size),
         " and this stride, padding and dilation takes ", wide, " to ", narrow);
  Shape shape{narrow[1], wide[1] / a.groups};
  for (int64_t size : a.kernel_size) shape.push_back(size);
  call.emit(span_of(shape), call.in[0].dtype());
}
void weight_gradient_vjp(Vjp& v) {
  args::ConvolutionWeightGradient a(v.attrs());
  if (v.needs(0)) v.set(0, widened_image(v.input(1), v.grad(), a, v.input_shape(0)));
  if (v.needs(1)) v.set(1, narrowed_image(v.input(0), v.grad(), a, v.input_shape(1)));
}

// Every element of the narrow image meets one filter: all weights of its channel.
double convolution_flops(const KernelCall& call) {
  bool widens = args::Convolution(call.attrs).transposed;
  const Tensor &narrow = widens ? call.in[0] : call.out[0], &weight = call.in[1];
  return 2.0 * static_cast<double>(narrow.numel()) * static_cast<double>(weight.numel()) /
         static_cast<double>(std::max<int64_t>(weight.size(0), 1));
}
double weight_gradient_flops(const KernelCall& call) {
  const Tensor &narrow = call.in[1], &weight = call.out[0];
  return 2.0 * static_cast<double>(narrow.numel()) * static_cast<double>(weight.numel()) /
         static_cast<double>(std::max<int64_t>(weight.size(0), 1));
}

}  // namespace

namespace defs {
const OpDef convolution = [] {
  OpDef def{OpId::convolution};
  def.infer = convolution_infer;
  def.flops = convolution_flops;
  def.vjp = convolution_vjp;
  def.saved_inputs = 0b011;
  def.saves_facts = true;
  return def;
}();
const OpDef convolution_weight_gradient = [] {
  OpDef def{OpId::convolution_weight_gradient};
  def.infer = weight_gradient_infer;
  def.flops = weight_gradient_flops;
  def.vjp = weight_gradient_vjp;
  def.saved_inputs = 0b011;
  def.saves_facts = true;
  return def;
}();
}  // namespace defs

// -- by spatial rank

namespace {

template <class Options>
Tensor convolved(const char* op, const Tensor& input, const Tensor& weight, const Options& o, int rank) {
  return in_batches(op, input, rank, [&](const Tensor& x) {
    return convolution(x, weight, o.bias, o.stride, o.padding, o.dilation, false, 0, o.groups);
  });
}
template <class Options>
Tensor transposed(const char* op, const Tensor& input, const Tensor& weight, const Options& o, int rank) {
  return in_batches(op, input, rank, [&](const Tensor& x) {
    return convolution(x, weight, o.bias, o.stride, o.padding, o.dilation, true, o.output_padding, o.groups);
  });
}

// "same" pads so that the result is as large as the input; where that takes an odd number, one more behind.
template <class Options>
Tensor convolved_by_name(const char* op, const Tensor& input, const Tensor& weight, std::string_view padding,
                         const Options& o, int rank) {
  if (padding != "same" && padding != "valid")
    fail(ErrorKind::runtime, "[", op, "] padding is \"same\", \"valid\" or numbers, not \"", padding, "\"");
  if (!weight.defined() || weight.rank() != rank + 2)
    fail(ErrorKind::runtime, "[", op, "] weight must have ", rank + 2, " dimensions");
  IntList before(0), behind;
  if (padding == "same") {
    before.clear();
    auto count = static_cast<size_t>(rank);
    expect_numbers(op, "stride", o.stride, count, 1);
    expect_numbers(op, "dilation", o.dilation, count, 1);
    for (size_t d = 0; d < count; ++d) {
      if (each(o.stride, d) != 1) fail(ErrorKind::runtime, "[", op, "] padding=\"same\" needs a stride of 1");
      int64_t total = each(o.dilation, d) * (weight.shape()[d + 2] - 1);
      before.push_back(total / 2);
      behind.insert(0, total % 2);
      behind.insert(0, 0);
    }
  }
  return in_batches(op, input, rank, [&](const Tensor& x) {
    bool odd = std::find(behind.begin(), behind.end(), 1) != behind.end();
    return convolution(odd ? pad(x, behind) : x, weight, o.bias, o.stride, before, o.dilation, false, 0,
                       o.groups);
  });
}

}  // namespace

#define RUSHLIGHT_CONVOLUTIONS(rank, name, Prefix)                                         \
  Tensor name(const Tensor& input, const Tensor& weight, const Prefix##Options& options) { \
    return convolved(#name, input, weight, options, rank);                                 \
  }                                                                                        \
  Tensor name(const Tensor& input, const Tensor& weight, std::string_view padding,         \
              const Prefix##NamedOptions& options) {                                       \
    return convolved_by_name(#name, input, weight, padding, options, rank);                \
  }
#define RUSHLIGHT_TRANSPOSED(rank, name, Prefix)                                           \
  Tensor name(const Tensor& input, const Tensor& weight, const Prefix##Options& options) { \
    return transposed(#name, input, weight, options, rank);                                \
  }
RUSHLIGHT_CONVOLUTIONS(1, conv1d, Conv1d)
RUSHLIGHT_CONVOLUTIONS(2, conv2d, Conv2d)
RUSHLIGHT_CONVOLUTIONS(3, conv3d, Conv3d)
RUSHLIGHT_TRANSPOSED(1, conv_transpose1d, ConvTranspose1d)
RUSHLIGHT_TRANSPOSED(2, conv_transpose2d, ConvTranspose2d)
RUSHLIGHT_TRANSPOSED(3, conv_transpose3d, ConvTranspose3d)
#undef RUSHLIGHT_CONVOLUTIONS
#undef RUSHLIGHT_TRANSPOSED

}  // namespace rushlight
