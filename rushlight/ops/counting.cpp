// How often values occur, and where they stand in sorted ones: histc, bincount, searchsorted, bucketize,
// isin.
#include <cmath>
#include <limits>

#include "rushlight/backend/map_facts.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

void histc_infer(OpCall& call) {
  expect_floating(call, 0, "input");
  args::Histc a(call.attrs);
  if (a.bins < 1) fail(ErrorKind::runtime, "[histc] bins must be at least 1, but it is ", a.bins);
  if (!std::isfinite(a.min) || !std::isfinite(a.max))
    fail(ErrorKind::runtime, "[histc] the range from min ", a.min, " to max ", a.max, " is not finite");
  if (a.min > a.max)
    fail(ErrorKind::runtime, "[histc] max must not be below min, but min is ", a.min, " and max ", a.max);
  call.emit(IntSpan(&a.bins, 1), call.in[0].dtype());
}

// -- searchsorted

bool same_rows(const Tensor& sequence, const Tensor& input) {
  if (sequence.rank() != input.rank()) return false;
  for (int d = 0; d + 1 < sequence.rank(); ++d)
    if (sequence.size(d) != input.size(d)) return false;
  return true;
}

void expect_sorter(const Tensor& sorter, const Tensor& sequence) {
  if (sorter.dtype() != DType::int64)
    fail(ErrorKind::runtime, "[searchsorted] sorter must be int64, but it is ", sorter.dtype());
  if (!sorter.layout().same_shape(sequence.layout()))
    fail(ErrorKind::runtime, "[searchsorted] sorter must have the shape of sorted_sequence, ",
         sequence.shape(), ", but it is ", sorter.shape());
}

void searchsorted_infer(OpCall& call) {
  expect_defined(call, 0, "sorted_sequence");
  expect_defined(call, 1, "input");
  args::Searchsorted a(call.attrs);
  const Tensor &sequence = call.in[0], &input = call.in[1];
  if (sequence.rank() == 0)
    fail(ErrorKind::runtime, "[searchsorted] sorted_sequence needs at least 1 dimension, but has none");
  if (sequence.rank() > 1 && !same_rows(sequence, input))
    fail(ErrorKind::runtime,
         "[searchsorted] sorted_sequence must be a vector, or have the rows of input: ", "the shapes are ",
         sequence.shape(), " and ", input.shape());
  if (a.side && *a.side != "left" && *a.side != "right")
    fail(ErrorKind::runtime, "[searchsorted] side must be \"left\" or \"right\", not \"", *a.side, "\"");
  if (a.right && a.side && *a.side == "left")
    fail(ErrorKind::runtime, "[searchsorted] right=True and side=\"left\" contradict each other");
  if (a.out_int32 && sequence.size(-1) > std::numeric_limits<int32_t>::max())
    fail(ErrorKind::runtime, "[searchsorted] places among ", sequence.size(-1),
         " elements do not fit into int32; leave out out_int32");
  if (call.in[2].defined()) expect_sorter(call.in[2], sequence);
  call.emit(input.shape(), a.out_int32 ? DType::int32 : DType::int64);
}

}  // namespace

namespace defs {
const OpDef histc = without_gradient(OpId::histc, histc_infer);
const OpDef searchsorted = without_gradient(OpId::searchsorted, searchsorted_infer);
}  // namespace defs

Tensor bucketize(const Tensor& input, const Tensor& boundaries, const BucketizeOptions& options) {
  if (boundaries.rank() != 1)
    fail(ErrorKind::runtime, "[bucketize] boundaries must be a vector, but its shape is ",
         boundaries.shape());
  return searchsorted(boundaries, input, {.out_int32 = options.out_int32, .right = options.right});
}

Tensor isin(const Tensor& elements, const Tensor& test_elements, const IsinOptions& options) {
  Tensor sorted = sort(reshape(test_elements, {test_elements.numel()})).values;
  // NaN equals nothing, and a search would stumble over it: the least of the others stands in for it
  if (is_floating(sorted.dtype()) && sorted.numel())
    sorted = sort(where(isnan(sorted), narrow(sorted, 0, 0, 1), sorted)).values;
  Tensor found = full(elements.shape(), false, {.dtype = DType::boolean});
  if (sorted.numel()) {
    Tensor places = clamp_max(searchsorted(sorted, elements), sorted.numel() - 1);
    found = take(sorted, places) == elements;
  }
  return options.invert ? logical_not(found) : found;
}

// -- bincount

namespace {

// How many bins there must be for the largest number; throws for a negative one.
int64_t bins_for(const Tensor& input) {
  input.touch_elements("bincount");
  if (input.numel() == 0) return 0;
  auto [lowest, largest] = aminmax(input);
  if (lowest.item<int64_t>() < 0)
    fail(ErrorKind::runtime, "[bincount] input must have no negative numbers, but one is ",
         lowest.item<int64_t>());
  int64_t bins = largest.item<int64_t>();
  if (__builtin_add_overflow(bins, 1, &bins))
    fail(ErrorKind::runtime, "[bincount] a bin for ", largest.item<int64_t>(), " would be too many bins");
  return bins;
}

}  // namespace

Tensor bincount(const Tensor& input, const BincountOptions& options) {
  if (!is_integral(input.dtype()) || input.dtype() == DType::uint64)
    fail(ErrorKind::runtime, "[bincount] input must hold integers that fit into int64, but it is ",
         input.dtype());
  if (input.rank() != 1)
    fail(ErrorKind::runtime, "[bincount] input must be a vector, but its shape is ", input.shape());
  if (options.minlength < 0)
    fail(ErrorKind::runtime, "[bincount] minlength must not be negative, but it is ", options.minlength);
  const Tensor& weights = options.weights;
  if (weights.defined() && !weights.layout().same_shape(input.layout()))
    fail(ErrorKind::runtime, "[bincount] weights must have the shape of input, ", input.shape(),
         ", but it is ", weights.shape());
  Tensor places = to(input, DType::int64);
  int64_t bins = std::max(bins_for(places), options.minlength);
  if (!weights.defined() || input.numel() == 0)
    return index_add(zeros(bins, {.dtype = DType::int64}), 0, places, ones_like(places));
  Tensor amounts = weights;
  if (amounts.dtype() != DType::float32) amounts = to(amounts, DType::float64);
  return index_add(zeros(bins, {.dtype = amounts.dtype()}), 0, places, amounts);
}

}  // namespace rushlight
