// Every value once: unique, unique_consecutive, and the Array API's four. Equal neighbours form groups;
// unique sorts first. NaNs differ from each other.
#include "rushlight/ops/nonzero.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

void argsort_rows_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  if (call.in[0].rank() != 2)
    fail(ErrorKind::runtime, "[argsort_rows] input must be a matrix, but its shape is ", call.in[0].shape());
  int64_t rows = call.in[0].size(0);
  call.emit(IntSpan(&rows, 1), DType::int64);
}

// The slices of dimension 0, each as the row of a matrix.
Tensor as_rows(const Tensor& input) {
  int64_t columns = 1;
  for (int d = 1; d < input.rank(); ++d) columns *= input.size(d);
  return reshape(input, {input.size(0), columns});
}

// Slices of dimension 0, in groups.
struct Groups {
  Tensor slices;  // in the order in which equal ones are neighbours
  Tensor order;   // where each was before
  Tensor starts;  // where each group begins
  Tensor number;  // of the group that each slice is in

  Groups(const char* op, const Tensor& input, bool sorts) {
    input.touch_elements(op);
    if (sorts && input.rank() == 1) {
      auto result = sort(input, {.stable = true});
      slices = result.values, order = result.indices;
    } else {
      order = sorts ? argsort_rows(as_rows(input)) : arange(input.size(0));
      slices = sorts ? index_select(input, 0, order) : input;
    }
    find_groups(op);
  }

  int64_t size() const { return slices.size(0); }
  Tensor values() const { return index_select(slices, 0, starts); }
  Tensor first_places() const { return index_select(order, 0, starts); }
  Tensor counts() const { return diff(starts, {.append = full(1, size(), {.dtype = DType::int64})}); }
  Tensor inverse() const { return scatter(zeros(size(), {.dtype = DType::int64}), 0, order, number); }

 private:
  void find_groups(const char* op) {
    Tensor is_first = full(size(), true, {.dtype = DType::boolean});
    if (size() > 1) {
      Tensor changes = narrow(slices, 0, 1, size() - 1) != narrow(slices, 0, 0, size() - 1);
      if (changes.rank() > 1) changes = any(as_rows(changes), {.dim = 1});
      is_first = cat({full(1, true, {.dtype = DType::boolean}), changes});
    }
    starts = flat_nonzero(op, is_first);
    number = cumsum(is_first, 0) - 1;
  }
};

// The input as a row of slices along dim (all elements where there is none).
Tensor slices_of(const char* op, const Tensor& input, std::optional<int64_t> dim) {
  if (!dim) return reshape(input, {input.numel()});
  if (input.rank() == 0)
    fail(ErrorKind::index, "[", op, "] dim is ", *dim, ", but the input has no dimensions; leave it out");
  int along = wrap_dim(*dim, input.rank(), op);
  for (int d = 0; d < input.rank(); ++d)
    if (d != along && input.size(d) == 0)
      fail(ErrorKind::runtime, "[", op, "] slices along dim ", along, " of shape ", input.shape(),
           " have no elements to compare");
  return movedim(input, along, 0);
}

template <class Result, class Options>
Result distinct(const char* op, const Tensor& input, const Options& options, bool sorts) {
  Groups groups(op, slices_of(op, input, options.dim), sorts);
  Result result{groups.values(), {}, {}};
  if (options.dim) result.output = movedim(result.output, 0, wrap_dim(*options.dim, input.rank(), op));
  if (options.return_inverse)
    result.inverse_indices = options.dim ? groups.inverse() : reshape(groups.inverse(), input.shape());
  if (options.return_counts) result.counts = groups.counts();
  return result;
}

Groups sorted_elements(const char* op, const Tensor& input) {
  return Groups(op, reshape(input, {input.numel()}), true);
}

}  // namespace

namespace defs {
const OpDef argsort_rows = without_gradient(OpId::argsort_rows, argsort_rows_infer);
}  // namespace defs

UniqueResult unique(const Tensor& input, const UniqueOptions& options) {
  return distinct<UniqueResult>("unique", input, options, true);
}
UniqueConsecutiveResult unique_consecutive(const Tensor& input, const UniqueConsecutiveOptions& options) {
  return distinct<UniqueConsecutiveResult>("unique_consecutive", input, options, false);
}

UniqueAllResult unique_all(const Tensor& input) {
  Groups groups = sorted_elements("unique_all", input);
  return {groups.values(), groups.first_places(), reshape(groups.inverse(), input.shape()), groups.counts()};
}
UniqueCountsResult unique_counts(const Tensor& input) {
  Groups groups = sorted_elements("unique_counts", input);
  return {groups.values(), groups.counts()};
}
UniqueInverseResult unique_inverse(const Tensor& input) {
  Groups groups = sorted_elements("unique_inverse", input);
  return {groups.values(), reshape(groups.inverse(), input.shape())};
}
Tensor unique_values(const Tensor& input) { return sorted_elements("unique_values", input).values(); }

}  // namespace rushlight
