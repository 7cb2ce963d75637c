// Many tensors as one, and one tensor repeated, rolled and flipped.
#include <algorithm>

#include "rushlight/backend/map_facts.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

// PyTorch's old custom: an empty vector joins anything and adds nothing.
bool adds_nothing(IntSpan shape) { return shape.size() == 1 && shape[0] == 0; }

void expect_joinable(IntSpan first, IntSpan other, size_t position, int64_t dim) {
  if (other.size() != first.size())
    fail(ErrorKind::runtime, "[cat] tensors must have the same number of dimensions, but tensor ", position,
         " has shape ", other, " beside ", first);
  for (size_t d = 0; d < first.size(); ++d)
    if (static_cast<int64_t>(d) != dim && first[d] != other[d])
      fail(ErrorKind::runtime, "[cat] sizes must match except in dimension ", dim, ", but tensor ", position,
           " has shape ", other, " beside ", first, ": they differ in dimension ", d);
}

// The dimension along which tensors of these shapes are joined.
template <class ShapeOf>
int64_t join_dim(size_t count, int64_t dim, ShapeOf shape_of) {
  for (size_t i = 0; i < count; ++i)
    if (!adds_nothing(shape_of(i))) return wrap_dim(dim, static_cast<int>(shape_of(i).size()), "cat");
  return wrap_dim(dim, 1, "cat");
}

void cat_infer(OpCall& call) {
  if (call.in.size() == 0) fail(ErrorKind::value, "[cat] expected a non-empty list of Tensors");
  for (size_t i = 0; i < call.in.size(); ++i) {
    expect_defined(call, i, "tensors");
    if (call.in[i].rank() == 0)
      fail(ErrorKind::runtime, "[cat] the zero-dimensional tensor at position ", i,
           " cannot be concatenated; use stack");
  }
  auto shape_of = [&](size_t i) { return call.in[i].shape(); };
  int64_t dim = join_dim(call.in.size(), args::Cat(call.attrs).dim, shape_of);
  Shape shape{0};
  bool any = false;
  for (size_t i = 0; i < call.in.size(); ++i) {
    if (adds_nothing(shape_of(i))) continue;
    if (any) {
      expect_joinable(span_of(shape), shape_of(i), i, dim);
      shape[static_cast<size_t>(dim)] += call.in[i].size(dim);
    } else {
      shape = to_ints(shape_of(i));
    }
    any = true;
  }
  call.emit(span_of(shape), result_type(call.in));
}

void cat_vjp(Vjp& v) {
  auto shape_of = [&](size_t i) { return v.input_shape(i); };
  int64_t dim = join_dim(v.input_count(), args::Cat(v.attrs()).dim, shape_of), start = 0;
  for (size_t i = 0; i < v.input_count(); ++i) {
    if (adds_nothing(shape_of(i))) {
      if (v.needs(i)) v.set(i, zeros(shape_of(i), {.dtype = v.input_dtype(i)}));
      continue;
    }
    int64_t end = start + v.input_shape(i)[static_cast<size_t>(dim)];
    if (v.needs(i)) v.set(i, slice(v.grad(), {.dim = dim, .start = start, .end = end}));
    start = end;
  }
}

void expect_all_defined(const char* op, TensorList tensors) {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (!tensors[i].defined())
      fail(ErrorKind::type, "[", op, "] expects a list of tensors, but the one at position ", i, " is None");
}

template <class Change>
std::vector<Tensor> changed_each(const char* op, TensorList tensors, Change change) {
  expect_all_defined(op, tensors);
  std::vector<Tensor> results;
  for (const Tensor& tensor : tensors) results.push_back(change(tensor));
  return results;
}

}  // namespace

namespace defs {
const OpDef cat = [] {
  OpDef def{OpId::cat};
  def.infer = cat_infer;
  def.vjp = cat_vjp;
  def.saves_facts = true;
  return def;
}();
}  // namespace defs

Tensor concat(TensorList tensors, const ConcatOptions& options) { return cat(tensors, {.dim = options.dim}); }
Tensor concatenate(TensorList tensors, const ConcatenateOptions& options) {
  return cat(tensors, {.dim = options.dim});
}

Tensor stack(TensorList tensors, const StackOptions& options) {
  if (tensors.size() == 0) fail(ErrorKind::runtime, "[stack] expects a non-empty list of Tensors");
  expect_all_defined("stack", tensors);
  IntSpan shape = tensors[0].shape();
  int64_t dim = wrap_dim(options.dim, static_cast<int>(shape.size()) + 1, "stack");
  return cat(changed_each(
                 "stack", tensors,
                 [&](const Tensor& tensor) {
                   if (!std::equal(shape.begin(), shape.end(), tensor.shape().begin(), tensor.shape().end()))
                     fail(ErrorKind::runtime, "[stack] expects each tensor to be of equal shape, but got ",
                          shape, " and ", tensor.shape());
                   return unsqueeze(tensor, dim);
                 }),
             {.dim = dim});
}

Tensor hstack(TensorList tensors) {
  std::vector<Tensor> rows =
      changed_each("hstack", tensors, [](const Tensor& tensor) { return atleast_1d(tensor); });
  return cat(rows, {.dim = rows.empty() || rows[0].rank() == 1 ? 0 : 1});
}
Tensor vstack(TensorList tensors) {
  return cat(changed_each("vstack", tensors, [](const Tensor& tensor) { return atleast_2d(tensor); }));
}
Tensor dstack(TensorList tensors) {
  return cat(changed_each("dstack", tensors, [](const Tensor& tensor) { return atleast_3d(tensor); }),
             {.dim = 2});
}
Tensor column_stack(TensorList tensors) {
  return hstack(changed_each("column_stack", tensors, [](const Tensor& tensor) {
    return tensor.rank() > 1 ? tensor : reshape(tensor, {tensor.numel(), 1});
  }));
}

// -- repeated

Tensor repeat(const Tensor& input, const IntList& repeats) {
  size_t rank = repeats.size(), own = static_cast<size_t>(input.rank());
  if (rank < own)
    fail(ErrorKind::runtime, "[repeat] ", static_cast<const Ints&>(repeats),
         " has fewer numbers than the tensor of shape ", input.shape(), " has dimensions");
  Shape apart, wide, shape;  // (1, size), (repeats, size), repeats * size of each dimension
  for (size_t d = 0; d < rank; ++d) {
    if (repeats[d] < 0)
      fail(ErrorKind::runtime, "[repeat] repeats must not be negative, but they are ",
           static_cast<const Ints&>(repeats));
    int64_t size = d < rank - own ? 1 : input.shape()[d - (rank - own)], total = 0;
    if (__builtin_mul_overflow(repeats[d], size, &total))
      fail(ErrorKind::runtime, "[repeat] ", repeats[d], " times ", size, " elements do not fit in 64 bits");
    apart.push_back(1);
    apart.push_back(size);
    wide.push_back(repeats[d]);
    wide.push_back(size);
    shape.push_back(total);
  }
  return view(clone(expand(reshape(input, apart), wide), {.memory_format = "contiguous"}), shape);
}

Tensor tile(const Tensor& input, const IntList& dims) {
  Ints repeats = dims;
  while (repeats.size() < static_cast<size_t>(input.rank())) repeats.insert(0, 1);
  return repeat(input, repeats);
}

namespace {

void expect_output_size(std::optional<int64_t> said, int64_t size) {
  if (said && *said != size)
    fail(ErrorKind::runtime, "[repeat_interleave] output_size is ", *said, ", but the repeats make ", size);
}

}  // namespace

Tensor repeat_interleave(const Tensor& input, int64_t repeats, const RepeatInterleaveOptions& options) {
  if (repeats < 0)
    fail(ErrorKind::runtime, "[repeat_interleave] repeats must not be negative, but it is ", repeats);
  Tensor source = options.dim && input.rank() ? input : flatten(input);
  int64_t dim = wrap_dim(options.dim.value_or(0), source.rank(), "repeat_interleave");
  Shape wide = to_ints(source.shape());
  wide.insert(static_cast<size_t>(dim) + 1, repeats);
  Tensor repeated = clone(expand(unsqueeze(source, dim + 1), wide), {.memory_format = "contiguous"});
  Tensor result = flatten(repeated, {.start_dim = dim, .end_dim = dim + 1});
  expect_output_size(options.output_size, result.size(dim));
  return result;
}

Tensor repeat_interleave(const Tensor& input, const Tensor& repeats,
                         const RepeatInterleaveEachOptions& options) {
  if (repeats.dtype() != DType::int64 && repeats.dtype() != DType::int32)
    fail(ErrorKind::runtime, "[repeat_interleave] repeats must be int64 or int32, but it is ",
         repeats.dtype());
  if (repeats.rank() > 1)
    fail(ErrorKind::runtime, "[repeat_interleave] repeats must have at most one dimension, but its shape is ",
         repeats.shape());
  Tensor source = options.dim && input.rank() ? input : flatten(input);
  int64_t dim = wrap_dim(options.dim.value_or(0), source.rank(), "repeat_interleave");
  std::vector<int64_t> counts = repeats.to_vector<int64_t>();
  if (counts.size() == 1) counts.resize(static_cast<size_t>(source.size(dim)), counts[0]);
  if (static_cast<int64_t>(counts.size()) != source.size(dim))
    fail(ErrorKind::runtime, "[repeat_interleave] repeats has ", counts.size(), " numbers, but dimension ",
         dim, " has size ", source.size(dim));
  int64_t total = 0;
  for (int64_t count : counts) {
    if (count < 0)
      fail(ErrorKind::runtime, "[repeat_interleave] repeats must not be negative, but one is ", count);
    if (__builtin_add_overflow(total, count, &total))
      fail(ErrorKind::value, "[repeat_interleave] the sum of repeats is more than 64 bits can count");
  }
  expect_output_size(options.output_size, total);
  Tensor places = empty(total, DType::int64);
  int64_t* place = places.data<int64_t>();
  for (size_t i = 0; i < counts.size(); ++i) place = std::fill_n(place, counts[i], static_cast<int64_t>(i));
  return index_select(source, dim, places);
}

// -- rolled and flipped

namespace {

Tensor roll_one(const Tensor& input, int64_t shift, int64_t dim) {
  if (input.rank() == 0 || input.numel() == 0) return clone(input);
  int64_t d = wrap_dim(dim, input.rank(), "roll"), size = input.size(d);
  int64_t start = (size - shift % size) % size;  // what comes first
  return cat({slice(input, {.dim = d, .start = start}), slice(input, {.dim = d, .end = start})}, {.dim = d});
}

}  // namespace

Tensor roll(const Tensor& input, const IntList& shifts, const RollOptions& options) {
  IntList dims = options.dims ? *options.dims : IntList();
  if (dims.empty() && shifts.size() == 1) return view(roll_one(flatten(input), shifts[0], 0), input.shape());
  if (shifts.size() != dims.size() || shifts.empty())
    fail(ErrorKind::runtime, "[roll] shifts ", static_cast<const Ints&>(shifts), " and dims ",
         static_cast<const Ints&>(dims), " must be of the same, non-zero length");
  Tensor result = input;
  for (size_t i = 0; i < shifts.size(); ++i) {
    wrap_dim(dims[i], input.rank(), "roll");
    result = roll_one(result, shifts[i], dims[i]);
  }
  return result;
}

Tensor flip(const Tensor& input, const IntList& dims) {
  Ints turned;
  Tensor result = input;
  for (int64_t dim : dims) {
    int64_t d = wrap_dim(dim, input.rank(), "flip");
    if (std::find(turned.begin(), turned.end(), d) != turned.end())
      fail(ErrorKind::runtime, "[flip] dim ", d, " appears multiple times in the list of dims ",
           static_cast<const Ints&>(dims));
    turned.push_back(d);
    if (input.rank()) result = slice(result, {.dim = d, .step = -1});
  }
  return clone(result, {.memory_format = "contiguous"});
}

Tensor fliplr(const Tensor& input) {
  if (input.rank() < 2)
    fail(ErrorKind::runtime, "[fliplr] input must be at least 2-d, but its shape is ", input.shape());
  return flip(input, 1);
}
Tensor flipud(const Tensor& input) {
  if (input.rank() < 1)
    fail(ErrorKind::runtime, "[flipud] input must be at least 1-d, but its shape is ", input.shape());
  return flip(input, 0);
}

Tensor rot90(const Tensor& input, const Rot90Options& options) {
  IntList dims = options.dims ? *options.dims : IntList{0, 1};
  if (dims.size() != 2 || input.rank() < 2)
    fail(ErrorKind::runtime,
         "[rot90] expects two rotation dims of a tensor of at least 2 dimensions, but got ",
         static_cast<const Ints&>(dims), " for shape ", input.shape());
  int64_t from = wrap_dim(dims[0], input.rank(), "rot90"), to = wrap_dim(dims[1], input.rank(), "rot90");
  if (from == to) fail(ErrorKind::runtime, "[rot90] rotation dims must differ, but both are ", from);
  switch (options.k & 3) {
    case 1: return transpose(flip(input, to), from, to);
    case 2: return flip(input, {from, to});
    case 3: return transpose(flip(input, from), from, to);
    default: return clone(input, {.memory_format = "contiguous"});
  }
}

// -- grids

std::vector<Tensor> meshgrid(TensorList tensors, const MeshgridOptions& options) {
  if (tensors.size() == 0) fail(ErrorKind::runtime, "[meshgrid] expects a non-empty list of Tensors");
  if (options.indexing != "ij" && options.indexing != "xy")
    fail(ErrorKind::runtime, "[meshgrid] indexing must be \"ij\" or \"xy\", not \"", options.indexing, "\"");
  bool swapped = options.indexing == "xy" && tensors.size() > 1;
  Shape shape;
  for (const Tensor& tensor : tensors) {
    if (!tensor.defined() || tensor.rank() > 1)
      fail(ErrorKind::runtime, "[meshgrid] expects scalars or vectors only");
    if (tensor.dtype() != tensors[0].dtype())
      fail(ErrorKind::runtime, "[meshgrid] expects all tensors to have the same dtype, but got ",
           tensors[0].dtype(), " and ", tensor.dtype());
    shape.push_back(tensor.numel());
  }
  std::vector<Tensor> grids;
  for (size_t i = 0; i < tensors.size(); ++i) {
    Shape along(shape.size(), 1);
    along[i] = shape[i];
    Tensor grid = expand(view(tensors[i], along), shape);
    grids.push_back(swapped ? transpose(grid, 0, 1) : grid);
  }
  return grids;
}

Tensor cartesian_prod(TensorList tensors) {
  for (const Tensor& tensor : tensors)
    if (!tensor.defined() || tensor.rank() != 1)
      fail(ErrorKind::runtime, "[cartesian_prod] expects vectors only");
  if (tensors.size() == 1) return tensors[0];
  return stack(
      changed_each("cartesian_prod", meshgrid(tensors), [](const Tensor& grid) { return flatten(grid); }),
      {.dim = 1});
}

Tensor block_diag(TensorList tensors) {
  std::vector<Tensor> blocks = changed_each("block_diag", tensors, [](const Tensor& tensor) {
    if (tensor.rank() > 2)
      fail(ErrorKind::runtime, "[block_diag] expects tensors of at most 2 dimensions, but got shape ",
           tensor.shape());
    return atleast_2d(tensor);
  });
  if (blocks.empty()) return zeros({1, 0});
  int64_t total = 0, before = 0;
  std::vector<Tensor> bands;
  for (const Tensor& block : blocks) total += block.size(1);
  SmallVector<const Tensor*, 8> all;
  for (const Tensor& block : blocks) all.push_back(&block);
  DType dtype = result_type({all.data(), all.size()});
  for (const Tensor& block : blocks) {  // each block between zeros to its left and right
    int64_t after = total - before - block.size(1);
    Tensor left = zeros({block.size(0), before}, {.dtype = dtype});
    Tensor right = zeros({block.size(0), after}, {.dtype = dtype});
    bands.push_back(cat({left, block, right}, {.dim = 1}));
    before += block.size(1);
  }
  return cat(bands);
}

}  // namespace rushlight
