// The largest and the smallest: amax, max along a dimension, argmax and their kin.
#include "rushlight/ops/reduction_rules.h"

namespace rushlight {

namespace {

// -- one value of many dimensions: amax, amin

void best_value_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Amax a(call.attrs);
  const Tensor& input = call.in[0];
  Ints dims = reduced_dims(a.dim, input.rank(), call.name());
  Shape shape = reduced_shape(input.shape(), dims, a.keepdim);
  if (input.numel() == 0) expect_choice(call, input.shape(), dims);
  call.emit(span_of(shape), input.dtype());
}
// Equal elements share the gradient.
void best_value_vjp(Vjp& v) {
  args::Amax a(v.attrs());
  Tensor x = v.input(0);
  Ints dims = reduced_dims(a.dim, x.rank(), "amax");
  Tensor chosen = x == with_reduced_dims(v.output(), dims, a.keepdim);
  Tensor count = sum(chosen, {.dim = dims, .keepdim = true});
  v.set(0, where(chosen, with_reduced_dims(v.grad(), dims, a.keepdim) / count, 0.0));
}

// -- the place alone: argmax, argmin

void best_place_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Argmax a(call.attrs);
  const Tensor& input = call.in[0];
  if (input.dtype() == DType::boolean)
    fail(ErrorKind::runtime, "[", call.name(), "] does not support bool input; cast it with to(uint8)");
  Ints dims =
      a.dim ? one_dim(*a.dim, input.rank(), call.name()) : reduced_dims({}, input.rank(), call.name());
  expect_choice(call, input.shape(), dims);
  call.emit(span_of(reduced_shape(input.shape(), dims, a.keepdim)), DType::int64);
}

OpDef best_value(OpId id) {
  OpDef def{id};
  def.infer = best_value_infer;
  def.vjp = best_value_vjp;
  def.saved_inputs = def.saved_outputs = 1;
  def.saves_facts = true;
  return def;
}
void expect_elements(const Tensor& input, const char* op) {
  if (input.numel() == 0)
    fail(ErrorKind::runtime, "[", op,
         "] Expected reduction dim to be specified for input.numel() == 0. Specify ",
         "the reduction dim with the 'dim' argument; the shape is ", input.shape());
}

}  // namespace

namespace defs {
const OpDef amax = best_value(OpId::amax);
const OpDef amin = best_value(OpId::amin);
const OpDef max_dim = picking_along<args::MaxDim>(OpId::max_dim, pick_one_infer<args::MaxDim>);
const OpDef min_dim = picking_along<args::MinDim>(OpId::min_dim, pick_one_infer<args::MinDim>);
const OpDef argmax = without_gradient(OpId::argmax, best_place_infer);
const OpDef argmin = without_gradient(OpId::argmin, best_place_infer);
}  // namespace defs

Tensor max(const Tensor& input) {
  expect_elements(input, "max");
  return amax(input);
}
Tensor min(const Tensor& input) {
  expect_elements(input, "min");
  return amin(input);
}
Tensor max(const Tensor& input, const Tensor& other) { return maximum(input, other); }
Tensor min(const Tensor& input, const Tensor& other) { return minimum(input, other); }

AminmaxResult aminmax(const Tensor& input, const AminmaxOptions& options) {
  OptionalIntList dim = options.dim ? OptionalIntList(*options.dim) : OptionalIntList();
  return {amin(input, {.dim = dim, .keepdim = options.keepdim}),
          amax(input, {.dim = dim, .keepdim = options.keepdim})};
}

}  // namespace rushlight
