// Sorting lines, whole or in part, and what is picked by its place in sorted ones. Every order is stable,
// with NaN above all numbers.
#include <algorithm>
#include <numeric>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/keys.h"
#include "rushlight/backend/reference/lines.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

struct SortedLine {
  SortedLine(const Tensor& input, const Rows& rows, int64_t start, bool descending = false)
      : keys(keys_of(input, Layout({&rows.size, 1}, {&rows.step, 1}, start))), order(keys.size()) {
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      if (keys[a] == keys[b]) return a < b;
      return descending ? keys[b] < keys[a] : keys[a] < keys[b];
    });
    while (numbers > 0 && is_nan_key((*this)[numbers - 1], input.dtype())) --numbers;
  }
  uint64_t operator[](size_t i) const { return keys[order[i]]; }  // in order

  std::vector<uint64_t> keys;
  std::vector<size_t> order;     // the places of the elements
  size_t numbers = keys.size();  // how many are no NaN; of an ascending line
};

// The first elements of every sorted line, as many as the results hold along dim.
bool first_sorted(const KernelCall& call, int64_t dim, bool descending) {
  const Tensor &input = call.in[0], &indices = call.out[1];
  Rows from(input, dim), to(indices, dim);
  auto* index = static_cast<int64_t*>(indices.storage()->data());
  for (size_t row = 0; row < from.starts.size(); ++row) {
    SortedLine line(input, from, from.starts[row], descending);
    for (int64_t i = 0; i < to.size; ++i)
      index[to.starts[row] + i * to.step] = static_cast<int64_t>(line.order[static_cast<size_t>(i)]);
  }
  gather_elements(call.out[0], input, dim, indices);
  return true;
}

// Results, row-major: of each line along dim the element that choose(line) names by its rank in it.
template <class Choose>
bool pick_along(const KernelCall& call, int64_t dim, Choose choose) {
  const Tensor& input = call.in[0];
  Rows rows(input, dim);
  int64_t* index = call.out[1].data<int64_t>();
  std::vector<int64_t> places;
  for (int64_t start : rows.starts) {
    SortedLine line(input, rows, start);
    *index = static_cast<int64_t>(line.order[choose(line)]);
    places.push_back(start + *index++ * rows.step);
  }
  pick_elements(call.out[0], input, places);
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

bool argsort_rows(const KernelCall& call) {
  const Tensor& input = call.in[0];
  std::vector<uint64_t> keys = keys_of(input, input.layout());
  int64_t columns = input.layout().size(1);
  std::span<int64_t> order = call.out[0].span<int64_t>();
  std::iota(order.begin(), order.end(), int64_t{0});
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    auto x = keys.begin() + a * columns, y = keys.begin() + b * columns;
    auto [differing, other] = std::mismatch(x, x + columns, y);
    return differing == x + columns ? a < b : *differing < *other;
  });
  return true;
}

// The first NaN, or the lower of the two in the middle.
bool median_dim(const KernelCall& call) {
  return pick_along(call, args::MedianDim(call.attrs).dim, [](const SortedLine& line) {
    return line.numbers < line.keys.size() ? line.numbers : (line.numbers - 1) / 2;
  });
}
bool nanmedian_dim(const KernelCall& call) {
  return pick_along(call, args::NanmedianDim(call.attrs).dim,
                    [](const SortedLine& line) { return line.numbers ? (line.numbers - 1) / 2 : 0; });
}
bool kthvalue(const KernelCall& call) {
  args::Kthvalue a(call.attrs);
  return pick_along(call, a.dim, [&](const SortedLine&) { return static_cast<size_t>(a.k - 1); });
}

// The longest run of equal elements in order, the first of several, and its last element. A NaN equals none.
bool mode(const KernelCall& call) {
  return pick_along(call, args::Mode(call.attrs).dim, [](const SortedLine& line) {
    size_t best_end = 0, longest = 0, start = 0;
    for (size_t i = 0; i < line.keys.size(); ++i) {
      if (line[i] != line[start] || i >= line.numbers) start = i;
      if (i - start + 1 > longest) longest = i - start + 1, best_end = i;
    }
    return best_end;
  });
}

}  // namespace rushlight::reference
