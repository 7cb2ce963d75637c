// Sorting lines: whole ones, or the part that is asked for. Every order is stable, with NaN above all
// numbers.
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

// Positions of a line's elements in order.
template <class T>
std::vector<int64_t> sorted_places(const T* line, const Rows& rows, bool descending) {
  std::vector<int64_t> order(static_cast<size_t>(rows.size));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    T x = line[a * rows.step], y = line[b * rows.step];
    return descending ? below(y, x) : below(x, y);
  });
  return order;
}

// The first elements of every sorted line, as many as the results hold along dim.
bool first_sorted(const KernelCall& call, int64_t dim, bool descending) {
  const Tensor &input = call.in[0], &values = call.out[0], &indices = call.out[1];
  Rows from(input, dim), to(values, dim);
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (size_t row = 0; row < from.starts.size(); ++row) {
      const T* line = static_cast<const T*>(input.storage()->data()) + from.starts[row];
      std::vector<int64_t> order = sorted_places(line, from, descending);
      for (int64_t i = 0; i < to.size; ++i) {
        int64_t place = order[static_cast<size_t>(i)], target = to.starts[row] + i * to.step;
        static_cast<T*>(values.storage()->data())[target] = line[place * from.step];
        static_cast<int64_t*>(indices.storage()->data())[target] = place;
      }
    }
  });
  return true;
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

}  // namespace rushlight::reference
