// Normalisation of channels, forward and backward.
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

// The image whose order decides how the kernel goes. What a window takes together lies pixel after pixel.
const Tensor& order_of(const args::ChannelNorm& a, const Tensor& x, const Tensor& result) {
  return a.max_pool > 1 ? x : result;
}
bool is_in_order(const Tensor& image, const args::ChannelNorm& a) {
  return a.max_pool > 1 ? image.layout().is_channels_last() : is_dense_image(image);
}

template <class Args>
bool take_image(const Tensor& x, const args::ChannelNorm& a, Args& args) {
  args.relu = a.relu, args.pool = a.max_pool, args.width = x.size(-1);
  args.items = x.size(0), args.channels = x.size(1);
  args.plane = x.numel() ? x.numel() / (args.items * args.channels) : 0;
  args.by_pixel = args.channels > 1 && (!x.is_contiguous() || args.plane == 1);
  if (args.channels == 1 && args.pool == 1) args.plane *= args.items, args.items = 1;  // all lies in a row
  if (args.pool > 1 && !args.by_pixel) return false;
  return args.plane > 0;
}

bool fits(const Tensor& tensor, DType dtype) {
  return !tensor.defined() || (tensor.dtype() == dtype && tensor.is_contiguous());
}

}  // namespace

bool channel_norm(const KernelCall& call) {
  const args::ChannelNorm a(call.attrs);
  Tensor x = image_like(call.in[0], order_of(a, call.in[0], call.out[0])), weight = row_major(call.in[1]),
         bias = row_major(call.in[2]), mean = row_major(call.in[3]), variance = row_major(call.in[4]);
  if (!fits(weight, x.dtype()) || !fits(bias, x.dtype()) || !is_in_order(call.out[0], a)) return false;
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    ChannelNormArgs<T> args;
    if (!take_image(x, a, args)) return false;
    args.eps = a.eps;
    args.x = pointer<T>(x), args.weight = pointer<T>(weight), args.bias = pointer<T>(bias);
    args.given_mean = pointer<T>(mean), args.given_variance = pointer<T>(variance);
    Tensor spare;  // without recording nobody wants it
    if (call.out.size() < 5) spare = empty(args.channels, x.dtype());
    args.y = pointer<T>(call.out[0]);
    args.mean = pointer<T>(call.out[1]), args.variance = pointer<T>(call.out[2]);
    args.rstd = pointer<T>(spare.defined() ? spare : call.out[4]);
    floating_kernels<T>().channel_norm(args);
    if (!spare.defined()) copy_same_type(call.out[3], call.out[1]);
    return true;
  });
}

// Inputs: the results' three gradients; input, weight, bias, given mean and variance; three results (not
// saved), mean, 1/deviation.
bool channel_norm_backward(const KernelCall& call) {
  if (!call.in[0].defined() || call.out[3].defined() || call.out[4].defined()) return false;
  if (is_half(call.in[0].dtype())) return in_float32(call, channel_norm_backward);
  const args::ChannelNorm a(call.attrs);
  const Tensor& order = order_of(a, call.in[3], call.out[0].defined() ? call.out[0] : call.in[3]);
  if (!is_in_order(order, a) || (call.out[0].defined() && !is_in_order(call.out[0], a))) return false;
  Tensor g = image_like(call.in[0], order), x = image_like(call.in[3], order), weight = row_major(call.in[4]);
  Tensor bias = row_major(call.in[5]);
  if (g.dtype() != x.dtype() || !fits(weight, x.dtype()) || !fits(bias, x.dtype())) return false;
  for (size_t i = 1; i < call.out.size(); ++i)
    if (!fits(call.out[i], x.dtype())) return false;
  return with_floating(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    ChannelNormBackwardArgs<T> args;
    if (!take_image(x, a, args)) return false;
    args.x = pointer<T>(x), args.grad = pointer<T>(g);
    args.weight = pointer<T>(weight), args.bias = pointer<T>(bias);
    args.given = call.in[6].defined();
    args.mean = pointer<T>(call.in[11]), args.rstd = pointer<T>(call.in[12]);
    args.grad_x = pointer<T>(call.out[0]);
    args.grad_weight = pointer<T>(call.out[1]), args.grad_bias = pointer<T>(call.out[2]);
    floating_kernels<T>().channel_norm_backward(args);
    return true;
  });
}

}  // namespace rushlight::cpu
