// Sorting along a dimension, and what is picked by its place in sorted ones: lines that do not lie side by
// side are copied until they do.
#include <algorithm>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/cpu/sorting.h"
#include "rushlight/backend/map_facts.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

// `tensor` with dimension dim as its last.
Tensor with_last(const Tensor& tensor, int64_t dim) {
  auto d = static_cast<size_t>(dim < 0 ? dim + tensor.rank() : dim);
  Shape shape = to_ints(tensor.shape());
  Strides strides = to_ints(tensor.strides());
  std::rotate(shape.begin() + d, shape.begin() + d + 1, shape.end());
  std::rotate(strides.begin() + d, strides.begin() + d + 1, strides.end());
  return alias(tensor, Layout({shape.data(), shape.size()}, {strides.data(), strides.size()},
                              tensor.storage_offset()));
}

// The lines of the input along dim, side by side.
struct Lines {
  Lines(const Tensor& input, int64_t dim) : x(row_major(with_last(input, dim))) {
    rows = {x.dtype(), x.raw_data(), x.numel() / x.shape().back(), x.shape().back()};
  }
  Tensor x;
  RowsToSort rows;
};

bool can_sort(const Tensor& input, int64_t dim) {
  return input.rank() > 0 && input.numel() > 0 && input.size(dim) < int64_t{1} << 32;
}

using SortRows = void (*)(const RowsToSort&, bool descending, int64_t kept, void* values, int64_t* places);

bool first_sorted(const KernelCall& call, int64_t dim, bool descending, SortRows sort) {
  const Tensor &values = call.out[0], &places = call.out[1];
  if (!can_sort(call.in[0], dim) || values.numel() == 0) return by_reference(call);
  Lines lines(call.in[0], dim);
  Tensor to = with_last(values, dim), at = with_last(places, dim);
  const bool direct = to.is_contiguous() && at.is_contiguous();
  Tensor made = direct ? to : empty(to.shape(), to.dtype()),
         found = direct ? at : empty(to.shape(), DType::int64);
  sort(lines.rows, descending, to.shape().back(), made.raw_data(), pointer<int64_t>(found));
  if (!direct) {
    copy_elements(to, made);
    copy_elements(at, found);
  }
  return true;
}

bool pick_along(const KernelCall& call, int64_t dim, Rank rank, int64_t given = 0) {
  const Tensor &values = call.out[0], &places = call.out[1];
  if (!can_sort(call.in[0], dim) || !values.is_contiguous() || !places.is_contiguous())
    return by_reference(call);
  Lines lines(call.in[0], dim);
  pick_from_rows(lines.rows, rank, given, values.raw_data(), pointer<int64_t>(places));
  return true;
}

}  // namespace

bool sort(const KernelCall& call) {
  args::Sort a(call.attrs);
  return first_sorted(call, a.dim, a.descending, sort_rows);
}
bool topk(const KernelCall& call) {
  args::Topk a(call.attrs);
  return first_sorted(call, a.dim, a.largest, first_of_rows);
}

bool median_dim(const KernelCall& call) {
  return pick_along(call, args::MedianDim(call.attrs).dim, Rank::median);
}
bool nanmedian_dim(const KernelCall& call) {
  return pick_along(call, args::NanmedianDim(call.attrs).dim, Rank::number_median);
}
bool kthvalue(const KernelCall& call) {
  args::Kthvalue a(call.attrs);
  return pick_along(call, a.dim, Rank::given, a.k - 1);
}

// -- searchsorted

namespace {

// How many elements of a sorted row come before x, those equal to it too where `right` says so. A NaN does
// not stop the search on either side.
template <class T>
int64_t count_before(T x, const T* row, int64_t n, bool right) {
  int64_t low = 0;
  while (n > 0) {
    const int64_t half = n / 2;
    const T element = row[low + half];
    const bool stops = right ? element > x : element >= x;
    low += stops ? 0 : half + 1;
    n = stops ? half : n - half - 1;
  }
  return low;
}

// The type in which elements are compared; uint64, and numbers that are sorted by a list of places, are left
// to the reference.
DType compared_in(DType dtype) { return is_floating(dtype) ? compute_type(dtype) : DType::int64; }

}  // namespace

bool searchsorted(const KernelCall& call) {
  args::Searchsorted a(call.attrs);
  const DType common = result_type({call.in.data(), 2}), dtype = compared_in(common);
  const Tensor& out = call.out[0];
  if (call.in[2].defined() || common == DType::uint64) return by_reference(call);
  auto in_common = [&](const Tensor& x) { return row_major_as(row_major_as(x, common), dtype); };
  Tensor sequence = in_common(call.in[0]), values = in_common(call.in[1]);
  Tensor places =
      out.dtype() == DType::int64 && out.is_contiguous() ? out : empty(values.shape(), DType::int64);
  const int64_t n = sequence.size(-1), per_row = sequence.rank() > 1 ? values.size(-1) : values.numel();
  const bool right = a.right || a.side == "right";
  int64_t* place = pointer<int64_t>(places);
  auto search = [&]<class T>(TypeTag<T>) {
    const T *rows = pointer<T>(sequence), *x = pointer<T>(values);
    constexpr int64_t kSearches = 1 << 10;
    parallel_for(ceil_div(values.numel(), kSearches), [&](int64_t chunk) {
      for (int64_t i = chunk * kSearches; i < std::min(values.numel(), (chunk + 1) * kSearches); ++i)
        place[i] = count_before(x[i], rows + i / per_row * n, n, right);
    });
  };
  dtype == DType::int64     ? search(TypeTag<int64_t>{})
  : dtype == DType::float32 ? search(TypeTag<float>{})
                            : search(TypeTag<double>{});
  if (!places.is_same(out)) copy_elements(out, places);
  return true;
}

}  // namespace rushlight::cpu
