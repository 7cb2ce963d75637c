// Tensors made of numbers alone: filled, counted up, evenly spaced.
#include <cmath>

#include "rushlight/core/number_fits.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

Tensor filled(const IntList& size, double value, std::optional<DType> dtype) {
  return full(size, value, {.dtype = dtype.value_or(default_dtype())});
}
Tensor filled_like(const Tensor& input, const Tensor& value, std::optional<DType> dtype) {
  return laid_like(input, full(input.shape(), value, {.dtype = dtype.value_or(input.dtype())}));
}

void expect_one_number(const OpCall& call, size_t input, const char* name) {
  expect_defined(call, input, name);
  if (call.in[input].numel() != 1)
    fail(ErrorKind::runtime, "[", call.name(), "] ", name, " must be one number, but its shape is ",
         call.in[input].shape());
}

void sequence_infer(OpCall& call) {
  args::Sequence a(call.attrs);
  expect_one_number(call, 0, "start");
  expect_one_number(call, 1, "step");
  if (a.count < 0) fail(ErrorKind::value, "[sequence] count must not be negative, but it is ", a.count);
  call.emit(Layout(IntSpan(&a.count, 1)), a.dtype);
}

void fill_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_defined(call, 1, "value");
  if (call.in[1].rank() != 0)
    fail(ErrorKind::runtime, "[fill] value must be a number or a 0-dimensional tensor, but its shape is ",
         call.in[1].shape());
  expect_number_fits("fill", call.in[1], call.in[0].dtype());
  call.emit(call.in[0].layout().dense_like(), call.in[0].dtype());
}
void fill_vjp(Vjp& v) {
  if (v.needs(1)) v.set(1, sum(v.grad()));  // nothing of the old values is left
}

void zero_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  call.emit(call.in[0].layout().dense_like(), call.in[0].dtype());
}
void zero_body(OpCall& call) { call.out = {zeros_like(call.in[0])}; }
void zero_vjp(Vjp&) {}

}  // namespace

namespace defs {
const OpDef sequence = [] {
  OpDef def{OpId::sequence};
  def.infer = sequence_infer;
  return def;
}();
const OpDef fill = [] {
  OpDef def{OpId::fill};
  def.infer = fill_infer;
  def.vjp = fill_vjp;
  def.saves_facts = true;
  def.in_place_safe = true;
  return def;
}();
const OpDef zero = [] {
  OpDef def{OpId::zero};
  def.infer = zero_infer;
  def.body = zero_body;
  def.vjp = zero_vjp;
  return def;
}();
}  // namespace defs

Tensor zeros(const IntList& size, const ZerosOptions& options) { return filled(size, 0, options.dtype); }
Tensor ones(const IntList& size, const OnesOptions& options) { return filled(size, 1, options.dtype); }
// Its elements are 0: a replayed or repeated run must not depend on what memory held.
Tensor empty(const IntList& size, const EmptyOptions& options) { return filled(size, 0, options.dtype); }

Tensor zeros_like(const Tensor& input, const ZerosLikeOptions& options) {
  return filled_like(input, 0, options.dtype);
}
Tensor ones_like(const Tensor& input, const OnesLikeOptions& options) {
  return filled_like(input, 1, options.dtype);
}
Tensor empty_like(const Tensor& input, const EmptyLikeOptions& options) {
  return filled_like(input, 0, options.dtype);
}
Tensor full_like(const Tensor& input, const Tensor& fill_value, const FullLikeOptions& options) {
  return filled_like(input, fill_value, options.dtype);
}

Tensor new_zeros(const Tensor& input, const IntList& size, const NewZerosOptions& options) {
  return filled(size, 0, options.dtype.value_or(input.dtype()));
}
Tensor new_ones(const Tensor& input, const IntList& size, const NewOnesOptions& options) {
  return filled(size, 1, options.dtype.value_or(input.dtype()));
}
Tensor new_empty(const Tensor& input, const IntList& size, const NewEmptyOptions& options) {
  return filled(size, 0, options.dtype.value_or(input.dtype()));
}
Tensor new_full(const Tensor& input, const IntList& size, const Tensor& fill_value,
                const NewFullOptions& options) {
  return full(size, fill_value, {.dtype = options.dtype.value_or(input.dtype())});
}

Tensor scalar_tensor(const Tensor& s, const ScalarTensorOptions& options) {
  return full({}, s, {.dtype = options.dtype.value_or(default_dtype())});
}
Tensor type_as(const Tensor& input, const Tensor& other) { return to(input, other.dtype()); }

// -- counting up

namespace {

[[noreturn]] void refuse_range(const Tensor& start, const Tensor& end, const Tensor& step) {
  fail(ErrorKind::runtime, "[arange] no numbers lead from ", start.item<double>(), " to ", end.item<double>(),
       " in steps of ", step.item<double>(),
       ": the step must be finite, not zero, and lead from start towards end");
}

// How many whole steps fit between start and end; exact for all of int64.
int64_t whole_steps(const Tensor& start, const Tensor& end, const Tensor& step) {
  auto first = start.item<int64_t>(), last = end.item<int64_t>(), stride = step.item<int64_t>();
  bool back = stride < 0;
  if (stride == 0 || (first != last && back != (last < first))) refuse_range(start, end, step);
  auto unsign = [](int64_t value) { return static_cast<uint64_t>(value); };
  uint64_t span = back ? unsign(first) - unsign(last) : unsign(last) - unsign(first);
  uint64_t size = back ? 0 - unsign(stride) : unsign(stride);
  return span ? static_cast<int64_t>((span - 1) / size + 1) : 0;
}

int64_t real_steps(const Tensor& start, const Tensor& end, const Tensor& step) {
  double span = end.item<double>() - start.item<double>(), stride = step.item<double>();
  double count = std::ceil(span / stride);
  if (stride == 0 || !(count >= 0) || !std::isfinite(span) || !std::isfinite(stride))
    refuse_range(start, end, step);
  if (count >= 9.2e18)
    fail(ErrorKind::runtime, "[arange] ", count, " numbers are more than a tensor can hold");
  return static_cast<int64_t>(count);
}

}  // namespace

Tensor arange(const Tensor& end, const ArangeOptions& options) {
  return arange(0, end, {.dtype = options.dtype});
}

Tensor arange(const Tensor& start, const Tensor& end, const ArangeFromOptions& options) {
  const Tensor step = options.step.defined() ? options.step : Tensor(1);
  for (const Tensor* number : {&start, &end, &step})
    if (number->numel() != 1)
      fail(ErrorKind::runtime, "[arange] start, end and step must be numbers, but one has shape ",
           number->shape());
  bool real = is_floating(start.dtype()) || is_floating(end.dtype()) || is_floating(step.dtype());
  DType dtype = options.dtype.value_or(real ? default_dtype() : DType::int64);
  bool whole = !real || dtype == DType::int64;
  if (!is_floating(dtype) && step.item<int64_t>() == 0) refuse_range(start, end, step);
  int64_t count = whole ? whole_steps(start, end, step) : real_steps(start, end, step);
  return sequence(start, step, count, dtype);
}

// -- evenly spaced

namespace {

// float64; counted from both ends, so that each of them is met exactly.
Tensor evenly_spaced(const char* op, double start, double end, int64_t steps) {
  if (steps < 0)
    fail(ErrorKind::runtime, "[", op, "] number of steps must be non-negative, but it is ", steps);
  double step = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  if (steps == 1) end = start;
  Tensor at = arange(steps, {.dtype = DType::float64});
  return where(at < steps / 2, start + at * step, end - (static_cast<double>(steps - 1) - at) * step);
}

}  // namespace

Tensor linspace(double start, double end, int64_t steps, const LinspaceOptions& options) {
  DType dtype = options.dtype.value_or(default_dtype());
  if (!is_floating(dtype)) {
    start = std::trunc(start);
    end = std::trunc(end);
    expect_number_fits("linspace", start, dtype);
    expect_number_fits("linspace", end, dtype);
  }
  Tensor numbers = evenly_spaced("linspace", start, end, steps);
  return dtype == DType::float64 ? numbers : to(numbers, dtype);
}

Tensor logspace(double start, double end, int64_t steps, const LogspaceOptions& options) {
  DType dtype = options.dtype.value_or(default_dtype());
  Tensor numbers = pow(options.base, evenly_spaced("logspace", start, end, steps));
  return dtype == DType::float64 ? numbers : to(numbers, dtype);
}

// -- by row and column

Tensor eye(int64_t n, const EyeOptions& options) {
  int64_t m = options.m.value_or(n);
  if (n < 0 || m < 0)
    fail(ErrorKind::runtime, "[eye] n and m must not be negative, but they are ", n, " and ", m);
  return to(unsqueeze(arange(n), 1) == arange(m), options.dtype.value_or(default_dtype()));
}

namespace {

// Columns below `width` that row + offset leaves to the left of the diagonal.
int64_t columns_left(int64_t row, int64_t offset, int64_t width) {
  return std::clamp<int64_t>(row + offset, 0, width);
}
// Their sum over all rows.
int64_t places_left(int64_t rows, int64_t offset, int64_t width) {
  int64_t first = std::clamp<int64_t>(-offset, 0, rows), full = std::clamp<int64_t>(width - offset, 0, rows);
  return (full - first) * (first + offset + full - 1 + offset) / 2 + (rows - full) * width;
}

// Rows and columns of one triangle of a matrix in row-major order: what is left of the diagonal, or the rest.
Tensor triangle(const char* op, int64_t rows, int64_t columns, int64_t offset, bool left, DType dtype) {
  if (rows < 0 || columns < 0)
    fail(ErrorKind::runtime, "[", op, "] row and col must not be negative, but they are ", rows, " and ",
         columns);
  if (columns && rows > INT64_MAX / 4 / columns)
    fail(ErrorKind::value, "[", op, "] a matrix of ", rows, " rows and ", columns,
         " columns has too many places to list");
  if (columns == 0) rows = 0;  // no place in any of them, however many
  offset = std::clamp(offset, -rows, columns);
  int64_t before = places_left(rows, offset, columns), count = left ? before : rows * columns - before;
  Tensor both = empty({2, count}, DType::int64);
  int64_t *row_at = both.data<int64_t>(), *column_at = row_at + count;
  int64_t first = left ? std::clamp<int64_t>(-offset, 0, rows) : 0,
          last = left ? rows : std::min(rows, columns - offset);
  for (int64_t row = first; row < last; ++row) {
    int64_t edge = columns_left(row, offset, columns);
    for (int64_t column = left ? 0 : edge; column < (left ? edge : columns); ++column) {
      *row_at++ = row;
      *column_at++ = column;
    }
  }
  return dtype == DType::int64 ? both : to(both, dtype);
}

int64_t next_offset(int64_t offset) { return offset == INT64_MAX ? offset : offset + 1; }

}  // namespace

Tensor tril_indices(int64_t row, int64_t col, const TrilIndicesOptions& options) {
  return triangle("tril_indices", row, col, next_offset(options.offset), true,
                  options.dtype.value_or(DType::int64));
}
Tensor triu_indices(int64_t row, int64_t col, const TriuIndicesOptions& options) {
  return triangle("triu_indices", row, col, options.offset, false, options.dtype.value_or(DType::int64));
}

}  // namespace rushlight
