// Making tensors and copying them: full, clone, copy, to.
#include "rushlight/core/number_fits.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

void full_infer(OpCall& call) {
  args::Full a(call.attrs);
  expect_defined(call, 0, "fill_value");
  const Tensor& value = call.in[0];
  if (value.numel() != 1)
    fail(ErrorKind::runtime, "[full] fill_value must be one number, but its shape is ", value.shape());
  DType natural = value.is_weak() && is_floating(value.dtype()) ? default_dtype() : value.dtype();
  checked_numel(a.size, "full");
  DType dtype = a.dtype.value_or(natural);
  expect_number_fits("full", value, dtype);
  call.emit(a.size, dtype);
}
void full_vjp(Vjp& v) { v.set(0, reshape(sum(v.grad()), v.input_shape(0))); }

void clone_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  const Tensor& input = call.in[0];
  auto format = args::Clone(call.attrs).memory_format;
  if (format == "channels_last" && input.rank() < 3)
    fail(ErrorKind::runtime,
         "[clone] channels_last wants (N, C, ..., W), at least 3 dimensions, but the shape is ",
         input.shape());
  if (!format)
    call.emit(input.layout().dense_like(), input.dtype());
  else if (*format == "contiguous")
    call.emit(input.shape(), input.dtype());
  else if (*format == "channels_last")
    call.emit(Layout::channels_last(input.shape()), input.dtype());
  else
    fail(ErrorKind::value, "[clone] memory_format is None, \"contiguous\" or \"channels_last\", not \"",
         *format, "\"");
}
void clone_vjp(Vjp& v) { v.set(0, v.grad()); }

void copy_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_defined(call, 1, "src");
  Shape shape = broadcast_shapes(call.in[0].shape(), call.in[1].shape(), "copy");
  if (!std::equal(shape.begin(), shape.end(), call.in[0].shape().begin(), call.in[0].shape().end()))
    fail(ErrorKind::runtime, "[copy] src of shape ", call.in[1].shape(),
         " does not broadcast to input's shape ", call.in[0].shape());
  call.emit(call.in[0].layout().dense_like(), call.in[0].dtype());
}
void copy_vjp(Vjp& v) { v.set(1, v.grad()); }  // nothing of the old values is left

void to_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  call.emit(call.in[0].layout().dense_like(), args::To(call.attrs).dtype);
}
void to_vjp(Vjp& v) { v.set(0, v.grad()); }  // the engine casts to the input's dtype

constexpr OpDef copying(OpId id, void (*infer)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = infer;
  def.vjp = vjp;
  def.saves_facts = true;
  def.in_place_safe = true;
  return def;
}

}  // namespace

namespace defs {
const OpDef full = copying(OpId::full, full_infer, full_vjp);
const OpDef clone = copying(OpId::clone, clone_infer, clone_vjp);
const OpDef copy = copying(OpId::copy, copy_infer, copy_vjp);
const OpDef to = copying(OpId::to, to_infer, to_vjp);
}  // namespace defs

}  // namespace rushlight
