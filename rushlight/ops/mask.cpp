// Elements chosen by a mask, and put at flat positions.
#include "rushlight/core/number_fits.h"
#include "rushlight/ops/index_rules.h"
#include "rushlight/ops/indexing.h"

namespace rushlight {

namespace {

void expect_mask(const OpCall& call) {
  expect_defined(call, 0, "input");
  expect_defined(call, 1, "mask");
  if (call.in[1].dtype() != DType::boolean)
    fail(ErrorKind::runtime, "[", call.name(), "] only supports boolean masks, but mask is ",
         call.in[1].dtype());
}

void masked_fill_infer(OpCall& call) {
  expect_mask(call);
  expect_defined(call, 2, "value");
  if (call.in[2].rank())
    fail(ErrorKind::runtime,
         "[masked_fill] value must be a number or a 0-dimensional tensor, but its shape is ",
         call.in[2].shape());
  const Tensor &input = call.in[0], &mask = call.in[1];
  expect_number_fits("masked_fill", call.in[2], input.dtype());
  Shape shape = broadcast_shapes(input.shape(), mask.shape(), "masked_fill");
  if (shape == to_ints(input.shape()))
    call.emit(input.layout().dense_like(), input.dtype());
  else
    call.emit(span_of(shape), input.dtype());
}
void masked_fill_body(OpCall& call) {
  const Tensor &input = call.in[0], &mask = call.in[1];
  Tensor value = full({}, call.in[2], {.dtype = input.dtype()});
  call.out = {where(mask, value, input)};
}
void masked_fill_vjp(Vjp& v) {
  if (v.needs(0)) v.set(0, masked_fill(v.grad(), v.input(1), 0.0));
  if (v.needs(2)) v.set(2, sum(where(v.input(1), v.grad(), 0.0)));
}

// -- masked_scatter: the mask's places take the elements of source, one after the other

void masked_scatter_infer(OpCall& call) {
  expect_mask(call);
  expect_defined(call, 2, "source");
  expect_same_dtype(call, 0, 2);
  call.emit(span_of(broadcast_shapes(call.in[0].shape(), call.in[1].shape(), "masked_scatter")),
            call.in[0].dtype());
}
void masked_scatter_vjp(Vjp& v) {
  Tensor mask = v.input(1);
  if (v.needs(0)) v.set(0, masked_fill(v.grad(), mask, 0.0));
  if (!v.needs(2)) return;
  Tensor taken = masked_select(v.grad(), mask);
  Shape shape = to_ints(v.input_shape(2));
  Tensor row = zeros({v.input_layout(2).numel()}, {.dtype = taken.dtype()});
  narrow(row, 0, 0, taken.numel()).copy_(taken);
  v.set(2, view(row, shape));
}

// -- put: by positions in the flattened tensor

void put_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_defined(call, 1, "index");
  expect_defined(call, 2, "source");
  expect_same_dtype(call, 0, 2);
  if (call.in[1].dtype() != DType::int64)
    fail(ErrorKind::runtime, "[put] expected dtype int64 for index, but it is ", call.in[1].dtype());
  if (call.in[1].numel() != call.in[2].numel())
    fail(ErrorKind::index, "[put] index has ", call.in[1].numel(), " elements, but source has ",
         call.in[2].numel());
  call.emit(call.in[0].shape(), call.in[0].dtype());
}
void put_body(OpCall& call) {
  const Tensor &input = call.in[0], &index = call.in[1], &source = call.in[2];
  Tensor flat = index_put(reshape(input, {input.numel()}), {index}, reshape(source, index.shape()),
                          {.accumulate = args::Put(call.attrs).accumulate});
  call.out = {view(flat, input.shape())};
}
void put_vjp(Vjp& v) {
  bool accumulate = args::Put(v.attrs()).accumulate;
  Tensor index = v.input(1);
  if (v.needs(0))
    v.set(0, accumulate ? v.grad() : put(v.grad(), index, zeros(index.shape(), {.dtype = v.grad().dtype()})));
  if (v.needs(2)) v.set(2, reshape(take(v.grad(), index), v.input_shape(2)));
}

OpDef with_body(OpDef def, void (*body)(OpCall&)) {
  def.body = body;
  return def;
}

}  // namespace

namespace defs {
const OpDef masked_fill =
    with_body(placing(OpId::masked_fill, masked_fill_infer, masked_fill_vjp), masked_fill_body);
const OpDef masked_scatter = placing(OpId::masked_scatter, masked_scatter_infer, masked_scatter_vjp);
const OpDef put = with_body(placing(OpId::put, put_infer, put_vjp), put_body);
}  // namespace defs

Tensor masked_select(const Tensor& input, const Tensor& mask) {
  if (mask.dtype() != DType::boolean)
    fail(ErrorKind::runtime, "[masked_select] expected a boolean mask, but it is ", mask.dtype());
  Shape shape = broadcast_shapes(input.shape(), mask.shape(), "masked_select");
  if (shape.empty()) shape.push_back(1);
  return expand(input, shape)(expand(mask, shape));
}

}  // namespace rushlight
