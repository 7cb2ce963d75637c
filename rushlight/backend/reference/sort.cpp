// Sorting lines, whole or in part, and what is picked by its place in sorted ones. Every order is stable,
// with NaN above all numbers.
#include <algorithm>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/lines.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

template <class T>
bool below(T a, T b) {
  return a < b || (b != b && a == a);
}

// Fills `order` with the positions of a line's elements in order.
template <class T>
void sort_places(const T* line, const Rows& rows, bool descending, std::span<int64_t> order) {
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    T x = line[a * rows.step], y = line[b * rows.step];
    return descending ? below(y, x) : below(x, y);
  });
}

// The first elements of every sorted line, as many as the results hold along dim.
bool first_sorted(const KernelCall& call, int64_t dim, bool descending) {
  const Tensor &input = call.in[0], &values = call.out[0], &indices = call.out[1];
  Rows from(input, dim), to(values, dim);
  Tensor places = empty(from.size, DType::int64);
  std::span<int64_t> order = places.span<int64_t>();
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (size_t row = 0; row < from.starts.size(); ++row) {
      const T* line = static_cast<const T*>(input.storage()->data()) + from.starts[row];
      sort_places(line, from, descending, order);
      for (int64_t i = 0; i < to.size; ++i) {
        int64_t place = order[static_cast<size_t>(i)], target = to.starts[row] + i * to.step;
        static_cast<T*>(values.storage()->data())[target] = line[place * from.step];
        static_cast<int64_t*>(indices.storage()->data())[target] = place;
      }
    }
  });
  return true;
}

// Results, row-major: of each line along dim the element that choose(line, its places in order, step) names.
template <class Choose>
bool pick_along(const KernelCall& call, int64_t dim, Choose choose) {
  const Tensor& input = call.in[0];
  Rows rows(input, dim);
  Tensor places = empty(rows.size, DType::int64);
  std::span<int64_t> order = places.span<int64_t>();
  int64_t* indices = call.out[1].data<int64_t>();
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* values = call.out[0].data<T>();
    for (int64_t start : rows.starts) {
      const T* line = static_cast<const T*>(input.storage()->data()) + start;
      sort_places(line, rows, false, order);
      int64_t place = choose(line, std::span<const int64_t>(order), rows.step);
      *values++ = line[place * rows.step];
      *indices++ = place;
    }
  });
  return true;
}

// How many of the ordered elements are numbers; NaNs follow them.
template <class T>
size_t count_numbers(const T* line, std::span<const int64_t> order, int64_t step) {
  size_t count = order.size();
  auto is_nan = [&](T x) { return x != x; };
  while (count > 0 && is_nan(line[order[count - 1] * step])) --count;
  return count;
}

}  // namespace

bool sort(const KernelCall& call) {
  args::Sort a(call.attrs);
  return first_sorted(call, a.dim, a.descending);
}
bool topk(const KernelCall& call) {
  args::Topk a(call.attrs);
  return first_sorted(call, a.dim, a.largest);
}

bool argsort_rows(const KernelCall& call) {
  const Tensor& input = call.in[0];
  const Layout& layout = input.layout();
  std::span<int64_t> order = call.out[0].span<int64_t>();
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* data = static_cast<const T*>(input.raw_data());
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      for (int64_t column = 0; column < layout.size(1); ++column) {
        T x = data[a * layout.stride(0) + column * layout.stride(1)],
          y = data[b * layout.stride(0) + column * layout.stride(1)];
        if (below(x, y)) return true;
        if (below(y, x)) return false;
      }
      return false;
    });
  });
  return true;
}

// The first NaN, or the lower of the two in the middle.
bool median_dim(const KernelCall& call) {
  return pick_along(call, args::MedianDim(call.attrs).dim,
                    [](auto* line, std::span<const int64_t> order, int64_t step) {
                      size_t numbers = count_numbers(line, order, step);
                      return order[numbers < order.size() ? numbers : (numbers - 1) / 2];
                    });
}
bool nanmedian_dim(const KernelCall& call) {
  return pick_along(call, args::NanmedianDim(call.attrs).dim,
                    [](auto* line, std::span<const int64_t> order, int64_t step) {
                      size_t numbers = count_numbers(line, order, step);
                      return order[numbers ? (numbers - 1) / 2 : 0];
                    });
}
bool kthvalue(const KernelCall& call) {
  args::Kthvalue a(call.attrs);
  return pick_along(call, a.dim, [&](auto*, std::span<const int64_t> order, int64_t) {
    return order[static_cast<size_t>(a.k - 1)];
  });
}

// The longest run of equal elements in order, the first of several, and its last element.
bool mode(const KernelCall& call) {
  return pick_along(call, args::Mode(call.attrs).dim,
                    [](auto* line, std::span<const int64_t> order, int64_t step) {
                      size_t best_end = 0, longest = 0, start = 0;
                      for (size_t i = 0; i < order.size(); ++i) {
                        if (line[order[i] * step] != line[order[start] * step]) start = i;
                        if (i - start + 1 > longest) longest = i - start + 1, best_end = i;
                      }
                      return order[best_end];
                    });
}

}  // namespace rushlight::reference
