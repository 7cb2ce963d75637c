// Whole slices picked or written along one dimension, by a list of their numbers: index_select and its kin,
// embedding.
#include <algorithm>

#include "rushlight/core/number_fits.h"
#include "rushlight/ops/index_rules.h"

namespace rushlight {

namespace {

void expect_slice_numbers(const OpCall& call, size_t input) {
  expect_index(call, input);
  if (call.in[input].rank() > 1)
    fail(ErrorKind::index, "[", call.name(), "] index is supposed to be a vector, but its shape is ",
         call.in[input].shape());
}

int dim_of(const OpCall& call) { return wrap_dim(call.attrs[0].as_int(), call.in[0].rank(), call.name()); }

void index_select_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_slice_numbers(call, 1);
  const Tensor &input = call.in[0], &index = call.in[1];
  auto dim = static_cast<size_t>(dim_of(call));
  Shape shape = to_ints(input.shape());
  if (!shape.empty())
    shape[dim] = index.numel();
  else if (index.numel() != 1)
    fail(ErrorKind::index, "[index_select] a 0-dim tensor has one slice, but index names ", index.numel());
  call.emit(span_of(shape), input.dtype());
}
void index_select_vjp(Vjp& v) {
  Tensor zeros = nothing(v.input_shape(0), v.grad().dtype());
  v.set(0, index_add(zeros, args::IndexSelect(v.attrs()).dim, v.input(1), v.grad()));
}

// index_add and index_copy: one slice of source for each number.
void write_slices_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_slice_numbers(call, 1);
  expect_defined(call, 2, "source");
  expect_same_dtype(call, 0, 2);
  const Tensor &input = call.in[0], &index = call.in[1], &source = call.in[2];
  int dim = dim_of(call);
  int64_t slices = source.rank() ? source.rank() > dim ? source.layout().size(dim) : 0 : 1;
  if (slices != index.numel())
    fail(ErrorKind::index, "[", call.name(), "] index has ", index.numel(), " numbers, but source of shape ",
         source.shape(), " has ", slices, " slices along dimension ", dim);
  Shape expected = to_ints(input.shape()), got = to_ints(source.shape());
  if (!expected.empty()) expected.erase(static_cast<size_t>(dim));
  if (!got.empty()) got.erase(static_cast<size_t>(dim));
  if (expected != got)
    fail(ErrorKind::runtime, "[", call.name(), "] slices of source ", source.shape(),
         " do not fit those of input ", input.shape(), " along dimension ", dim);
  call.emit(input.layout().dense_like(), input.dtype());
}
// Slices of the gradient, in the shape that source had.
Tensor read_slices(Vjp& v, int64_t dim) {
  Tensor read = index_select(v.grad(), dim, v.input(1));
  return read.rank() == static_cast<int>(v.input_shape(2).size()) ? read : reshape(read, v.input_shape(2));
}
void index_add_vjp(Vjp& v) {
  args::IndexAdd a(v.attrs());
  if (v.needs(0)) v.set(0, v.grad());
  if (!v.needs(2)) return;
  Tensor read = read_slices(v, a.dim);
  v.set(2, a.alpha == 1 ? read : read * a.alpha);
}
void index_copy_vjp(Vjp& v) {
  int64_t dim = args::IndexCopy(v.attrs()).dim;
  if (v.needs(0)) v.set(0, index_fill(v.grad(), dim, v.input(1), 0.0));
  if (v.needs(2)) v.set(2, read_slices(v, dim));
}

void index_fill_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_slice_numbers(call, 1);
  expect_defined(call, 2, "value");
  if (call.in[2].rank())
    fail(ErrorKind::runtime,
         "[index_fill] value must be a number or a 0-dimensional tensor, but its shape is ",
         call.in[2].shape());
  expect_number_fits("index_fill", call.in[2], call.in[0].dtype());
  dim_of(call);
  call.emit(call.in[0].layout().dense_like(), call.in[0].dtype());
}
void index_fill_vjp(Vjp& v) {
  Tensor kept = index_fill(v.grad(), args::IndexFill(v.attrs()).dim, v.input(1), 0.0);
  if (v.needs(2)) v.set(2, sum(v.grad() - kept));
  v.set(0, kept);
}

// -- embedding

void embedding_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  const Tensor& input = call.in[0];
  if (input.dtype() != DType::int64 && input.dtype() != DType::int32)
    fail(ErrorKind::runtime, "[embedding] expected input to hold indices of dtype int64 or int32, but it is ",
         input.dtype());
  expect_defined(call, 1, "weight");
  const Tensor& weight = call.in[1];
  if (weight.rank() != 2)
    fail(ErrorKind::runtime,
         "[embedding] weight must be a matrix (one row for each index), but its shape is ", weight.shape());
  auto padding = args::Embedding(call.attrs).padding_idx;
  if (padding && (*padding < -weight.size(0) || *padding >= weight.size(0)))
    fail(ErrorKind::value, "[embedding] padding_idx ", *padding, " must be within the ", weight.size(0),
         " rows of weight");
  Shape shape = to_ints(input.shape());
  shape.push_back(weight.size(1));
  call.emit(span_of(shape), weight.dtype());
}
void embedding_body(OpCall& call) {
  const Tensor &input = call.in[0], &weight = call.in[1];
  Tensor rows = index_select(weight, 0, reshape(input, {input.numel()}));
  Shape shape = to_ints(input.shape());
  shape.push_back(weight.size(1));
  call.out = {view(rows, shape)};
}
// The padding row is never learned.
void embedding_vjp(Vjp& v) {
  IntSpan shape = v.input_shape(1);
  Tensor numbers = reshape(v.input(0), {v.input(0).numel()});
  Tensor rows = reshape(v.grad(), {numbers.numel(), shape[1]});
  if (auto padding = args::Embedding(v.attrs()).padding_idx) {
    int64_t row = *padding < 0 ? *padding + shape[0] : *padding;
    rows = masked_fill(rows, unsqueeze(numbers == row, 1), 0.0);
  }
  v.set(1, index_add(nothing(shape, rows.dtype()), 0, numbers, rows));
}

}  // namespace

namespace defs {
const OpDef index_select = placing(OpId::index_select, index_select_infer, index_select_vjp);
const OpDef index_add = writing(OpId::index_add, write_slices_infer, index_add_vjp);
const OpDef index_copy = writing(OpId::index_copy, write_slices_infer, index_copy_vjp);
const OpDef index_fill = writing(OpId::index_fill, index_fill_infer, index_fill_vjp);
const OpDef embedding = [] {
  OpDef def{OpId::embedding};
  def.infer = embedding_infer;
  def.body = embedding_body;
  def.vjp = embedding_vjp;
  def.saved_inputs = 0b01;
  def.saves_facts = true;
  return def;
}();
}  // namespace defs

}  // namespace rushlight
