// What the rules of reductions, scans and sorts share.
#pragma once

#include "rushlight/ops/op_rules.h"

namespace rushlight {

// `reduced` with the dimensions that the reduction dropped put back with size 1.
Tensor with_reduced_dims(const Tensor& reduced, const Ints& dims, bool keepdim);

// How many elements of `shape` meet in one result.
int64_t count_along(IntSpan shape, const Ints& dims);

// Throws where there is nothing to choose from.
void expect_choice(const OpCall& call, IntSpan shape, const Ints& dims);

// The dimension, wrapped, as the list that reduced_shape takes: empty for a 0-d tensor.
Ints one_dim(int64_t dim, int rank, const char* op);

// 0, 1, 2 ... along dim, with size 1 in every other dimension.
Tensor positions_along(IntSpan shape, int64_t dim);

// Zeros of `shape` with `values` added at `indices` along dim: the gradient of picking values along dim.
Tensor put_along(IntSpan shape, int64_t dim, const Tensor& indices, const Tensor& values);

template <class Args>
void picked_vjp(Vjp& v) {
  Args a(v.attrs());
  IntSpan shape = v.input_shape(0);
  int dim = wrap_dim(a.dim, static_cast<int>(shape.size()), "gradient");
  bool dropped = false;
  if constexpr (requires { a.keepdim; }) dropped = !a.keepdim && !shape.empty();
  auto along = [&](const Tensor& t) { return dropped ? unsqueeze(t, dim) : t; };
  v.set(0, put_along(shape, dim, along(v.output(1)), along(v.grad())));
}

// One element of every line along dim: its value and where it is.
template <class Args>
void pick_one_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  Args a(call.attrs);
  const Tensor& input = call.in[0];
  Ints dims = one_dim(a.dim, input.rank(), schema_of(call.def.id).name.c_str());
  expect_choice(call, input.shape(), dims);
  Shape shape = reduced_shape(input.shape(), dims, a.keepdim);
  call.emit(span_of(shape), input.dtype());
  call.emit(span_of(shape), DType::int64);
}

// An op that picks elements along its argument dim and says where they were: results are values and indices,
// and the gradient goes to what was picked.
template <class Args>
constexpr OpDef picking_along(OpId id, void (*infer)(OpCall&)) {
  OpDef def{id};
  def.infer = infer;
  def.vjp = picked_vjp<Args>;
  def.saves_facts = true;
  def.outputs = 2;
  def.saved_outputs = 2;
  def.constant_outputs = 2;
  return def;
}

}  // namespace rushlight
