// Means of windows, images in another size, and the gradients of both: every element is a weighted sum along
// the rows and the columns. A gradient is the same with the taps turned round. Of whole numbers they are the
// reference's.
#include <algorithm>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/tap_tables.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

// -- tables of taps

// Two dimensions as one, whose places are numbered row by row.
TapTable product(const TapTable& outer, const TapTable& inner, int64_t inner_extent) {
  TapTable table;
  for (const Taps& a : outer)
    for (const Taps& b : inner) {
      Taps taps{{}, a.count * b.count};
      for (const Tap& x : a.list)
        for (const Tap& y : b.list) taps.list.push_back({x.at * inner_extent + y.at, x.weight * y.weight});
      table.push_back(std::move(taps));
    }
  return table;
}

// What each of `extent` places gives to the positions that tap it, as a share of their means.
TapTable turned_round(const TapTable& table, int64_t extent) {
  TapTable turned(static_cast<size_t>(extent));
  for (size_t i = 0; i < table.size(); ++i)
    for (const Tap& tap : table[i].list)
      turned[static_cast<size_t>(tap.at)].list.push_back(
          {static_cast<int64_t>(i), tap.weight / static_cast<double>(table[i].count)});
  return turned;
}

// All spatial dimensions of an image as rows and columns.
struct Plane {
  TapTable rows{{{{0}}, 1}}, columns;
  int64_t wide_rows = 1, wide_columns = 1;

  // tables(d, extent, count) -> TapTable of spatial dimension d.
  template <class Tables>
  Plane(const Layout& wide, const Layout& narrow, Tables tables) {
    for (int d = 2; d < wide.rank(); ++d) {
      TapTable table = tables(static_cast<size_t>(d - 2), wide.size(d), narrow.size(d));
      for (Taps& taps : table)
        if (taps.list.empty()) taps.count = 1;  // a window that hangs over the end: its mean is 0
      if (d + 1 == wide.rank()) {
        columns = std::move(table);
        wide_columns = wide.size(d);
      } else {
        rows = product(rows, table, wide.size(d));
        wide_rows *= wide.size(d);
      }
    }
  }
  // Sums are divided by this and nothing else.
  void divide_by(int64_t divisor) {
    for (Taps& taps : rows) taps.count = divisor;
    for (Taps& taps : columns) taps.count = 1;
  }
  void turn_round() {
    const auto narrow_rows = static_cast<int64_t>(rows.size()),
               narrow_columns = static_cast<int64_t>(columns.size());
    rows = turned_round(rows, wide_rows);
    columns = turned_round(columns, wide_columns);
    wide_rows = narrow_rows;
    wide_columns = narrow_columns;
  }
};

// -- the same as the kernels read it

template <class T>
class Lists {
 public:
  explicit Lists(const TapTable& table) {
    first_.push_back(0);
    for (const Taps& taps : table) {
      for (const Tap& tap : taps.list) {
        at_.push_back(tap.at);
        weight_.push_back(static_cast<T>(tap.weight));
      }
      divisor_.push_back(static_cast<T>(taps.count));
      first_.push_back(static_cast<int64_t>(at_.size()));
    }
    lists_.positions = static_cast<int64_t>(table.size());
    find_same(table);
    find_stride();
  }
  TapLists<T> get() const {
    TapLists<T> lists = lists_;
    lists.first = first_.data();
    lists.at = at_.data();
    lists.weight = weight_.data();
    lists.divisor = divisor_.data();
    lists.divides = std::any_of(divisor_.begin(), divisor_.end(), [](T divisor) { return divisor != 1; });
    return lists;
  }

 private:
  // The positions around the middle that have as many taps as it.
  void find_same(const TapTable& table) {
    const size_t middle = table.size() / 2, taps = table[middle].list.size();
    size_t begin = middle, end = middle + 1;
    while (begin > 0 && table[begin - 1].list.size() == taps) --begin;
    while (end < table.size() && table[end].list.size() == taps) ++end;
    lists_.begin = static_cast<int64_t>(begin);
    lists_.end = static_cast<int64_t>(end);
    lists_.taps = static_cast<int64_t>(taps);
  }
  void find_stride() {
    if (lists_.taps == 0 || lists_.end - lists_.begin < 2) return;
    const auto start = static_cast<size_t>(first_[static_cast<size_t>(lists_.begin)]);
    const auto taps = static_cast<size_t>(lists_.taps);
    const int64_t base = at_[start], stride = at_[start + taps] - base;
    for (size_t i = start; i < static_cast<size_t>(first_[static_cast<size_t>(lists_.end)]); ++i) {
      const auto k = static_cast<int64_t>((i - start) % taps), j = static_cast<int64_t>((i - start) / taps);
      if (at_[i] != base + j * stride + k || weight_[i] != 1) return;
    }
    lists_.base = base;
    lists_.stride = stride;
  }

  std::vector<int64_t> first_, at_;
  std::vector<T> weight_, divisor_;
  TapLists<T> lists_;
};

// out's planes from x's.
bool weigh(const Tensor& x, const Tensor& out, const Plane& plane) {
  const DType dtype = compute_type(out.dtype());
  Tensor from = row_major_as(x, dtype);
  Tensor to = out.dtype() == dtype && out.is_contiguous() ? out : empty(out.shape(), dtype);
  with_floating(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Lists<T> rows(plane.rows), columns(plane.columns);
    floating_kernels<T>().weigh({x.size(0) * x.size(1), plane.wide_rows, plane.wide_columns, rows.get(),
                                 columns.get(), pointer<T>(from), pointer<T>(to)});
    return true;
  });
  if (!to.is_same(out)) copy_elements(out, to);
  return true;
}

template <class Args>
Plane pool_plane(const Args& a, const Tensor& wide, const Tensor& narrow) {
  Plane plane(wide.layout(), narrow.layout(), [&](size_t d, int64_t extent, int64_t positions) {
    Window window{each(a.kernel_size, d), each(a.stride, d), each(a.padding, d), 1};
    return window_taps(window, extent, positions, a.count_include_pad);
  });
  if (a.divisor_override) plane.divide_by(*a.divisor_override);
  return plane;
}

bool can_weigh(const KernelCall& call) {
  return is_floating(call.out[0].dtype()) && call.out[0].numel() > 0 && call.in[0].numel() > 0;
}

}  // namespace

bool avg_pool(const KernelCall& call) {
  const Tensor &x = call.in[0], &out = call.out[0];
  if (!can_weigh(call)) return by_reference(call);
  return weigh(x, out, pool_plane(args::AvgPool(call.attrs), x, out));
}

bool avg_pool_gradient(const KernelCall& call) {
  const Tensor &grad = call.in[0], &out = call.out[0];
  if (!can_weigh(call)) return by_reference(call);
  Plane plane = pool_plane(args::AvgPoolGradient(call.attrs), out, grad);
  plane.turn_round();
  return weigh(grad, out, plane);
}

namespace {

Plane resize_plane(const Resize& resize, const Tensor& wide, const Tensor& narrow) {
  return Plane(wide.layout(), narrow.layout(),
               [&](size_t d, int64_t extent, int64_t count) { return resize.taps(extent, count, d); });
}

// Each element of out is one of x: rows that repeat are copied.
bool pick(const Tensor& x, const Tensor& out, const Plane& plane) {
  Tensor from = row_major(x), to = out.is_contiguous() ? out : empty(out.shape(), out.dtype());
  const auto rows = static_cast<int64_t>(plane.rows.size()),
             columns = static_cast<int64_t>(plane.columns.size());
  std::vector<int64_t> at;
  for (const Taps& taps : plane.columns) at.push_back(taps.list[0].at);
  auto source_row = [&](int64_t row) { return plane.rows[static_cast<size_t>(row)].list[0].at; };
  visit_size(out.dtype(), [&]<class T>(TypeTag<T>) {
    parallel_for(x.size(0) * x.size(1), [&](int64_t p) {
      const T* image = pointer<T>(from) + p * plane.wide_rows * plane.wide_columns;
      T* y = pointer<T>(to) + p * rows * columns;
      for (int64_t i = 0; i < rows; ++i, y += columns) {
        const T* line = image + source_row(i) * plane.wide_columns;
        if (i > 0 && source_row(i) == source_row(i - 1))
          std::copy_n(y - columns, columns, y);
        else
          for (int64_t j = 0; j < columns; ++j) y[j] = line[at[static_cast<size_t>(j)]];
      }
    });
  });
  if (!to.is_same(out)) copy_elements(out, to);
  return true;
}

}  // namespace

bool resample(const KernelCall& call) {
  const Tensor &x = call.in[0], &out = call.out[0];
  args::Resample a(call.attrs);
  Resize resize{a.mode, a.align_corners, a.antialias, a.scale_factor, x.dtype() == DType::float64};
  if (out.numel() == 0 || x.numel() == 0) return by_reference(call);
  if (resize.picks()) return pick(x, out, resize_plane(resize, x, out));
  return can_weigh(call) ? weigh(x, out, resize_plane(resize, x, out)) : by_reference(call);
}

bool resample_gradient(const KernelCall& call) {
  const Tensor &grad = call.in[0], &out = call.out[0];
  if (!can_weigh(call)) return by_reference(call);
  args::ResampleGradient a(call.attrs);
  Resize resize{a.mode, a.align_corners, a.antialias, a.scale_factor, grad.dtype() == DType::float64};
  Plane plane = resize_plane(resize, out, grad);
  plane.turn_round();
  return weigh(grad, out, plane);
}

}  // namespace rushlight::cpu
