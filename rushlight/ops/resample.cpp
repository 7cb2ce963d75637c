// Images in another size: every element is a weighted sum of the old ones, dimension by dimension, and the
// mode says which. Linear, so its gradient is its transpose and its second gradient itself.
#include <algorithm>
#include <cmath>

#include "rushlight/ops/image_rules.h"

namespace rushlight {

namespace {

bool is_nearest(std::string_view mode) { return mode == "nearest" || mode == "nearest-exact"; }

// The shape with another spatial size, after checks that both directions have in common. Only an area may be
// made of nothing, or shrink to it.
template <class Args>
Shape resized_shape(const OpCall& call, const Args& a, const char* what, size_t first_filled, int64_t least) {
  size_t rank = expect_image(call, 0, what, first_filled);
  constexpr std::string_view modes[] = {"nearest", "nearest-exact", "linear", "cubic", "lanczos", "area"};
  if (std::find(std::begin(modes), std::end(modes), a.mode) == std::end(modes))
    fail(ErrorKind::value, "[", call.name(),
         "] mode is nearest, nearest-exact, linear, cubic, lanczos or area, not \"", a.mode, "\"");
  bool smooths = a.mode == "linear" || a.mode == "cubic";
  if (a.antialias ? !smooths && a.mode != "lanczos" : a.mode == "lanczos")
    fail(ErrorKind::value, "[", call.name(), "] mode \"", a.mode,
         "\" has no form with antialias=", a.antialias);
  expect_numbers(call.name(), "size", a.size, rank, least);
  if (a.scale_factor && a.scale_factor->size() != 1 && a.scale_factor->size() != rank)
    fail(ErrorKind::value, "[", call.name(), "] scale_factor must be one number or ", rank,
         ", one for each spatial dimension, but it is ", static_cast<const Reals&>(*a.scale_factor));
  IntSpan old = call.in[0].shape();
  Shape shape{old[0], old[1]};
  for (size_t d = 0; d < rank; ++d) shape.push_back(each(a.size, d));
  return shape;
}

// The way it was resized, for the other direction.
template <class Options, class Args>
Options same_way(const Args& a) {
  return {.align_corners = a.align_corners, .antialias = a.antialias, .scale_factor = a.scale_factor};
}

void resample_infer(OpCall& call) {
  args::Resample a(call.attrs);
  Shape shape = resized_shape(call, a, "input", 2, a.mode == "area" ? 0 : 1);
  bool weighs_bytes = call.in[0].dtype() == DType::uint8 && shape.size() == 4 && a.mode != "area";
  if (!is_nearest(a.mode) && !weighs_bytes) expect_floating(call, 0, "input");
  call.emit(dense_in_order_of(call.in[0].layout(), span_of(shape)), call.in[0].dtype());
}
void resample_vjp(Vjp& v) {
  args::Resample a(v.attrs());
  v.set(0,
        resample_gradient(v.grad(), spatial(v.input_shape(0)), a.mode, same_way<ResampleGradientOptions>(a)));
}

void resample_gradient_infer(OpCall& call) {
  args::ResampleGradient a(call.attrs);
  expect_defined(call, 0, "grad");
  size_t first_filled = a.mode == "area" ? call.in[0].shape().size() : 2;
  Shape shape = resized_shape(call, a, "grad", first_filled, 1);
  expect_floating(call, 0, "grad");
  call.emit(dense_in_order_of(call.in[0].layout(), span_of(shape)), call.in[0].dtype());
}
void resample_gradient_vjp(Vjp& v) {
  args::ResampleGradient a(v.attrs());
  v.set(0, resample(v.grad(), spatial(v.input_shape(0)), a.mode, same_way<ResampleOptions>(a)));
}

}  // namespace

namespace defs {
const OpDef resample = with_gradient(OpId::resample, resample_infer, resample_vjp);
const OpDef resample_gradient =
    with_gradient(OpId::resample_gradient, resample_gradient_infer, resample_gradient_vjp);
}  // namespace defs

// -- interpolate: which mode fits which rank, and how large the result is

namespace {

struct NamedMode {
  std::string_view name, mode;
  int rank;  // 0: any
};
constexpr NamedMode kNamedModes[] = {
    {"nearest", "nearest", 0}, {"nearest-exact", "nearest-exact", 0},
    {"area", "area", 0},       {"linear", "linear", 3},
    {"bilinear", "linear", 4}, {"bicubic", "cubic", 4},
    {"lanczos", "lanczos", 4}, {"trilinear", "linear", 5},
};

const NamedMode& mode_named(std::string_view name, const Tensor& input) {
  const auto* known = std::find_if(std::begin(kNamedModes), std::end(kNamedModes),
                                   [&](const NamedMode& mode) { return mode.name == name; });
  if (known == std::end(kNamedModes) || input.rank() < 3 || input.rank() > 5)
    fail(ErrorKind::not_implemented,
         "[interpolate] takes 3D, 4D and 5D input and mode nearest, nearest-exact, ",
         "linear, bilinear, bicubic, lanczos, trilinear or area, but input has shape ", input.shape(),
         " and mode is \"", name, "\"");
  if (known->rank && known->rank != input.rank())
    fail(ErrorKind::not_implemented, "[interpolate] mode \"", name, "\" needs ", known->rank,
         "D input, but its shape is ", input.shape());
  return *known;
}

void expect_sensible(const Tensor& input, const InterpolateOptions& o, const NamedMode& mode) {
  if (o.align_corners && (is_nearest(mode.mode) || mode.mode == "area"))
    fail(ErrorKind::value, "[interpolate] align_corners has a meaning for linear, bilinear, bicubic and ",
         "trilinear only, but mode is \"", mode.name, "\"");
  bool smooths = mode.rank == 4;
  if (o.antialias ? !smooths : mode.mode == "lanczos")
    fail(ErrorKind::value,
         "[interpolate] antialias=True is for mode bilinear, bicubic and lanczos, which needs it; ",
         "mode is \"", mode.name, "\"");
  if (mode.mode == "lanczos" && o.align_corners.value_or(false))
    fail(ErrorKind::value, "[interpolate] mode \"lanczos\" does not support align_corners=True");
  if (o.size && o.scale_factor)
    fail(ErrorKind::value, "[interpolate] only one of size or scale_factor should be defined");
  if (!o.size && !o.scale_factor)
    fail(ErrorKind::value, "[interpolate] either size or scale_factor should be defined");
  if (o.size && o.recompute_scale_factor.value_or(false))
    fail(ErrorKind::value, "[interpolate] recompute_scale_factor is not meaningful with an explicit size");
  for (size_t d = 1; d < input.shape().size(); ++d)
    if (input.shape()[d] == 0 && (d > 1 || mode.mode != "area"))
      fail(ErrorKind::runtime, "[interpolate] dimension ", d,
           " of input must not be empty, but the shape is ", input.shape());
}

IntList scaled_size(const Tensor& input, const Reals& factors) {
  auto rank = static_cast<size_t>(input.rank() - 2);
  if (factors.size() != 1 && factors.size() != rank)
    fail(ErrorKind::value, "[interpolate] scale_factor must be one number or ", rank,
         ", one for each spatial dimension, but it is ", factors);
  IntList size;
  for (size_t d = 0; d < rank; ++d) {
    double exact = static_cast<double>(input.shape()[d + 2]) * factors[factors.size() == 1 ? 0 : d];
    if (!(exact > -1 && exact <= std::numeric_limits<int32_t>::max()))
      fail(ErrorKind::runtime, "[interpolate] scale_factor ", factors, " takes dimension ", d + 2,
           " of input of shape ", input.shape(), " to an impossible size");
    size.push_back(static_cast<int64_t>(exact));
  }
  return size;
}

}  // namespace

Tensor interpolate(const Tensor& input, const InterpolateOptions& o) {
  if (!input.defined())
    fail(ErrorKind::type, "[interpolate] argument 'input' must be a tensor, but none was given");
  const NamedMode& mode = mode_named(o.mode, input);
  expect_sensible(input, o, mode);
  IntList size = o.size ? *o.size : scaled_size(input, *o.scale_factor);
  expect_numbers("interpolate", "size", size, static_cast<size_t>(input.rank() - 2),
                 mode.mode == "area" ? 0 : 1);
  bool exact_factor = o.scale_factor && !o.recompute_scale_factor.value_or(false) && mode.mode != "area";
  return resample(input, size, mode.mode,
                  {.align_corners = o.align_corners.value_or(false),
                   .antialias = o.antialias,
                   .scale_factor = exact_factor ? o.scale_factor : OptionalRealList()});
}

}  // namespace rushlight
