// Views: layout edits that share memory with their input.
#include <algorithm>

#include "rushlight/ops/op_rules.h"
#include "rushlight/ops/view_rules.h"

namespace rushlight {

namespace {

Layout make_layout(const Ints& shape, const Ints& strides, int64_t offset) {
  return Layout(span_of(shape), span_of(strides), offset);
}

// The shape with its one -1 worked out; throws where the element counts differ.
Shape completed_shape(const Ints& wanted, int64_t numel, const char* op) {
  Shape shape = wanted;
  int64_t known = 1, open = -1;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == -1) {
      if (open >= 0)
        fail(ErrorKind::runtime, "[", op, "] only one dimension can be inferred, but ", wanted,
             " has two -1");
      open = static_cast<int64_t>(d);
    } else if (shape[d] < 0) {
      fail(ErrorKind::runtime, "[", op, "] invalid shape dimension ", shape[d], " in ", wanted);
    } else if (__builtin_mul_overflow(known, shape[d], &known)) {
      fail(ErrorKind::runtime, "[", op, "] shape ", wanted, " is invalid for input of size ", numel);
    }
  }
  if (open >= 0) {
    if (known == 0)
      fail(ErrorKind::runtime, "[", op, "] cannot infer the -1 of ", wanted, ": with ", numel,
           " elements any size would do");
    if (numel % known == 0) {
      shape[static_cast<size_t>(open)] = numel / known;
      known = numel;
    }
  }
  if (known != numel)
    fail(ErrorKind::runtime, "[", op, "] shape ", wanted, " is invalid for input of size ", numel);
  return shape;
}

// Strides that show `layout`'s elements in the new shape without moving them, if there are such: each group
// of old dimensions that are evenly spaced (one step through all of them) is cut anew.
bool strides_for_shape(const Layout& layout, const Shape& shape, Strides& strides) {
  strides.resize(shape.size(), 1);
  if (layout.numel() == 0) {
    strides = to_ints(Layout(span_of(shape)).strides());
    return true;
  }
  size_t next = shape.size();  // the new dimension being cut, from the last on
  int64_t group = 1;           // elements of old dimensions in the current group
  int64_t taken = 1;           // elements of new dimensions cut from it
  int64_t step = 1;            // the group's innermost stride
  bool open = false;
  for (int d = layout.rank() - 1; d >= 0; --d) {
    if (layout.size(d) == 1) continue;
    if (open && layout.stride(d) != step * group) return false;  // never reached with an unfinished group
    if (!open) {
      step = layout.stride(d);
      group = taken = 1;
      open = true;
    }
    group *= layout.size(d);
    bool last_of_group = true;
    for (int outer = d - 1; outer >= 0; --outer) {
      if (layout.size(outer) == 1) continue;
      last_of_group = layout.stride(outer) != step * group;
      break;
    }
    if (!last_of_group) continue;
    while (next > 0 && (taken < group || shape[next - 1] == 1)) {
      --next;
      strides[next] = step * taken;
      taken *= shape[next];
    }
    if (taken != group) return false;
    open = false;
  }
  return true;
}

Layout view_layout(const Tensor& input, const Attrs& attrs) {
  Ints size = args::View(attrs).size;
  Shape shape = completed_shape(size, input.numel(), "view");
  Strides strides;
  if (!strides_for_shape(input.layout(), shape, strides))
    fail(ErrorKind::runtime, "[view] view size ", size, " is not compatible with input tensor's size ",
         input.shape(), " and strides ", input.strides(),
         " (at least one dimension spans across two contiguous subspaces). Use reshape(...) instead");
  return make_layout(shape, strides, input.storage_offset());
}

Layout permute_layout(const Tensor& input, const Attrs& attrs) {
  args::Permute a(attrs);
  size_t rank = static_cast<size_t>(input.rank());
  if (a.dims.size() != rank)
    fail(ErrorKind::runtime, "[permute] ", static_cast<const Ints&>(a.dims), " names ", a.dims.size(),
         " dimensions, but the tensor has ", rank);
  Shape shape;
  Strides strides;
  SmallVector<bool, 8> seen(rank, false);
  for (int64_t dim : a.dims) {
    int d = wrap_dim(dim, input.rank(), "permute");
    if (seen[static_cast<size_t>(d)])
      fail(ErrorKind::runtime, "[permute] dimension ", d, " is repeated in ",
           static_cast<const Ints&>(a.dims));
    seen[static_cast<size_t>(d)] = true;
    shape.push_back(input.layout().size(d));
    strides.push_back(input.layout().stride(d));
  }
  return make_layout(shape, strides, input.storage_offset());
}

Layout transpose_layout(const Tensor& input, const Attrs& attrs) {
  args::Transpose a(attrs);
  Shape shape = to_ints(input.shape());
  Strides strides = to_ints(input.strides());
  size_t d0 = static_cast<size_t>(wrap_dim(a.dim0, input.rank(), "transpose"));
  size_t d1 = static_cast<size_t>(wrap_dim(a.dim1, input.rank(), "transpose"));
  if (input.rank()) {
    std::swap(shape[d0], shape[d1]);
    std::swap(strides[d0], strides[d1]);
  }
  return make_layout(shape, strides, input.storage_offset());
}

Layout select_layout(const Tensor& input, const Attrs& attrs) {
  args::Select a(attrs);
  if (input.rank() == 0)
    fail(ErrorKind::index, "[select] cannot be applied to a 0-dim tensor; use item() to read it");
  size_t d = static_cast<size_t>(wrap_dim(a.dim, input.rank(), "select"));
  int64_t size = input.layout().size(static_cast<int>(d));
  if (a.index < -size || a.index >= size)
    fail(ErrorKind::index, "[select] index ", a.index, " is out of bounds for dimension ", d, " with size ",
         size);
  int64_t index = a.index < 0 ? a.index + size : a.index;
  Shape shape = to_ints(input.shape());
  Strides strides = to_ints(input.strides());
  int64_t offset = moved(input.storage_offset(), index, strides[d]);
  shape.erase(d);
  strides.erase(d);
  return make_layout(shape, strides, offset);
}

Layout slice_layout(const Tensor& input, const Attrs& attrs) {
  args::Slice a(attrs);
  if (input.rank() == 0) fail(ErrorKind::index, "[slice] cannot be applied to a 0-dim tensor");
  if (a.step == 0) fail(ErrorKind::value, "[slice] step must not be zero");
  size_t d = static_cast<size_t>(wrap_dim(a.dim, input.rank(), "slice"));
  int64_t size = input.layout().size(static_cast<int>(d));
  bool back = a.step < 0;
  // Python's rule: out-of-range ends are clamped, missing ones depend on the direction
  auto clamp_end = [&](int64_t at) {
    if (at < 0) at += size;
    int64_t low = back ? -1 : 0, high = back ? size - 1 : size;
    return std::clamp(at, low, high);
  };
  int64_t start = a.start ? clamp_end(*a.start) : back ? size - 1 : 0;
  int64_t end = a.end ? clamp_end(*a.end) : back ? -1 : size;
  int64_t span = back ? start - end : end - start;
  uint64_t step = back ? 0 - static_cast<uint64_t>(a.step) : static_cast<uint64_t>(a.step);
  int64_t count = span <= 0 ? 0 : static_cast<int64_t>((static_cast<uint64_t>(span) - 1) / step) + 1;
  Shape shape = to_ints(input.shape());
  Strides strides = to_ints(input.strides());
  int64_t offset = count ? moved(input.storage_offset(), start, strides[d]) : input.storage_offset();
  shape[d] = count;
  strides[d] = count > 1 ? moved(0, a.step, strides[d]) : strides[d];
  return make_layout(shape, strides, offset);
}

Layout expand_layout(const Tensor& input, const Attrs& attrs) {
  args::Expand a(attrs);
  size_t rank = a.size.size(), have = static_cast<size_t>(input.rank());
  if (rank < have)
    fail(ErrorKind::runtime, "[expand] the number of sizes provided (", rank,
         ") must be greater or equal to the number of dimensions in the tensor (", have, ")");
  Shape shape = a.size;
  Strides strides(rank, 0);
  for (size_t i = 0; i < rank; ++i) {
    if (i < rank - have) {
      if (shape[i] < 0)
        fail(ErrorKind::runtime, "[expand] size ", shape[i],
             " isn't allowed in a leading, non-existing dimension ", i);
      continue;
    }
    int d = static_cast<int>(i - (rank - have));
    int64_t size = input.layout().size(d);
    if (shape[i] == -1) shape[i] = size;
    if (shape[i] != size && size != 1)
      fail(ErrorKind::runtime, "[expand] the expanded size (", shape[i], ") must match the existing size (",
           size, ") at non-singleton dimension ", i, ". Target sizes: ", static_cast<const Ints&>(a.size),
           ". Tensor sizes: ", input.shape());
    strides[i] = size == shape[i] ? input.layout().stride(d) : 0;
  }
  return make_layout(shape, strides, input.storage_offset());
}

Layout squeeze_layout(const Tensor& input, const Attrs& attrs) {
  args::Squeeze a(attrs);
  Ints dims = reduced_dims(a.dim, input.rank(), "squeeze");
  if (a.dim && a.dim->empty()) dims.clear();
  Shape shape;
  Strides strides;
  for (int d = 0; d < input.rank(); ++d) {
    bool named = std::find(dims.begin(), dims.end(), d) != dims.end();
    if (named && input.layout().size(d) == 1) continue;
    shape.push_back(input.layout().size(d));
    strides.push_back(input.layout().stride(d));
  }
  return make_layout(shape, strides, input.storage_offset());
}

Layout unsqueeze_layout(const Tensor& input, const Attrs& attrs) {
  args::Unsqueeze a(attrs);
  size_t d = static_cast<size_t>(wrap_dim(a.dim, input.rank() + 1, "unsqueeze"));
  Shape shape = to_ints(input.shape());
  Strides strides = to_ints(input.strides());
  int64_t stride = d < shape.size() ? moved(0, shape[d], strides[d]) : 1;
  shape.insert(d, 1);
  strides.insert(d, stride);
  return make_layout(shape, strides, input.storage_offset());
}

Layout as_strided_layout(const Tensor& input, const Attrs& attrs) {
  args::AsStrided a(attrs);
  if (a.size.size() != a.stride.size())
    fail(ErrorKind::runtime, "[as_strided] mismatch in length of size ", static_cast<const Ints&>(a.size),
         " and stride ", static_cast<const Ints&>(a.stride));
  int64_t offset = a.storage_offset.value_or(input.storage_offset());
  checked_numel(a.size, "as_strided");
  int64_t low = offset, high = offset;
  bool overflow = false, empty = false;
  for (size_t d = 0; d < a.size.size(); ++d) {
    empty |= a.size[d] == 0;
    int64_t reach = 0;
    overflow |= __builtin_mul_overflow(std::max<int64_t>(a.size[d] - 1, 0), a.stride[d], &reach);
    overflow |= __builtin_add_overflow(reach < 0 ? low : high, reach, reach < 0 ? &low : &high);
  }
  int64_t elements = static_cast<int64_t>(input.storage()->bytes() / input.element_size());
  if (offset < 0 || (!empty && (overflow || low < 0 || high >= elements)))
    fail(ErrorKind::runtime, "[as_strided] size ", static_cast<const Ints&>(a.size), ", stride ",
         static_cast<const Ints&>(a.stride), " and storage offset ", offset, " reach outside the storage of ",
         elements, " elements");
  return make_layout(a.size, a.stride, offset);
}

Layout detach_layout(const Tensor& input, const Attrs&) { return input.layout(); }

// -- gradients

void view_vjp(Vjp& v) { v.set(0, reshape(v.grad(), v.input_shape(0))); }

void permute_vjp(Vjp& v) {
  args::Permute a(v.attrs());
  IntList back;
  back.resize(a.dims.size());
  for (size_t i = 0; i < a.dims.size(); ++i)
    back[static_cast<size_t>(wrap_dim(a.dims[i], static_cast<int>(a.dims.size()), "permute"))] =
        static_cast<int64_t>(i);
  v.set(0, permute(v.grad(), back));
}

void transpose_vjp(Vjp& v) {
  args::Transpose a(v.attrs());
  v.set(0, transpose(v.grad(), a.dim0, a.dim1));
}

// Zeros with the gradient written over the part that the view showed; or what other views of the same tensor
// have sent already, and the gradient added there.
template <class View>
void scatter_vjp(Vjp& v, View view) {
  Tensor whole = v.take_waiting(0);
  if (whole.defined()) {
    view(whole).add_(v.grad());
  } else {
    whole = full(v.input_shape(0), 0.0, {.dtype = v.input_dtype(0)});
    view(whole).copy_(v.grad());
  }
  v.set(0, std::move(whole));
}
void select_vjp(Vjp& v) {
  args::Select a(v.attrs());
  scatter_vjp(v, [&](const Tensor& whole) { return select(whole, a.dim, a.index); });
}
void slice_vjp(Vjp& v) {
  args::Slice a(v.attrs());
  scatter_vjp(v, [&](const Tensor& whole) {
    return slice(whole, {.dim = a.dim, .start = a.start, .end = a.end, .step = a.step});
  });
}

void expand_vjp(Vjp& v) { v.set(0, sum_to(v.grad(), v.input_shape(0))); }

// The memory that a layout touches, as a flat row: as_strided's gradients are worked out there.
struct FlatRow {
  explicit FlatRow(const Layout& layout)
      : first(layout.first_element()),
        length(layout.end_element() - first),
        tensor(layout.with_offset(layout.offset() - first)) {}
  int64_t first;  // the storage offset of element 0
  int64_t length;
  Layout tensor;  // the layout over the row

  Tensor show(const Tensor& row, const Layout& layout) const {
    return as_strided(row, layout.shape(), layout.strides(), {.storage_offset = layout.offset()});
  }
  Tensor zeros(DType dtype) const { return full(length, 0.0, {.dtype = dtype}); }
  // A row in which `values` stand where the tensor's elements do.
  Tensor filled(const Tensor& values) const {
    Tensor row = zeros(values.dtype());
    show(row, tensor).copy_(values);
    return row;
  }
  // What an as_strided with these attributes shows, as a layout over the row.
  Layout part(const Ints& size, const Ints& stride, int64_t offset) const {
    Layout layout(span_of(size), span_of(stride), offset - first);
    if (layout.numel() == 0) return layout.with_offset(0);
    if (layout.first_element() < 0 || layout.end_element() > length)
      fail(ErrorKind::runtime,
           "[as_strided] has no gradient where the view leaves the elements of its input");
    return layout;
  }
};

void as_strided_vjp(Vjp& v) {
  args::AsStrided a(v.attrs());
  FlatRow flat(v.input_layout(0));
  Layout part = flat.part(a.size, a.stride, a.storage_offset.value_or(v.input_layout(0).offset()));
  Tensor row = flat.zeros(v.grad().dtype());
  if (!part.has_overlap()) {
    flat.show(row, part).copy_(v.grad());
  } else {  // an element seen several times sums its gradients
    Tensor positions = empty(part.shape(), DType::int64);
    int64_t* at = positions.data<int64_t>();
    for_each_offset(part, [&](int64_t where) { *at++ = where; });
    row = index_put(row, {positions}, v.grad(), {.accumulate = true});
  }
  v.set(0, flat.show(row, flat.tensor));
}

void as_strided_scatter_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_defined(call, 1, "src");
  const Tensor& input = call.in[0];
  args::AsStridedScatter a(call.attrs);
  if (!std::equal(a.size.begin(), a.size.end(), call.in[1].shape().begin(), call.in[1].shape().end()))
    fail(ErrorKind::runtime, "[as_strided_scatter] src has shape ", call.in[1].shape(), " and the view ",
         static_cast<const Ints&>(a.size));
  if (!input.is_contiguous())
    fail(ErrorKind::runtime, "[as_strided_scatter] input must be contiguous, but its shape is ",
         input.shape(), " and its strides are ", input.strides(), "; call contiguous() first");
  Layout part = as_strided_layout(input, call.attrs);
  int64_t first = input.storage_offset();
  // the result holds the input's elements and no more of its storage
  if (part.numel() && (part.first_element() < first || part.end_element() > first + input.numel()))
    fail(ErrorKind::runtime, "[as_strided_scatter] the view reaches outside the ", input.numel(),
         " elements of input, which starts at storage offset ", first);
  call.emit(input.shape(), input.dtype());
}

// The written part takes its gradient from there, the rest from input.
void as_strided_scatter_vjp(Vjp& v) {
  args::AsStridedScatter a(v.attrs());
  FlatRow flat(v.input_layout(0));
  Layout part = flat.part(a.size, a.stride, a.storage_offset.value_or(v.input_layout(0).offset()));
  Tensor row = flat.filled(v.grad());
  if (v.needs(1)) v.set(1, clone(flat.show(row, part)));
  if (v.needs(0)) {
    flat.show(row, part).copy_(0.0);
    v.set(0, flat.show(row, flat.tensor));
  }
}

}  // namespace

namespace defs {
const OpDef view = view_def(OpId::view, view_layout, view_vjp);
const OpDef permute = view_def(OpId::permute, permute_layout, permute_vjp);
const OpDef transpose = view_def(OpId::transpose, transpose_layout, transpose_vjp);
const OpDef select = view_def(OpId::select, select_layout, select_vjp);
const OpDef slice = view_def(OpId::slice, slice_layout, slice_vjp);
const OpDef expand = view_def(OpId::expand, expand_layout, expand_vjp);
const OpDef squeeze = view_def(OpId::squeeze, squeeze_layout, view_vjp);
const OpDef unsqueeze = view_def(OpId::unsqueeze, unsqueeze_layout, view_vjp);
const OpDef as_strided = view_def(OpId::as_strided, as_strided_layout, as_strided_vjp);
const OpDef detach = [] {
  OpDef def = view_def(OpId::detach, detach_layout, nullptr);
  def.cuts_history = true;
  return def;
}();
const OpDef as_strided_scatter = [] {
  OpDef def{OpId::as_strided_scatter};
  def.infer = as_strided_scatter_infer;
  def.vjp = as_strided_scatter_vjp;
  def.saves_facts = true;
  return def;
}();
}  // namespace defs

Tensor reshape(const Tensor& input, const IntList& shape) {
  Shape completed = completed_shape(shape, input.numel(), "reshape");
  Strides strides;
  if (strides_for_shape(input.layout(), completed, strides)) return view(input, completed);
  return view(clone(input, {.memory_format = "contiguous"}), completed);
}

Tensor contiguous(const Tensor& input) {
  return input.is_contiguous() ? input : clone(input, {.memory_format = "contiguous"});
}

}  // namespace rushlight
