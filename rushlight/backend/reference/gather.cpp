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

// A run of index: the elements that it names, beside those at its own positions. Steps are in elements.
struct IndexedRun {
  char *along, *beside;
  const int64_t* number;
  int64_t along_step, beside_step, number_step, stride, size;

  template <class T>
  T& named(int64_t i) const {
    return reinterpret_cast<T*>(along)[i * along_step + number[i * number_step] * stride];
  }
  template <class T>
  T& other(int64_t i) const {
    return reinterpret_cast<T*>(beside)[i * beside_step];
  }
};

// visit(IndexedRun) until every element of index has named one of `along`'s in the dimension.
template <class Visit>
void each_indexed(const char* op, const Tensor& index, int64_t dim, const Tensor& along, const Tensor& beside,
                  Visit visit) {
  if (index.numel() == 0) return;
  bool stays = !index.shares_storage(along) && !index.shares_storage(beside);  // whatever is written
  bool as_it_is = stays && index.dtype() == DType::int64 && index.is_contiguous();
  Tensor numbers = as_it_is ? index : row_major_in(DType::int64, index);
  int d = along.rank() ? static_cast<int>(dim < 0 ? dim + along.rank() : dim) : 0;
  int64_t size = along.rank() ? along.layout().size(d) : 1,
          stride = along.rank() ? along.layout().stride(d) : 0;
  for (int64_t k : numbers.span<int64_t>())
    if (k < 0 || k >= size)
      fail(ErrorKind::index, "[", op, "] index ", k, " is out of bounds for dimension ", d, " with size ",
           size);
  Strides strides = to_ints(shown_at(along, index.shape()).strides());
  if (!strides.empty()) strides[static_cast<size_t>(d)] = 0;
  StridedLoop<3> loop;
  Tensor starts =
      alias(along, Layout(index.shape(), {strides.data(), strides.size()}, along.storage_offset()));
  Tensor others = alias(beside, shown_at(beside, index.shape()));
  loop.add(numbers);
  loop.add(starts);
  loop.add(others);
  loop.each_run([&](char* const* at, const int64_t* step, int64_t n) {
    visit(IndexedRun{at[1], at[2], reinterpret_cast<const int64_t*>(at[0]), step[1], step[2], step[0], stride,
                     n});
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

// As numbers whose sums and products of whole ones wrap.
template <class T>
auto wrapping(T value) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<uint64_t>(value);
  else
    return value;
}

template <class T>
void reduce_into(Reduce reduce, T& to, T value) {
  constexpr bool is_bool = std::is_same_v<T, bool>;
  bool is_nan = value != value;
  switch (reduce) {
    case Reduce::replace: to = value; break;
    case Reduce::sum:
    case Reduce::mean:
      to = is_bool ? static_cast<T>(to || value) : static_cast<T>(wrapping(to) + wrapping(value));
      break;
    case Reduce::prod: to = static_cast<T>(wrapping(to) * wrapping(value)); break;
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

template <class T>
void reset_run(const IndexedRun& run, Reduce reduce) {
  for (int64_t i = 0; i < run.size; ++i) run.named<T>(i) = identity_of<T>(reduce);
}
template <class T>
void reduce_run(const IndexedRun& run, Reduce reduce) {
  for (int64_t i = 0; i < run.size; ++i) reduce_into<T>(reduce, run.named<T>(i), run.other<T>(i));
}
template <class T>
void divide_elements(const Tensor& totals, const int64_t* count) {
  auto* total = static_cast<T*>(totals.storage()->data());
  for_each_offset(totals.layout(),
                  [&](int64_t at) { total[at] = divided<T>(total[at], std::max<int64_t>(*count++, 1)); });
}

// What scattering does with elements of one type.
struct ScatterLoops {
  void (*reset)(const IndexedRun&, Reduce);
  void (*reduce)(const IndexedRun&, Reduce);
  void (*divide)(const Tensor& totals, const int64_t* count);
};
ScatterLoops scatter_loops(DType dtype) {
  return visit(dtype, []<class T>(TypeTag<T>) -> ScatterLoops {
    if constexpr (std::is_arithmetic_v<T>)
      return {reset_run<T>, reduce_run<T>, divide_elements<T>};
    else
      return scatter_loops(DType::float32);
  });
}

// How often index names each element of `out`, one more where the element itself counts.
Tensor visits(const char* op, const Tensor& index, int64_t dim, const Tensor& out, bool include_self) {
  Tensor counts = empty(out.shape(), DType::int64);
  copy_elements(counts, include_self ? 1 : 0);
  each_indexed(op, index, dim, counts, counts, [](const IndexedRun& run) {
    for (int64_t i = 0; i < run.size; ++i) ++run.named<int64_t>(i);
  });
  return counts;
}

void scatter_elements(const KernelCall& call, const Tensor& out, const Tensor& src, Reduce reduce,
                      bool include_self) {
  const char* op = name_of(call.id).data();
  const Tensor& index = call.in[1];
  int64_t dim = call.attrs[0].as_int();
  ScatterLoops loops = scatter_loops(out.dtype());
  if (!include_self)
    each_indexed(op, index, dim, out, src, [&](const IndexedRun& run) { loops.reset(run, reduce); });
  each_indexed(op, index, dim, out, src, [&](const IndexedRun& run) { loops.reduce(run, reduce); });
  if (reduce == Reduce::mean) loops.divide(out, visits(op, index, dim, out, include_self).data<int64_t>());
}

// Halves are put together in float32 and rounded once.
bool scatter_with(const KernelCall& call, const Tensor& src, Reduce reduce, bool include_self = true) {
  const Tensor& out = call.out[0];
  if (is_half(out.dtype())) {
    Tensor wide = row_major_in(DType::float32, call.in[0]);
    scatter_elements(call, wide, row_major_in(DType::float32, src), reduce, include_self);
    copy_elements(out, wide);
    return true;
  }
  if (out.raw_data() != call.in[0].raw_data()) copy_elements(out, call.in[0]);
  scatter_elements(call, out, apart(src, out), reduce, include_self);
  return true;
}

}  // namespace

void gather_elements(const Tensor& out, const Tensor& input, int64_t dim, const Tensor& index) {
  each_indexed("gather", index, dim, input, out, [&](const IndexedRun& run) {
    visit_size(input.dtype(), [&]<class T>(TypeTag<T>) {
      for (int64_t i = 0; i < run.size; ++i) run.other<T>(i) = run.named<T>(i);
    });
  });
}

bool gather(const KernelCall& call) {
  gather_elements(call.out[0], call.in[0], args::Gather(call.attrs).dim, call.in[1]);
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
  visit_size(out.dtype(), [&]<class T>(TypeTag<T>) {
    auto *next = static_cast<const T*>(source.raw_data()), *end = next + source.numel();
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
