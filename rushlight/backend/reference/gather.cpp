// Reading and writing at an index tensor that names a place for every element.
#include <algorithm>
#include <limits>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/strided_loop.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// `tensor`'s elements at the positions of index; 0-dimensional tensors count as vectors of size 1.
Layout shown_at(const Tensor& tensor, IntSpan shape) {
  Strides strides = to_ints(tensor.strides());
  if (strides.size() < shape.size()) strides.push_back(0);
  if (strides.size() > shape.size()) strides.clear();
  return Layout(shape, {strides.data(), strides.size()}, tensor.storage_offset());
}

// visit(place in `along` that index names, the element of `beside` at index's own position) for each of them.
template <class T, class Visit>
void each_indexed(const char* op, const Tensor& index, int64_t dim, const Tensor& along, const Tensor& beside,
                  Visit visit) {
  if (index.numel() == 0) return;
  Tensor numbers = empty(index.shape(), DType::int64);
  copy_elements(numbers, index);
  int d = along.rank() ? static_cast<int>(dim < 0 ? dim + along.rank() : dim) : 0;
  int64_t size = along.rank() ? along.layout().size(d) : 1,
          stride = along.rank() ? along.layout().stride(d) : 0;
  Strides strides = to_ints(shown_at(along, index.shape()).strides());
  if (!strides.empty()) strides[static_cast<size_t>(d)] = 0;
  Tensor starts =
      alias(along, Layout(index.shape(), {strides.data(), strides.size()}, along.storage_offset()));
  Tensor others = alias(beside, shown_at(beside, index.shape()));
  StridedLoop<3> loop;
  loop.add(numbers);
  loop.add(starts);
  loop.add(others);
  loop.each_run([&](char* const* at, const int64_t* step, int64_t n) {
    auto* number = reinterpret_cast<const int64_t*>(at[0]);
    auto *place = reinterpret_cast<T*>(at[1]), *other = reinterpret_cast<T*>(at[2]);
    for (int64_t i = 0; i < n; ++i) {
      int64_t k = number[i * step[0]];
      if (k < 0 || k >= size)
        fail(ErrorKind::index, "[", op, "] index ", k, " is out of bounds for dimension ", d, " with size ",
             size);
      visit(place[i * step[1] + k * stride], other[i * step[2]]);
    }
  });
}

enum class Reduce { replace, sum, prod, mean, amax, amin };

Reduce reduce_named(std::string_view name) {
  constexpr std::pair<std::string_view, Reduce> names[] = {
      {"sum", Reduce::sum},   {"add", Reduce::sum},   {"prod", Reduce::prod}, {"multiply", Reduce::prod},
      {"mean", Reduce::mean}, {"amax", Reduce::amax}, {"amin", Reduce::amin}};
  for (auto [known, reduce] : names)
    if (known == name) return reduce;
  return Reduce::replace;
}

template <class T>
T identity_of(Reduce reduce) {
  constexpr bool has_infinity = std::numeric_limits<T>::has_infinity;
  using Limits = std::numeric_limits<T>;
  switch (reduce) {
    case Reduce::prod: return T(1);
    case Reduce::amax: return has_infinity ? static_cast<T>(-Limits::infinity()) : Limits::lowest();
    case Reduce::amin: return has_infinity ? Limits::infinity() : Limits::max();
    default: return T(0);
  }
}

template <class T>
void reduce_into(Reduce reduce, T& to, T value) {
  constexpr bool is_bool = std::is_same_v<T, bool>;
  bool is_nan = value != value;
  switch (reduce) {
    case Reduce::replace: to = value; break;
    case Reduce::sum:
    case Reduce::mean: to = is_bool ? static_cast<T>(to || value) : static_cast<T>(to + value); break;
    case Reduce::prod: to = static_cast<T>(to * value); break;
    case Reduce::amax: to = is_nan || value > to ? value : to; break;
    case Reduce::amin: to = is_nan || value < to ? value : to; break;
  }
}

// Integers round down, as PyTorch's mean does here.
template <class T>
T divided(T total, int64_t count) {
  if constexpr (std::is_same_v<T, bool>) {
    return total;  // refused before: bools have no mean
  } else if constexpr (std::is_unsigned_v<T>) {
    return static_cast<T>(total / static_cast<uint64_t>(count));
  } else if constexpr (std::is_integral_v<T>) {
    auto whole = static_cast<int64_t>(total);
    return static_cast<T>(whole / count - (whole % count < 0));
  } else {
    return static_cast<T>(total / static_cast<T>(count));
  }
}

// How often index names each element of `out`, one more where the element itself counts.
Tensor visits(const char* op, const Tensor& index, int64_t dim, const Tensor& out, bool include_self) {
  Tensor counts = empty(out.shape(), DType::int64);
  copy_elements(counts, include_self ? 1 : 0);
  each_indexed<int64_t>(op, index, dim, counts, counts, [](int64_t& count, int64_t) { ++count; });
  return counts;
}

template <class T>
void scatter_elements(const KernelCall& call, const Tensor& out, const Tensor& src, Reduce reduce,
                      bool include_self) {
  const char* op = name_of(call.id).data();
  const Tensor& index = call.in[1];
  int64_t dim = call.attrs[0].as_int();
  if (!include_self)
    each_indexed<T>(op, index, dim, out, src, [&](T& to, T) { to = identity_of<T>(reduce); });
  each_indexed<T>(op, index, dim, out, src, [&](T& to, T value) { reduce_into<T>(reduce, to, value); });
  if (reduce != Reduce::mean) return;
  Tensor counts = visits(op, index, dim, out, include_self);
  const int64_t* count = counts.data<int64_t>();
  auto* to = static_cast<T*>(out.storage()->data());
  for_each_offset(out.layout(),
                  [&](int64_t at) { to[at] = divided<T>(to[at], std::max<int64_t>(*count++, 1)); });
}

// Halves are put together in float32 and rounded once.
bool scatter_with(const KernelCall& call, const Tensor& src, Reduce reduce, bool include_self = true) {
  const Tensor& out = call.out[0];
  if (is_half(out.dtype())) {
    Tensor wide = row_major_in(DType::float32, call.in[0]);
    scatter_elements<float>(call, wide, row_major_in(DType::float32, src), reduce, include_self);
    copy_elements(out, wide);
    return true;
  }
  if (out.raw_data() != call.in[0].raw_data()) copy_elements(out, call.in[0]);
  visit(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, Half> && !std::is_same_v<T, BFloat16>)
      scatter_elements<T>(call, out, src, reduce, include_self);
  });
  return true;
}

}  // namespace

bool gather(const KernelCall& call) {
  const Tensor &input = call.in[0], &index = call.in[1], &out = call.out[0];
  int64_t dim = args::Gather(call.attrs).dim;
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_indexed<T>("gather", index, dim, input, out, [](const T& from, T& to) { to = from; });
  });
  return true;
}

bool scatter(const KernelCall& call) {
  return scatter_with(call, call.in[2], reduce_named(args::Scatter(call.attrs).reduce.value_or("")));
}
bool scatter_value(const KernelCall& call) {
  args::ScatterValue a(call.attrs);
  Tensor value = empty(call.in[1].shape(), call.in[0].dtype());
  copy_elements(value, a.value);
  return scatter_with(call, value, reduce_named(a.reduce.value_or("")));
}
bool scatter_add(const KernelCall& call) { return scatter_with(call, call.in[2], Reduce::sum); }
bool scatter_reduce(const KernelCall& call) {
  args::ScatterReduce a(call.attrs);
  return scatter_with(call, call.in[2], reduce_named(a.reduce), a.include_self);
}

bool masked_scatter(const KernelCall& call) {
  const Tensor &mask = call.in[1], &out = call.out[0];
  if (out.raw_data() != call.in[0].raw_data()) copy_elements(out, call.in[0]);
  Tensor source = empty(call.in[2].shape(), out.dtype());
  copy_elements(source, call.in[2]);
  StridedLoop<2> loop;
  loop.add(out);
  loop.add(mask);
  visit(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *next = source.data<T>(), *end = next + source.numel();
    loop.each_run([&](char* const* at, const int64_t* step, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        if (!reinterpret_cast<const bool*>(at[1])[i * step[1]]) continue;
        if (next == end)
          fail(ErrorKind::runtime, "[masked_scatter] mask is true at more places than the ", source.numel(),
               " elements of source");
        reinterpret_cast<T*>(at[0])[i * step[0]] = *next++;
      }
    });
  });
  return true;
}

}  // namespace rushlight::reference
