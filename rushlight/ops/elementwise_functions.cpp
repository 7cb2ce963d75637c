// Elementwise functions that choose between formulas, or put several together: clamp, div with rounding,
// prelu ...
#include "rushlight/ops/op_rules.h"

namespace rushlight {

Tensor div(const Tensor& input, const Tensor& other, std::optional<std::string_view> rounding_mode) {
  if (!rounding_mode) return div(input, other);
  if (*rounding_mode == "floor") return floor_divide(input, other);
  if (*rounding_mode == "trunc") return trunc_divide(input, other);
  fail(ErrorKind::runtime, "[div] rounding_mode is None, \"trunc\" or \"floor\", not \"", *rounding_mode,
       "\"");
}

Tensor float_power(const Tensor& input, const Tensor& exponent) {
  return pow(to(input, DType::float64), to(exponent, DType::float64));
}

Tensor clamp(const Tensor& input, const ClampOptions& options) {
  const Tensor &min = options.min, &max = options.max;
  if (min.defined() && max.defined()) return clamp_tensor(input, min, max);
  if (min.defined()) return clamp_min(input, min);
  if (max.defined()) return clamp_max(input, max);
  fail(ErrorKind::runtime, "[clamp] at least one of 'min' and 'max' must not be None");
}

namespace {

double largest_number(DType dtype) {
  switch (dtype) {
    case DType::float16: return 65504;
    case DType::bfloat16: return 0x1.FEp127;
    case DType::float32: return std::numeric_limits<float>::max();
    default: return std::numeric_limits<double>::max();
  }
}

}  // namespace

Tensor nan_to_num(const Tensor& input, const NanToNumOptions& options) {
  if (!is_floating(input.dtype())) return clone(input);
  double largest = largest_number(input.dtype());
  Tensor result = where(isnan(input), options.nan, input);
  result = where(isposinf(input), options.posinf.value_or(largest), result);
  return where(isneginf(input), options.neginf.value_or(-largest), result);
}

Tensor logit(const Tensor& input, std::optional<double> eps) {
  return logit(eps ? clamp(input, {.min = *eps, .max = 1 - *eps}) : input);
}

Tensor gelu(const Tensor& input, std::string_view approximate) {
  if (approximate == "none") return gelu(input);
  if (approximate == "tanh") return gelu_tanh(input);
  fail(ErrorKind::runtime, "[gelu] approximate is \"none\" or \"tanh\", not \"", approximate, "\"");
}

// The channels are dimension 1, or the only one.
Tensor prelu(const Tensor& input, const Tensor& weight) {
  if (!input.defined() || !weight.defined())
    fail(ErrorKind::type, "[prelu] needs the tensors 'input' and 'weight'");
  if (weight.numel() == 1)
    return prelu_elementwise(input, weight.rank() ? reshape(weight, IntList()) : weight);
  int64_t channels = input.rank() > 1 ? input.size(1) : 1;
  if (weight.rank() != 1 || weight.numel() != channels)
    fail(ErrorKind::runtime, "[prelu] weight of shape ", weight.shape(), " does not fit input of shape ",
         input.shape(), ": it must hold one number, or one for each of the ", channels, " channels");
  Shape shape(static_cast<size_t>(input.rank()), 1);
  shape[1] = channels;
  return prelu_elementwise(input, reshape(weight, span_of(shape)));
}

}  // namespace rushlight
