// How elements fall into bins, where they stand among sorted ones, and which are not zero.
#include <algorithm>
#include <cmath>

#include "rushlight/backend/map_facts.h"
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

struct Range {
  double low, high;
};

// visit(number) for every element of a floating tensor.
template <class Visit>
void each_number(const Tensor& tensor, Visit visit_number) {
  visit(tensor.dtype(), [&](auto tag) {
    auto* data = static_cast<const typename decltype(tag)::type*>(tensor.storage()->data());
    for_each_offset(tensor.layout(), [&](int64_t at) { visit_number(static_cast<double>(data[at])); });
  });
}

// The range that was asked for; min = max asks for that of the elements, and a single value stands in the
// middle of a range of 2.
Range histogram_range(const args::Histc& a, const Tensor& input) {
  Range range{a.min, a.max};
  if (range.low == range.high && input.numel()) {
    range = {HUGE_VAL, -HUGE_VAL};
    each_number(input, [&](double x) {
      if (!std::isfinite(x))
        fail(ErrorKind::runtime, "[histc] the range of the elements is not finite: one is ", x,
             "; say min and max");
      range = {std::min(range.low, x), std::max(range.high, x)};
    });
  }
  if (range.low == range.high) range = {range.low - 1, range.high + 1};
  return range;
}

// How many of the n elements come before x. A NaN does not stop the search on either side.
template <class T, class StopsAt>
int64_t count_before(int64_t n, T x, const T* line, const int64_t* sorter, StopsAt stops) {
  int64_t low = 0, high = n;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    T element = line[sorter ? sorter[middle] : middle];
    if (stops(element, x))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

void expect_places(const Tensor& sorter, int64_t n) {
  for (int64_t place : sorter.span<int64_t>())
    if (place < 0 || place >= n)
      fail(ErrorKind::runtime, "[searchsorted] sorter has the index ", place, ", but sorted_sequence has ", n,
           " elements in a row");
}

template <class T>
void search_rows(const Tensor& sequence, const Tensor& values, const Tensor& sorter, bool right,
                 int64_t* result) {
  int64_t n = sequence.size(-1), per_row = values.numel();
  if (sequence.rank() > 1) per_row = values.size(-1);
  const T* line = sequence.data<T>();
  const int64_t* order = sorter.defined() ? sorter.data<int64_t>() : nullptr;
  int64_t done = 0;
  for (T x : values.span<T>()) {
    if (done && done % per_row == 0) {
      line += n;
      if (order) order += n;
    }
    *result++ = right ? count_before(n, x, line, order, [](T element, T value) { return element > value; })
                      : count_before(n, x, line, order, [](T element, T value) { return element >= value; });
    ++done;
  }
}

}  // namespace

bool histc(const KernelCall& call) {
  args::Histc a(call.attrs);
  const Tensor& input = call.in[0];
  Range range = histogram_range(a, input);
  Tensor counts = empty(a.bins, DType::float64);
  double* count = counts.data<double>();
  std::fill_n(count, a.bins, 0);
  // A range wider than the largest number: halves of everything, which loses nothing up there.
  double scale = std::isfinite(range.high - range.low) ? 1 : 0.5;
  double low = range.low * scale, width = range.high * scale - low;
  each_number(input, [&](double x) {
    if (!(x >= range.low && x <= range.high)) return;
    double from_low = x * scale - low, bins = static_cast<double>(a.bins);
    double bin = std::isfinite(from_low * bins) ? from_low * bins / width : from_low / width * bins;
    if (width == 0) bin = 0;  // a single value so large that 1 more is the same
    ++count[std::min(static_cast<int64_t>(bin), a.bins - 1)];
  });
  copy_elements(call.out[0], counts);
  return true;
}

bool searchsorted(const KernelCall& call) {
  args::Searchsorted a(call.attrs);
  DType common = result_type({call.in.data(), 2});
  Tensor sequence = row_major_in(common, call.in[0]), values = row_major_in(common, call.in[1]), sorter;
  if (call.in[2].defined()) {
    sorter = row_major_in(DType::int64, call.in[2]);
    expect_places(sorter, sequence.size(-1));
  }
  Tensor places = empty(values.shape(), DType::int64);
  visit(common, [&](auto tag) {
    search_rows<typename decltype(tag)::type>(sequence, values, sorter, a.right || a.side == "right",
                                              places.data<int64_t>());
  });
  copy_elements(call.out[0], places);
  return true;
}

bool nonzero_positions(const KernelCall& call) {
  const Tensor& input = call.in[0];
  std::span<int64_t> found = call.out[0].span<int64_t>();
  size_t count = 0;
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* data = static_cast<const T*>(input.storage()->data());
    int64_t position = 0;
    for_each_offset(input.layout(), [&](int64_t at) {
      if (data[at] != T(0) && count < found.size()) found[count++] = position;
      ++position;
    });
  });
  if (count < found.size())
    fail(ErrorKind::value, "[nonzero_positions] count is ", found.size(), ", but input has only ", count,
         " elements that are not zero");
  return true;
}

}  // namespace rushlight::reference
