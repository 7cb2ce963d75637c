// Diagonals, triangles and windows of a tensor, and writing over a part of it.
#include <algorithm>

#include "rushlight/ops/op_rules.h"
#include "rushlight/ops/view_rules.h"

namespace rushlight {

namespace {

Layout diagonal_layout(const Tensor& input, const Attrs& attrs) {
  args::Diagonal a(attrs);
  auto d1 = static_cast<size_t>(wrap_dim(a.dim1, input.rank(), "diagonal"));
  auto d2 = static_cast<size_t>(wrap_dim(a.dim2, input.rank(), "diagonal"));
  if (d1 == d2) fail(ErrorKind::runtime, "[diagonal] dim1 and dim2 cannot be identical, but both are ", d1);
  Shape shape = to_ints(input.shape());
  Strides strides = to_ints(input.strides());
  // an offset may be any int64: it is clamped to where nothing is left
  int64_t right = std::clamp<int64_t>(a.offset, 0, shape[d2]),
          down = -std::clamp<int64_t>(a.offset, -shape[d1], 0);
  int64_t length = std::min(shape[d1] - down, shape[d2] - right);
  int64_t start = input.storage_offset(), stride = moved(strides[d1], 1, strides[d2]);
  if (length) start = moved(moved(start, right, strides[d2]), down, strides[d1]);
  for (size_t d : {std::max(d1, d2), std::min(d1, d2)}) {
    shape.erase(d);
    strides.erase(d);
  }
  shape.push_back(length);
  strides.push_back(stride);
  return Layout(span_of(shape), span_of(strides), start);
}
void diagonal_vjp(Vjp& v) {
  args::Diagonal a(v.attrs());
  Tensor whole = zeros(v.input_shape(0), {.dtype = v.grad().dtype()});
  diagonal(whole, {.offset = a.offset, .dim1 = a.dim1, .dim2 = a.dim2}).copy_(v.grad());
  v.set(0, whole);
}

// A 0-dimensional tensor counts as one of size 1.
Layout unfold_layout(const Tensor& input, const Attrs& attrs) {
  args::Unfold a(attrs);
  int dim = wrap_dim(a.dimension, input.rank(), "unfold");
  int64_t extent = input.rank() ? input.layout().size(dim) : 1,
          stride = input.rank() ? input.layout().stride(dim) : 1;
  if (a.size < 0 || a.size > extent)
    fail(ErrorKind::runtime, "[unfold] size must be from 0 to ", extent, ", the size of dimension ", dim,
         ", but it is ", a.size);
  if (a.step <= 0) fail(ErrorKind::runtime, "[unfold] step must be greater than 0, but it is ", a.step);
  Shape shape = to_ints(input.shape());
  Strides strides = to_ints(input.strides());
  if (input.rank()) {
    int64_t count = (extent - a.size) / a.step + 1;
    shape[static_cast<size_t>(dim)] = count;
    if (count > 1) strides[static_cast<size_t>(dim)] = moved(0, a.step, stride);
  }
  shape.push_back(a.size);
  strides.push_back(stride);
  return Layout(span_of(shape), span_of(strides), input.storage_offset());
}
// An element seen by several windows sums their gradients.
void unfold_vjp(Vjp& v) {
  args::Unfold a(v.attrs());
  IntSpan shape = v.input_shape(0);
  if (shape.empty()) return v.set(0, a.size ? reshape(v.grad(), {}) : zeros({}, {.dtype = v.grad().dtype()}));
  auto dim = static_cast<size_t>(wrap_dim(a.dimension, static_cast<int>(shape.size()), "unfold"));
  int64_t count = v.grad().shape()[dim];
  Tensor starts = unsqueeze(sequence(0, a.step, count, DType::int64), 1);
  std::vector<Tensor> places(dim + 1);
  places[dim] = starts + arange(a.size);
  Tensor windows = movedim(v.grad(), -1, static_cast<int64_t>(dim) + 1);
  v.set(0, index_put(zeros(shape, {.dtype = v.grad().dtype()}), places, windows, {.accumulate = true}));
}

// -- triangles

void triangle_infer(OpCall& call) {
  expect_rank(call, 0, "input", 2);
  call.emit(call.in[0].layout().dense_like(), call.in[0].dtype());
}

// How far each element of a matrix is right of the main diagonal.
Tensor columns_to_the_right(IntSpan shape) {
  int64_t rows = shape[shape.size() - 2], columns = shape[shape.size() - 1];
  return arange(columns) - unsqueeze(arange(rows), 1);
}
Tensor zero_of(DType dtype) { return full({}, 0, {.dtype = dtype}); }

void tril_body(OpCall& call) {
  const Tensor& input = call.in[0];
  Tensor keep = columns_to_the_right(input.shape()) <= args::Tril(call.attrs).diagonal;
  call.out = {where(keep, input, zero_of(input.dtype()))};
}
void triu_body(OpCall& call) {
  const Tensor& input = call.in[0];
  Tensor keep = columns_to_the_right(input.shape()) >= args::Triu(call.attrs).diagonal;
  call.out = {where(keep, input, zero_of(input.dtype()))};
}
void tril_vjp(Vjp& v) { v.set(0, tril(v.grad(), {.diagonal = args::Tril(v.attrs()).diagonal})); }
void triu_vjp(Vjp& v) { v.set(0, triu(v.grad(), {.diagonal = args::Triu(v.attrs()).diagonal})); }

constexpr OpDef triangle(OpId id, void (*body)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = triangle_infer;
  def.body = body;
  def.vjp = vjp;
  return def;
}

}  // namespace

namespace defs {
const OpDef diagonal = view_def(OpId::diagonal, diagonal_layout, diagonal_vjp);
const OpDef unfold = view_def(OpId::unfold, unfold_layout, unfold_vjp);
const OpDef tril = triangle(OpId::tril, tril_body, tril_vjp);
const OpDef triu = triangle(OpId::triu, triu_body, triu_vjp);
}  // namespace defs

// -- matrices made of diagonals

Tensor diag_embed(const Tensor& input, const DiagEmbedOptions& options) {
  int rank = input.rank() + 1;
  int d1 = wrap_dim(options.dim1, rank, "diag_embed"), d2 = wrap_dim(options.dim2, rank, "diag_embed");
  if (d1 == d2) fail(ErrorKind::runtime, "[diag_embed] dim1 and dim2 cannot be identical, but both are ", d1);
  if (input.rank() == 0) fail(ErrorKind::index, "[diag_embed] needs a tensor of at least 1 dimension");
  int64_t size = 0, away = options.offset;
  if ((away < 0 && __builtin_sub_overflow(0, away, &away)) ||
      __builtin_add_overflow(input.size(-1), away, &size))
    fail(ErrorKind::runtime, "[diag_embed] offset ", options.offset, " is too large");
  Shape shape = to_ints(input.shape());
  shape.pop_back();
  shape.insert(static_cast<size_t>(std::min(d1, d2)), size);
  shape.insert(static_cast<size_t>(std::max(d1, d2)), size);
  Tensor whole = zeros(shape, {.dtype = input.dtype()});
  diagonal(whole, {.offset = options.offset, .dim1 = d1, .dim2 = d2}).copy_(input);
  return whole;
}

Tensor diag(const Tensor& input, const DiagOptions& options) {
  if (input.rank() == 1) return diag_embed(input, {.offset = options.diagonal});
  if (input.rank() == 2)
    return clone(diagonal(input, {.offset = options.diagonal}), {.memory_format = "contiguous"});
  fail(ErrorKind::runtime, "[diag] expects a vector or a matrix, but the shape is ", input.shape());
}

Tensor diagflat(const Tensor& input, const DiagflatOptions& options) {
  return diag_embed(reshape(input, {input.numel()}), {.offset = options.offset});
}

// -- a copy with a part of it overwritten

namespace {

Tensor with_part(const char* op, const Tensor& whole, const Tensor& view, const Tensor& src) {
  if (!view.layout().same_shape(src.layout()))
    fail(ErrorKind::runtime, "[", op, "] src has shape ", src.shape(),
         ", but the part to overwrite has shape ", view.shape());
  view.copy_(src);
  return whole;
}

}  // namespace

Tensor select_scatter(const Tensor& input, const Tensor& src, int64_t dim, int64_t index) {
  Tensor whole = clone(input);
  return with_part("select_scatter", whole, select(whole, dim, index), src);
}

Tensor slice_scatter(const Tensor& input, const Tensor& src, const SliceScatterOptions& options) {
  Tensor whole = clone(input);
  Tensor view =
      slice(whole, {.dim = options.dim, .start = options.start, .end = options.end, .step = options.step});
  return with_part("slice_scatter", whole, view, src);
}

Tensor diagonal_scatter(const Tensor& input, const Tensor& src, const DiagonalScatterOptions& options) {
  Tensor whole = clone(input);
  Tensor view = diagonal(whole, {.offset = options.offset, .dim1 = options.dim1, .dim2 = options.dim2});
  return with_part("diagonal_scatter", whole, view, src);
}

}  // namespace rushlight
