// Sums, products, truth, extremes: any dimensions of any layout and type, brought to one axis of three.
// Places of extremes of 64-bit whole numbers are left to the reference.
#include <algorithm>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

using Flags = SmallVector<bool, 8>;

// The dimensions that go; all of them where none are named.
Flags reduced_dims(const Tensor& input, const OptionalIntList& dims) {
  Flags goes(static_cast<size_t>(input.rank()), !dims || dims->empty());
  if (dims && input.rank())
    for (int64_t dim : *dims) goes[static_cast<size_t>(dim < 0 ? dim + input.rank() : dim)] = true;
  return goes;
}
Flags reduced_dims(const Tensor& input, std::optional<int64_t> dim) {
  return reduced_dims(input, dim ? OptionalIntList(*dim) : OptionalIntList());
}

// Row-major memory of outer x reduced x inner numbers.
struct Axes {
  Tensor x;
  int64_t outer = 1, reduced = 1, inner = 1;
};

// Whether the reduced dimensions, those of size 1 aside, stand together.
bool stand_together(const Layout& layout, const Flags& goes) {
  int changes = 0;
  bool last = false;
  for (int d = 0; d < layout.rank(); ++d) {
    if (layout.size(d) == 1) continue;
    changes += goes[static_cast<size_t>(d)] != last;
    last = goes[static_cast<size_t>(d)];
  }
  return changes <= 2;
}

// The reduced dimensions moved behind the others.
Layout reduced_last(const Layout& layout, const Flags& goes) {
  Shape shape;
  Strides strides;
  for (bool last : {false, true})
    for (int d = 0; d < layout.rank(); ++d)
      if (goes[static_cast<size_t>(d)] == last) {
        shape.push_back(layout.size(d));
        strides.push_back(layout.stride(d));
      }
  return Layout({shape.data(), shape.size()}, {strides.data(), strides.size()}, layout.offset());
}

Axes axes_of(const Tensor& input, const Flags& goes, DType dtype) {
  Axes axes;
  const Layout& layout = input.layout();
  bool in_place = layout.is_contiguous() && stand_together(layout, goes);
  axes.x = row_major_as(in_place ? input : alias(input, reduced_last(layout, goes)), dtype);
  bool behind = false;
  for (int d = 0; d < layout.rank(); ++d) {
    bool reduced = goes[static_cast<size_t>(d)];
    behind |= reduced && layout.size(d) != 1;
    (reduced ? axes.reduced : behind && in_place ? axes.inner : axes.outer) *= layout.size(d);
  }
  return axes;
}

// -- floating numbers, by SIMD

// Where a dimension that goes only repeats its elements: one of them is enough, and counts as often.
struct Repeated {
  Layout once;
  double times = 1;
};
Repeated repeated(const Layout& layout, const Flags& goes) {
  Repeated result;
  Shape shape = to_ints(layout.shape());
  for (int d = 0; d < layout.rank(); ++d)
    if (goes[static_cast<size_t>(d)] && layout.stride(d) == 0) {
      result.times *= static_cast<double>(layout.size(d));
      if (layout.size(d) > 0) shape[static_cast<size_t>(d)] = 1;
    }
  result.once = Layout({shape.data(), shape.size()}, layout.strides(), layout.offset());
  return result;
}

bool fold(const KernelCall& call, const Flags& goes, Reduction kind) {
  const Tensor& out = call.out[0];
  if (out.numel() == 0) return true;  // of no elements there may be very many rows
  DType dtype = compute_type(out.dtype());
  Tensor x = call.in[0];
  double scale = 1;
  if (kind == Reduction::sum && !x.is_contiguous()) {
    Repeated part = repeated(x.layout(), goes);
    x = alias(x, part.once);
    scale = part.times;
  }
  Axes axes = axes_of(x, goes, dtype);
  Tensor result = out.dtype() == dtype && out.is_contiguous() ? out : empty(out.shape(), dtype);
  bool done = with_floating(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    floating_kernels<T>().reduce({.kind = kind,
                                  .outer = axes.outer,
                                  .reduced = axes.reduced,
                                  .inner = axes.inner,
                                  .x = pointer<T>(axes.x),
                                  .y = pointer<T>(result),
                                  .scale = scale});
    return true;
  });
  if (done && !result.is_same(out)) copy_elements(out, result);
  return done;
}

// -- whole numbers and truth, in int64: any order gives the same

enum class Whole : uint8_t { add, multiply, either, both, largest, smallest };

int64_t identity_of(Whole kind) {
  switch (kind) {
    case Whole::multiply:
    case Whole::both: return 1;
    case Whole::largest: return INT64_MIN;
    case Whole::smallest: return INT64_MAX;
    default: return 0;
  }
}

// body(combine), where combine(a, b) folds two numbers.
template <class Body>
void with_combine(Whole kind, Body&& body) {
  switch (kind) {
    case Whole::add:
      return body([](int64_t a, int64_t b) {
        return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
      });
    case Whole::multiply:
      return body([](int64_t a, int64_t b) {
        return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
      });
    case Whole::either: return body([](int64_t a, int64_t b) { return a | b; });
    case Whole::both: return body([](int64_t a, int64_t b) { return a & b; });
    case Whole::largest: return body([](int64_t a, int64_t b) { return a > b ? a : b; });
    case Whole::smallest: return body([](int64_t a, int64_t b) { return a < b ? a : b; });
  }
}

class WholeFold {
 public:
  WholeFold(Whole kind, Axes axes) : kind_(kind), axes_(std::move(axes)) {}

  // int64, outer x inner.
  Tensor run() const {
    int64_t parts = std::clamp<int64_t>(axes_.reduced >> 16, 1, 64),
            size = (axes_.reduced + parts - 1) / parts;
    Tensor partial = empty({parts, axes_.outer, axes_.inner}, DType::int64);
    int64_t* to = pointer<int64_t>(partial);
    with_combine(kind_, [&](auto combine) {
      parallel_for(parts * axes_.outer, [&](int64_t chunk) {
        int64_t part = chunk / axes_.outer, outer = chunk % axes_.outer, first = part * size,
                count = std::clamp<int64_t>(axes_.reduced - first, 0, size);
        fold_part(outer, first, count, to + chunk * axes_.inner, combine);
      });
      int64_t results = axes_.outer * axes_.inner;
      for (int64_t part = 1; part < parts; ++part)
        for (int64_t i = 0; i < results; ++i) to[i] = combine(to[i], to[part * results + i]);
    });
    const int64_t shape[] = {axes_.outer, axes_.inner};
    return alias(partial, Layout(shape));
  }

 private:
  static constexpr int64_t kTile = 512;

  void widen(int64_t* to, int64_t place, int64_t count) const {
    const char* from = static_cast<const char*>(axes_.x.raw_data());
    cast_(to, 1, from + place * static_cast<int64_t>(axes_.x.element_size()), 1, count);
  }

  template <class Combine>
  void fold_part(int64_t outer, int64_t first, int64_t count, int64_t* to, Combine combine) const {
    int64_t tile[kTile], start = (outer * axes_.reduced + first) * axes_.inner;
    std::fill_n(to, axes_.inner, identity_of(kind_));
    if (axes_.inner == 1) {
      int64_t total = *to;
      for (int64_t i = 0; i < count; i += kTile) {
        int64_t n = std::min(kTile, count - i);
        widen(tile, start + i, n);
        for (int64_t k = 0; k < n; ++k) total = combine(total, tile[k]);
      }
      *to = total;
      return;
    }
    for (int64_t r = 0; r < count; ++r)
      for (int64_t j = 0; j < axes_.inner; j += kTile) {
        int64_t n = std::min(kTile, axes_.inner - j);
        widen(tile, start + r * axes_.inner + j, n);
        for (int64_t k = 0; k < n; ++k) to[j + k] = combine(to[j + k], tile[k]);
      }
  }

  Whole kind_;
  Axes axes_;
  CastRun cast_ = cast_run(DType::int64, axes_.x.dtype());
};

void fold_whole(const KernelCall& call, const Flags& goes, Whole kind) {
  if (call.out[0].numel() == 0) return;
  bool truth = kind == Whole::either || kind == Whole::both;
  Axes axes = axes_of(call.in[0], goes, truth ? DType::boolean : call.in[0].dtype());
  Tensor result = WholeFold(kind, std::move(axes)).run();
  copy_elements(call.out[0], alias(result, Layout(call.out[0].shape())));
}

// The type of the result decides what is folded, and how.
bool fold_as(const KernelCall& call, const Flags& goes, Reduction floating, Whole whole, Whole truth) {
  DType dtype = call.out[0].dtype();
  if (is_floating(dtype)) return fold(call, goes, floating);
  fold_whole(call, goes, dtype == DType::boolean ? truth : whole);
  return true;
}

// any and all: no named dimension (dim=()) means that each element stands alone.
bool truth(const KernelCall& call, Whole kind) {
  OptionalIntList dims = args::Any(call.attrs).dim;
  const Tensor& input = call.in[0];
  bool none = dims && dims->empty();
  fold_whole(call, none ? Flags(static_cast<size_t>(input.rank()), false) : reduced_dims(input, dims), kind);
  return true;
}

// -- extremes

// Halves are compared as float32 and whole numbers of up to 32 bits as float64, which holds each of them.
DType compared_type(DType dtype) {
  if (dtype == DType::float64 || (!is_floating(dtype) && size_of(dtype) <= 4)) return DType::float64;
  return is_floating(dtype) ? DType::float32 : dtype;
}

bool find_extremes(const KernelCall& call, const Flags& goes, bool smallest, const Tensor& values,
                   const Tensor& indices) {
  if (call.out[0].numel() == 0) return true;
  DType dtype = compared_type(call.in[0].dtype());
  constexpr int64_t kMostCopied = int64_t{1} << 28;  // not all of the memory for a wider copy
  if (dtype != call.in[0].dtype() && call.in[0].numel() > kMostCopied) return false;
  Axes axes = axes_of(call.in[0], goes, dtype);
  for (const Tensor* out : {&values, &indices})
    if (out->defined() && !out->is_contiguous()) return false;
  Tensor found = !values.defined() || values.dtype() == dtype ? values : empty(values.shape(), dtype);
  bool done = with_floating(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    floating_kernels<T>().extreme({.smallest = smallest,
                                   .outer = axes.outer,
                                   .reduced = axes.reduced,
                                   .inner = axes.inner,
                                   .x = pointer<T>(axes.x),
                                   .value = pointer<T>(found),
                                   .index = pointer<int64_t>(indices)});
    return true;
  });
  if (done && values.defined() && !found.is_same(values)) copy_elements(values, found);
  return done;
}

bool best_along(const KernelCall& call, bool smallest) {
  Flags goes = reduced_dims(call.in[0], std::optional<int64_t>(call.attrs[0].as_int()));
  return find_extremes(call, goes, smallest, call.out[0], call.out[1]);
}
bool best_value(const KernelCall& call, bool smallest) {
  Flags goes = reduced_dims(call.in[0], args::Amax(call.attrs).dim);
  const DType dtype = call.in[0].dtype();
  if (!is_floating(dtype) && dtype != DType::uint64) {  // int64 holds any other
    fold_whole(call, goes, smallest ? Whole::smallest : Whole::largest);
    return true;
  }
  return find_extremes(call, goes, smallest, call.out[0], {});
}
bool best_place(const KernelCall& call, bool smallest) {
  Flags goes = reduced_dims(call.in[0], args::Argmax(call.attrs).dim);
  return find_extremes(call, goes, smallest, {}, call.out[0]);
}

}  // namespace

bool sum(const KernelCall& call) {
  Flags goes = reduced_dims(call.in[0], args::Sum(call.attrs).dim);
  return fold_as(call, goes, Reduction::sum, Whole::add, Whole::either);
}
bool prod(const KernelCall& call) {
  Flags goes = reduced_dims(call.in[0], args::Prod(call.attrs).dim);
  return fold_as(call, goes, Reduction::product, Whole::multiply, Whole::both);
}
bool any(const KernelCall& call) { return truth(call, Whole::either); }
bool all(const KernelCall& call) { return truth(call, Whole::both); }

bool max_dim(const KernelCall& call) { return best_along(call, false) || by_reference(call); }
bool min_dim(const KernelCall& call) { return best_along(call, true) || by_reference(call); }
bool amax(const KernelCall& call) { return best_value(call, false) || by_reference(call); }
bool amin(const KernelCall& call) { return best_value(call, true) || by_reference(call); }
bool argmax(const KernelCall& call) { return best_place(call, false) || by_reference(call); }
bool argmin(const KernelCall& call) { return best_place(call, true) || by_reference(call); }

}  // namespace rushlight::cpu
