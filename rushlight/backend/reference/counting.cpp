// How elements fall into bins, where they stand among sorted ones, and which are not zero.
#include <algorithm>
#include <cmath>

#include "rushlight/backend/map_facts.h"
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/keys.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

struct Range {
  double low, high;
};

// The range that was asked for; min = max asks for that of the elements, and a single value stands in the
// middle of a range of 2.
Range histogram_range(const args::Histc& a, std::span<const double> numbers) {
  Range range{a.min, a.max};
  if (range.low == range.high && !numbers.empty()) {
    range = {HUGE_VAL, -HUGE_VAL};
    for (double x : numbers) {
      if (!std::isfinite(x))
        fail(ErrorKind::runtime, "[histc] the range of the elements is not finite: one is ", x,
             "; say min and max");
      range = {std::min(range.low, x), std::max(range.high, x)};
    }
  }
  if (range.low == range.high) range = {range.low - 1, range.high + 1};
  return range;
}

void expect_places(const Tensor& sorter, int64_t n) {
  for (int64_t place : sorter.span<int64_t>())
    if (place < 0 || place >= n)
      fail(ErrorKind::runtime, "[searchsorted] sorter has the index ", place, ", but sorted_sequence has ", n,
           " elements in a row");
}

// How many elements of a row of n come before x, those equal to it too where `right` says so. A NaN does not
// stop the search on either side.
struct RowSearch {
  int64_t n;
  bool right;
  DType dtype;

  bool stops_at(uint64_t element, uint64_t x) const {
    return !is_nan_key(element, dtype) && !is_nan_key(x, dtype) && (right ? element > x : element >= x);
  }
  int64_t count_before(uint64_t x, const uint64_t* row, const int64_t* sorter) const {
    int64_t low = 0, high = n;
    while (low < high) {
      int64_t middle = low + (high - low) / 2;
      if (stops_at(row[sorter ? sorter[middle] : middle], x))
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }
};

}  // namespace

bool histc(const KernelCall& call) {
  args::Histc a(call.attrs);
  Tensor input = row_major_in(DType::float64, call.in[0]);
  std::span<const double> numbers = input.span<double>();
  Range range = histogram_range(a, numbers);
  Tensor counts = empty(a.bins, DType::float64);
  double* count = counts.data<double>();
  std::fill_n(count, a.bins, 0);
  // A range wider than the largest number: halves of everything, which loses nothing up there.
  double scale = std::isfinite(range.high - range.low) ? 1 : 0.5;
  double low = range.low * scale, width = range.high * scale - low;
  for (double x : numbers) {
    if (!(x >= range.low && x <= range.high)) continue;
    double from_low = x * scale - low, bins = static_cast<double>(a.bins);
    double bin = std::isfinite(from_low * bins) ? from_low * bins / width : from_low / width * bins;
    if (width == 0) bin = 0;  // a single value so large that 1 more is the same
    ++count[std::min(static_cast<int64_t>(bin), a.bins - 1)];
  }
  copy_elements(call.out[0], counts);
  return true;
}

bool searchsorted(const KernelCall& call) {
  args::Searchsorted a(call.attrs);
  DType common = result_type({call.in.data(), 2});
  Tensor sequence = row_major_in(common, call.in[0]), values = row_major_in(common, call.in[1]), sorter;
  RowSearch search{sequence.size(-1), a.right || a.side == "right", common};
  if (call.in[2].defined()) {
    sorter = row_major_in(DType::int64, call.in[2]);
    expect_places(sorter, search.n);
  }
  const int64_t* order = sorter.defined() ? sorter.data<int64_t>() : nullptr;
  std::vector<uint64_t> rows = keys_of(sequence, sequence.layout()), keys = keys_of(values, values.layout());
  int64_t per_row = sequence.rank() > 1 ? values.size(-1) : values.numel();
  Tensor places = empty(values.shape(), DType::int64);
  int64_t* place = places.data<int64_t>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    int64_t start = i / per_row * search.n;
    place[i] = search.count_before(keys[static_cast<size_t>(i)], rows.data() + start,
                                   order ? order + start : nullptr);
  }
  copy_elements(call.out[0], places);
  return true;
}

bool nonzero_positions(const KernelCall& call) {
  Tensor mask = row_major_in(DType::boolean, call.in[0]);
  std::span<const bool> is_true = mask.span<bool>();
  std::span<int64_t> found = call.out[0].span<int64_t>();
  size_t count = 0;
  for (size_t i = 0; i < is_true.size() && count < found.size(); ++i)
    if (is_true[i]) found[count++] = static_cast<int64_t>(i);
  if (count < found.size())
    fail(ErrorKind::value, "[nonzero_positions] count is ", found.size(), ", but input has only ", count,
         " elements that are not zero");
  return true;
}

}  // namespace rushlight::reference
