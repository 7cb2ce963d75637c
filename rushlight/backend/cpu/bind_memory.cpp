// Filling, copying, casting.
#include <algorithm>
#include <cstring>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/strided_loop.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

void copy_same_type(const Tensor& to, const Tensor& from) {
  if (to.numel() == 0) return;
  const Layout &target = to.layout(), &source = from.layout();
  Strides from_strides(static_cast<size_t>(target.rank()), 0);
  int lead = target.rank() - source.rank();
  for (int d = lead; d < target.rank(); ++d)
    if (source.size(d - lead) != 1) from_strides[static_cast<size_t>(d)] = source.stride(d - lead);
  if (to.is_contiguous() &&
      std::all_of(from_strides.begin(), from_strides.end(), [](int64_t step) { return step == 0; })) {
    kernels().fill({to.raw_data(), to.numel(), from.raw_data(), static_cast<int>(to.element_size())});
    return;
  }
  CopyArgs args;
  args.dims = target.rank();
  args.sizes = target.shape().data();
  args.out_strides = target.strides().data();
  args.in_strides = from_strides.data();
  args.out = to.raw_data();
  args.in = from.raw_data();
  args.element_bytes = static_cast<int>(to.element_size());
  kernels().copy(args);
}

namespace {

void cast_elements(const Tensor& to, const Tensor& from) {
  CastRun cast = cast_run(to.dtype(), from.dtype());
  auto out_bytes = static_cast<int64_t>(to.element_size()),
       in_bytes = static_cast<int64_t>(from.element_size());
  StridedLoop<2> loop;
  loop.add(to);
  loop.add(from);
  loop.in_order_of_memory();
  loop.each_plane([&](char* const* at, const int64_t* step, int64_t n, const int64_t* row, int64_t rows) {
    const int64_t cols = std::min(n, kChunk), col_chunks = ceil_div(n, cols);
    const int64_t height = std::max<int64_t>(1, kChunk / cols), row_chunks = ceil_div(rows, height);
    parallel_for(row_chunks * col_chunks, [&](int64_t chunk) {
      const int64_t first = chunk / col_chunks * height, j = chunk % col_chunks * cols;
      for (int64_t i = first; i < std::min(first + height, rows); ++i)
        cast(at[0] + (i * row[0] + j * step[0]) * out_bytes, step[0],
             at[1] + (i * row[1] + j * step[1]) * in_bytes, step[1], std::min(cols, n - j));
    });
  });
}

}  // namespace

void copy_elements(const Tensor& to, const Tensor& from) {
  to.dtype() == from.dtype() ? copy_same_type(to, from) : cast_elements(to, from);
}

Tensor row_major(const Tensor& tensor) {
  if (!tensor.defined() || tensor.is_contiguous()) return tensor;
  Tensor copy = empty(tensor.shape(), tensor.dtype());
  copy_same_type(copy, tensor);
  return copy;
}

Tensor row_major_as(const Tensor& tensor, DType dtype) {
  if (!tensor.defined() || tensor.dtype() == dtype) return row_major(tensor);
  Tensor copy = empty(tensor.shape(), dtype);
  cast_elements(copy, tensor);
  return copy;
}

namespace {

// In the same order of memory; what is repeated (stride 0) stays so.
Tensor in_float32(const Tensor& x) {
  SmallVector<int64_t, 6> sizes, strides;
  const auto repeats = [&x](int d) { return x.layout().stride(d) == 0 && x.size(d) > 0; };
  for (int d = 0; d < x.rank(); ++d) sizes.push_back(repeats(d) ? 1 : x.size(d));
  const Layout once(IntSpan(sizes.data(), sizes.size()), x.strides(), x.layout().offset());
  const Tensor wide = empty_like_layout(once.dense_like(), DType::float32, host_allocator());
  cast_elements(wide, alias(x, once));
  for (int d = 0; d < x.rank(); ++d) strides.push_back(repeats(d) ? 0 : wide.layout().stride(d));
  return alias(wide, Layout(x.shape(), IntSpan(strides.data(), strides.size()), 0));
}

}  // namespace

bool in_float32(const KernelCall& call, Kernel kernel) {
  SmallVector<Tensor, 4> in, out;
  SmallVector<const Tensor*, 4> borrowed;
  const auto half = [](const Tensor& x) { return x.defined() && is_half(x.dtype()); };
  for (size_t i = 0; i < call.in.size(); ++i)
    in.push_back(half(call.in[i]) ? in_float32(call.in[i]) : call.in[i]);
  for (const Tensor& x : in) borrowed.push_back(&x);
  for (const Tensor& y : call.out)
    out.push_back(half(y) ? empty_like_layout(y.layout().with_offset(0), DType::float32, host_allocator())
                          : y);
  if (!kernel({call.id, call.part, {borrowed.data(), borrowed.size()}, {out.data(), out.size()}, call.attrs}))
    return false;
  for (size_t i = 0; i < out.size(); ++i)
    if (half(call.out[i])) copy_elements(call.out[i], out[i]);
  return true;
}

Tensor image_like(const Tensor& image, const Tensor& like) {
  if (like.is_contiguous()) return row_major(image);
  if (image.layout().is_channels_last()) return image;
  Tensor copy = empty_like_layout(Layout::channels_last(image.shape()), image.dtype(), host_allocator());
  copy_same_type(copy, image);
  return copy;
}

namespace {

// Every element of `out` becomes the one number of `value`.
bool fill_with(const Tensor& out, const Tensor& value) {
  alignas(16) unsigned char element[16];
  cast_run(out.dtype(), value.dtype())(element, 1, value.raw_data(), 1, 1);
  if (!out.is_contiguous()) {
    copy_same_type(out, from_blob(element, IntList(), out.dtype()));
    return true;
  }
  FillArgs args;
  args.out = out.raw_data();
  args.count = out.numel();
  args.value = element;
  args.element_bytes = static_cast<int>(out.element_size());
  kernels().fill(args);
  return true;
}

}  // namespace

bool full(const KernelCall& call) { return fill_with(call.out[0], call.in[0]); }
bool fill(const KernelCall& call) { return fill_with(call.out[0], call.in[1]); }

bool copy_first(const KernelCall& call) {
  copy_elements(call.out[0], call.in[0]);
  return true;
}

bool copy(const KernelCall& call) {
  copy_elements(call.out[0], call.in[1]);
  return true;
}

bool as_strided_scatter(const KernelCall& call) {
  const Tensor& out = call.out[0];
  args::AsStridedScatter a(call.attrs);
  copy_elements(out, call.in[0]);
  int64_t start = call.in[0].storage_offset();  // infer made sure that both are rows of the same elements
  int64_t offset = out.storage_offset() + (a.storage_offset ? *a.storage_offset - start : 0);
  copy_elements(alias(out, Layout(a.size, a.stride, offset)), call.in[1]);
  return true;
}

namespace {

// Of each row one side of the diagonal is copied, the other becomes zeros.
bool triangle(const KernelCall& call, int64_t diagonal, bool lower) {
  const Tensor& out = call.out[0];
  if (out.numel() == 0) return true;
  if (!out.is_contiguous()) return false;
  Tensor x = row_major(call.in[0]);
  const int64_t columns = out.shape().back(), rows = out.size(out.rank() - 2), all = out.numel() / columns;
  const int64_t first = std::clamp(diagonal, -rows, columns) + lower,
                height = std::max(kChunk / columns, int64_t{1});
  const auto element = static_cast<int64_t>(out.element_size());
  parallel_for(ceil_div(all, height), [&](int64_t chunk) {
    for (int64_t i = chunk * height; i < std::min(all, (chunk + 1) * height); ++i) {
      const int64_t row = i * columns * element,
                    left = std::clamp(i % rows + first, int64_t{0}, columns) * element,
                    right = columns * element - left;
      char* to = static_cast<char*>(out.raw_data()) + row;
      const char* from = static_cast<const char*>(x.raw_data()) + row;
      std::memmove(lower ? to : to + left, lower ? from : from + left,
                   static_cast<size_t>(lower ? left : right));
      std::memset(lower ? to + left : to, 0, static_cast<size_t>(lower ? right : left));
    }
  });
  return true;
}

}  // namespace

bool tril(const KernelCall& call) { return triangle(call, args::Tril(call.attrs).diagonal, true); }
bool triu(const KernelCall& call) { return triangle(call, args::Triu(call.attrs).diagonal, false); }

}  // namespace rushlight::cpu
