// Dimensions moved, merged, cut and grown: plain functions over the views.
#include <algorithm>

#include "rushlight/ops/op_rules.h"

namespace rushlight {

Tensor movedim(const Tensor& input, const IntList& source, const IntList& destination) {
  if (source.size() != destination.size())
    fail(ErrorKind::runtime, "[movedim] source ", static_cast<const Ints&>(source), " and destination ",
         static_cast<const Ints&>(destination), " must name the same number of dimensions");
  int rank = input.rank();
  Ints order(static_cast<size_t>(rank), -1);  // -1: a place that no moved dimension takes
  SmallVector<bool, 8> moved(static_cast<size_t>(rank), false);
  for (size_t i = 0; i < source.size(); ++i) {
    auto from = static_cast<size_t>(wrap_dim(source[i], rank, "movedim"));
    auto to = static_cast<size_t>(wrap_dim(destination[i], rank, "movedim"));
    if (rank == 0) continue;
    if (moved[from] || order[to] >= 0)
      fail(ErrorKind::runtime, "[movedim] a dimension is repeated in source ",
           static_cast<const Ints&>(source), " or destination ", static_cast<const Ints&>(destination));
    moved[from] = true;
    order[to] = static_cast<int64_t>(from);
  }
  size_t next = 0;
  for (int64_t& dim : order) {
    if (dim >= 0) continue;
    while (moved[next]) ++next;
    dim = static_cast<int64_t>(next++);
  }
  return permute(input, order);
}
Tensor moveaxis(const Tensor& input, const IntList& source, const IntList& destination) {
  return movedim(input, source, destination);
}

Tensor swapaxes(const Tensor& input, int64_t axis0, int64_t axis1) { return transpose(input, axis0, axis1); }
Tensor swapdims(const Tensor& input, int64_t dim0, int64_t dim1) { return transpose(input, dim0, dim1); }
Tensor matrix_transpose(const Tensor& input) {
  if (input.rank() < 2)
    fail(ErrorKind::value, "[matrix_transpose] expects at least 2 dimensions, but the shape is ",
         input.shape());
  return transpose(input, -2, -1);
}

Tensor t(const Tensor& input) {
  if (input.rank() > 2)
    fail(ErrorKind::runtime, "[t] expects a tensor with <= 2 dimensions, but the shape is ", input.shape(),
         "; use transpose(dim0, dim1)");
  return transpose(input, 0, input.rank() == 2 ? 1 : 0);
}

Tensor narrow(const Tensor& input, int64_t dim, int64_t start, int64_t length) {
  if (input.rank() == 0) fail(ErrorKind::runtime, "[narrow] cannot be applied to a 0-dim tensor");
  int64_t d = wrap_dim(dim, input.rank(), "narrow"), size = input.size(d);
  if (length < 0) fail(ErrorKind::runtime, "[narrow] length must be non-negative, but it is ", length);
  if (start < -size || start > size)
    fail(ErrorKind::index, "[narrow] start ", start, " is out of range for dimension ", d, " of size ", size);
  if (start < 0) start += size;
  if (length > size - start)
    fail(ErrorKind::runtime, "[narrow] start ", start, " + length ", length, " exceeds dimension ", d,
         " of size ", size);
  return slice(input, {.dim = d, .start = start, .end = start + length});
}

// -- merged and cut

Tensor flatten(const Tensor& input, const FlattenOptions& options) {
  int rank = input.rank();
  int first = wrap_dim(options.start_dim, rank, "flatten"), last = wrap_dim(options.end_dim, rank, "flatten");
  if (first > last) fail(ErrorKind::runtime, "[flatten] start_dim ", first, " comes after end_dim ", last);
  if (rank == 0) return reshape(input, {1});
  if (first == last) return input;
  Shape shape;
  int64_t merged = 1;
  for (int d = 0; d < rank; ++d) {
    int64_t size = input.layout().size(d);
    if (d < first || d > last)
      shape.push_back(size);
    else
      merged *= size;
    if (d == last) shape.push_back(merged);
  }
  return reshape(input, shape);
}

Tensor ravel(const Tensor& input) { return contiguous(reshape(input, {input.numel()})); }

Tensor unflatten(const Tensor& input, int64_t dim, const IntList& sizes) {
  int d = wrap_dim(dim, input.rank(), "unflatten");
  if (sizes.empty()) fail(ErrorKind::runtime, "[unflatten] sizes must not be empty");
  if (input.rank() == 0) return reshape(input, sizes);
  int64_t size = input.layout().size(d), known = 1, open = 0;
  for (int64_t part : sizes) {
    open += part == -1;
    bool too_large = part != -1 && __builtin_mul_overflow(known, part, &known);
    if (part < -1 || too_large || open > 1) known = -1;
    if (known < 0) break;
  }
  bool fits = open ? known > 0 && size % known == 0 : known == size;
  if (!fits)
    fail(ErrorKind::runtime, "[unflatten] sizes ", static_cast<const Ints&>(sizes),
         " do not multiply up to the size of dimension ", d, " (", size, ") of shape ", input.shape());
  Shape shape;
  for (int i = 0; i < input.rank(); ++i) {
    if (i != d)
      shape.push_back(input.layout().size(i));
    else
      for (int64_t part : sizes) shape.push_back(part == -1 ? size / known : part);
  }
  return view(input, shape);
}

// -- in the shape of another

Tensor view_as(const Tensor& input, const Tensor& other) { return view(input, other.shape()); }
Tensor reshape_as(const Tensor& input, const Tensor& other) { return reshape(input, other.shape()); }
Tensor expand_as(const Tensor& input, const Tensor& other) { return expand(input, other.shape()); }
Tensor broadcast_to(const Tensor& input, const IntList& size) { return expand(input, size); }

std::vector<Tensor> broadcast_tensors(TensorList tensors) {
  Shape shape;
  for (const Tensor& tensor : tensors) {
    if (!tensor.defined()) fail(ErrorKind::type, "[broadcast_tensors] expects tensors, but one is None");
    shape = broadcast_shapes(span_of(shape), tensor.shape(), "broadcast_tensors");
  }
  std::vector<Tensor> results;
  for (const Tensor& tensor : tensors) results.push_back(expand(tensor, shape));
  return results;
}

Tensor atleast_1d(const Tensor& input) { return input.rank() < 1 ? reshape(input, {1}) : input; }
Tensor atleast_2d(const Tensor& input) { return input.rank() < 2 ? unsqueeze(atleast_1d(input), 0) : input; }
Tensor atleast_3d(const Tensor& input) { return input.rank() < 3 ? unsqueeze(atleast_2d(input), -1) : input; }

}  // namespace rushlight
