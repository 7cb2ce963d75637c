#include "rushlight/nn/convolution.h"

#include <algorithm>
#include <cmath>

#include "rushlight/generated/functions.h"
#include "rushlight/nn/init.h"

namespace rushlight::nn {

namespace {

// {3} for each dimension, or what was said for each.
template <int N>
IntList for_each_dim(const char* layer, const char* what, const IntList& given, int64_t least) {
  IntList all = given;
  if (given.size() == 1)
    for (int i = 1; i < N; ++i) all.push_back(given[0]);
  if (all.size() != N)
    fail(ErrorKind::value, "[", layer, "] ", what, " is one number or ", N, ", not ",
         static_cast<IntSpan>(given));
  for (int64_t size : all)
    if (size < least)
      fail(ErrorKind::value, "[", layer, "] ", what, " must be at least ", least, ", not ",
           static_cast<IntSpan>(given));
  return all;
}

void expect_groups(const char* layer, int64_t in, int64_t out, int64_t groups) {
  if (in < 1 || out < 1 || groups < 1 || in % groups != 0 || out % groups != 0)
    fail(ErrorKind::value, "[", layer, "] ", in, " channels in and ", out, " out can not be split into ",
         groups, " groups");
}

// (first, second, ...kernel), spread as PyTorch's: by what one output sums up, which it takes from the
// second.
Tensor kernel(int64_t first, int64_t second, const IntList& size) {
  IntList shape{first, second};
  for (int64_t extent : size) shape.push_back(extent);
  Tensor weight = empty(shape, default_dtype());
  return init::kaiming_uniform_(weight, {.a = std::sqrt(5.0)});
}
Tensor bias_beside(const Tensor& weight, bool wanted, int64_t channels) {
  return wanted ? init::within(channels, 1 / std::sqrt(static_cast<double>(init::fans_of(weight).in)))
                : Tensor();
}

// "(3, 3)" of a dense list
std::string words(const IntList& list) { return join_text(static_cast<IntSpan>(list)); }
bool all_are(const IntList& list, int64_t value) {
  return std::all_of(list.begin(), list.end(), [value](int64_t item) { return item == value; });
}
IntList kernel_size_of(const Tensor& weight) { return IntList(weight.shape().subspan(2)); }

template <int N>
ConvOptions checked(const char* layer, int64_t in, int64_t out, ConvOptions options) {
  expect_groups(layer, in, out, options.groups);
  options.stride = for_each_dim<N>(layer, "stride", options.stride, 1);
  options.dilation = for_each_dim<N>(layer, "dilation", options.dilation, 1);
  const std::string& word = options.padding.name;
  if (word.empty() || word == "valid") {
    const IntList amount = word.empty() ? options.padding.amount : IntList(0);
    options.padding.amount = for_each_dim<N>(layer, "padding", amount, 0);
  } else if (word != "same") {
    fail(ErrorKind::value, "[", layer, "] padding is a number, \"same\" or \"valid\", not \"", word, "\"");
  } else if (!all_are(options.stride, 1)) {
    fail(ErrorKind::value, "[", layer, "] padding=\"same\" needs stride 1");
  }
  const std::string& mode = options.padding_mode;
  if (mode != "zeros" && mode != "reflect" && mode != "replicate" && mode != "circular")
    fail(ErrorKind::value, "[", layer,
         "] padding_mode is \"zeros\", \"reflect\", \"replicate\" or \"circular\", not \"", mode, "\"");
  return options;
}

template <int N>
Tensor convolve(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions& o,
                const IntList& padding) {
  if constexpr (N == 1)
    return conv1d(x, weight, {bias, o.stride, padding, o.dilation, o.groups});
  else if constexpr (N == 2)
    return conv2d(x, weight, {bias, o.stride, padding, o.dilation, o.groups});
  else
    return conv3d(x, weight, {bias, o.stride, padding, o.dilation, o.groups});
}

// What pad() wants: the last dimension first, before and after. "same" puts the odd one behind.
template <int N>
IntList padding_around(const ConvOptions& options, const IntList& kernel_size) {
  IntList around;
  for (size_t i = N; i-- > 0;) {
    const int64_t total = options.padding.name == "same" ? options.dilation[i] * (kernel_size[i] - 1)
                                                         : 2 * options.padding.amount[i];
    around.push_back(total / 2);
    around.push_back(total - total / 2);
  }
  return around;
}

template <int N>
ConvTransposeOptions checked(const char* layer, int64_t in, int64_t out, ConvTransposeOptions options) {
  expect_groups(layer, in, out, options.groups);
  options.stride = for_each_dim<N>(layer, "stride", options.stride, 1);
  options.dilation = for_each_dim<N>(layer, "dilation", options.dilation, 1);
  options.padding = for_each_dim<N>(layer, "padding", options.padding, 0);
  options.output_padding = for_each_dim<N>(layer, "output_padding", options.output_padding, 0);
  return options;
}

}  // namespace

template <int N>
Conv<N>::Conv(int64_t in_channels, int64_t out_channels, const IntList& kernel_size,
              const ConvOptions& options)
    : weight(this->parameter("weight", (expect_groups("Conv", in_channels, out_channels, options.groups),
                                        kernel(out_channels, in_channels / options.groups,
                                               for_each_dim<N>("Conv", "kernel_size", kernel_size, 1))))),
      bias(this->parameter("bias", bias_beside(weight, options.bias, out_channels))),
      options_(checked<N>("Conv", in_channels, out_channels, options)) {}

template <int N>
Tensor Conv<N>::forward(const Tensor& x) const {
  if (options_.padding.name != "same" && options_.padding_mode == "zeros")
    return convolve<N>(x, weight, bias, options_, options_.padding.amount);
  const IntList around = padding_around<N>(options_, kernel_size_of(weight));
  const std::string_view mode =
      options_.padding_mode == "zeros" ? "constant" : std::string_view(options_.padding_mode);
  return convolve<N>(pad(x, around, {.mode = mode}), weight, bias, options_, IntList(0));
}

template <int N>
std::string Conv<N>::details() const {
  std::string text =
      join_text(weight.size(1) * options_.groups, ", ", weight.size(0),
                ", kernel_size=", words(kernel_size_of(weight)), ", stride=", words(options_.stride));
  if (!options_.padding.name.empty())
    text += ", padding=" + options_.padding.name;
  else if (!all_are(options_.padding.amount, 0))
    text += ", padding=" + words(options_.padding.amount);
  if (!all_are(options_.dilation, 1)) text += ", dilation=" + words(options_.dilation);
  if (options_.groups != 1) text += join_text(", groups=", options_.groups);
  if (!bias.defined()) text += ", bias=False";
  if (options_.padding_mode != "zeros") text += ", padding_mode=" + options_.padding_mode;
  return text;
}

template <int N>
ConvTranspose<N>::ConvTranspose(int64_t in_channels, int64_t out_channels, const IntList& kernel_size,
                                const ConvTransposeOptions& options)
    : weight(this->parameter("weight",
                             (expect_groups("ConvTranspose", in_channels, out_channels, options.groups),
                              kernel(in_channels, out_channels / options.groups,
                                     for_each_dim<N>("ConvTranspose", "kernel_size", kernel_size, 1))))),
      bias(this->parameter("bias", bias_beside(weight, options.bias, out_channels))),
      options_(checked<N>("ConvTranspose", in_channels, out_channels, options)) {}

template <int N>
Tensor ConvTranspose<N>::forward(const Tensor& x) const {
  const auto& [stride, padding, output_padding, groups, with_bias, dilation] = options_;
  if constexpr (N == 1)
    return conv_transpose1d(x, weight, {bias, stride, padding, output_padding, groups, dilation});
  else if constexpr (N == 2)
    return conv_transpose2d(x, weight, {bias, stride, padding, output_padding, groups, dilation});
  else
    return conv_transpose3d(x, weight, {bias, stride, padding, output_padding, groups, dilation});
}

template <int N>
std::string ConvTranspose<N>::details() const {
  std::string text =
      join_text(weight.size(0), ", ", weight.size(1) * options_.groups,
                ", kernel_size=", words(kernel_size_of(weight)), ", stride=", words(options_.stride));
  if (!all_are(options_.padding, 0)) text += ", padding=" + words(options_.padding);
  if (!all_are(options_.dilation, 1)) text += ", dilation=" + words(options_.dilation);
  if (!all_are(options_.output_padding, 0)) text += ", output_padding=" + words(options_.output_padding);
  if (options_.groups != 1) text += join_text(", groups=", options_.groups);
  if (!bias.defined()) text += ", bias=False";
  return text;
}

template class Conv<1>;
template class Conv<2>;
template class Conv<3>;
template class ConvTranspose<1>;
template class ConvTranspose<2>;
template class ConvTranspose<3>;

}  // namespace rushlight::nn
