// Draws with parameters of their own: normal, random_, multinomial.
#include <limits>

#include "rushlight/ops/random_rules.h"

namespace rushlight {

namespace {

void multinomial_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_key(call, 1);
  args::MultinomialWithKey a(call.attrs);
  const Tensor& input = call.in[0];
  if (!is_floating(input.dtype()))
    fail(ErrorKind::runtime, "[multinomial] input must hold probabilities in floating point, but it is ",
         input.dtype());
  if (input.rank() != 1 && input.rank() != 2)
    fail(ErrorKind::runtime, "[multinomial] input must be a vector or a matrix, but its shape is ",
         input.shape());
  if (a.num_samples < 1)
    fail(ErrorKind::runtime, "[multinomial] num_samples must be at least 1, but it is ", a.num_samples);
  if (input.size(-1) == 0)
    fail(ErrorKind::runtime, "[multinomial] there is nothing to draw from: the shape is ", input.shape());
  if (!a.replacement && a.num_samples > input.size(-1))
    fail(ErrorKind::runtime, "[multinomial] cannot draw ", a.num_samples, " of ", input.size(-1),
         " places without replacement; the shape is ", input.shape());
  Shape shape = to_ints(input.shape());
  shape.back() = a.num_samples;
  checked_numel(span_of(shape), "multinomial");
  call.emit(span_of(shape), DType::int64);
}

}  // namespace

namespace defs {
const OpDef multinomial_with_key = without_gradient(OpId::multinomial_with_key, multinomial_infer);
}  // namespace defs

Tensor multinomial(const Tensor& input, int64_t num_samples, const MultinomialOptions& options) {
  // without replacement every place draws how long it waits; with it every sample draws one place
  Shape draws = to_ints(input.shape());
  if (options.replacement && !draws.empty()) draws.back() = std::max<int64_t>(num_samples, 0);
  Tensor key = key_for("multinomial", span_of(draws), 2, options.generator);
  return multinomial_with_key(detach(input), key, num_samples, options.replacement);
}

// -- normal

namespace {

void expect_deviation(double std) {
  if (!(std >= 0)) fail(ErrorKind::runtime, "[normal] std must not be negative, but it is ", std);
}

// PyTorch's result takes the dtype of mean, and of std where mean is a plain number.
DType normal_type(const Tensor& mean, const Tensor& std) {
  const Tensor& leader = mean.is_weak() ? std : mean;
  if (leader.is_weak())
    fail(ErrorKind::type, "[normal] mean and std are numbers: say the size, normal(mean, std, size)");
  for (const Tensor* t : {&mean, &std})
    if (!t->is_weak() && !is_floating(t->dtype()))
      fail(ErrorKind::runtime, "[normal] ", t == &mean ? "mean" : "std",
           " must be floating point, but it is ", t->dtype());
  return leader.dtype();
}

Tensor normal_around(const Tensor& mean, const Tensor& std, IntSpan size, DType dtype,
                     const OptionalGenerator& generator) {
  return as_dtype(normal_numbers("normal", size, dtype, generator) * std + mean, dtype);
}

}  // namespace

Tensor normal(const Tensor& mean, const Tensor& std, const NormalOptions& options) {
  DType dtype = normal_type(mean, std);
  Shape shape = broadcast_shapes(mean.shape(), std.shape(), "normal");
  if (std.numel()) {
    std.touch_elements("normal");
    expect_deviation(amin(detach(std)).item<double>());
  }
  return normal_around(detach(mean), detach(std), span_of(shape), dtype, options.generator);
}
Tensor normal(const Tensor& mean, const NormalMeanOptions& options) {
  return normal(mean, Tensor(1.0), {.generator = options.generator});
}
Tensor normal(double mean, double std, const IntList& size, const NormalSizedOptions& options) {
  expect_deviation(std);
  DType dtype = options.dtype.value_or(default_dtype());
  return normal_around(mean, std, size, dtype, options.generator);
}
Tensor normal_fill(const Tensor& input, const NormalFillOptions& options) {
  expect_floating_input("normal", input);
  expect_deviation(options.std);
  return normal_around(options.mean, options.std, input.shape(), input.dtype(), options.generator);
}

// -- random_: whole numbers in any dtype

namespace {

int64_t first_whole(DType dtype) {
  return visit(dtype, [&](auto tag) -> int64_t {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>)
      return static_cast<int64_t>(std::numeric_limits<T>::min());
    else
      return -last_whole(dtype);
  });
}

Tensor whole_numbers(const Tensor& input, int64_t from, int64_t to, const OptionalGenerator& generator) {
  DType dtype = input.dtype();
  if (from >= to)
    fail(ErrorKind::runtime, "[random_] expects from < to, but got from ", from, " and to ", to);
  if (from < first_whole(dtype))
    fail(ErrorKind::runtime, "[random_] from ", from, " is below what ", dtype, " holds, ",
         first_whole(dtype));
  if (to - 1 > last_whole(dtype))
    fail(ErrorKind::runtime, "[random_] to - 1 = ", to - 1, " is above what ", dtype, " holds, ",
         last_whole(dtype));
  Tensor key = key_for("random_", input.shape(), 2, generator);
  DType drawn = dtype == DType::boolean ? DType::uint8 : dtype;
  return as_dtype(integers_with_key(key, input.shape(), from, to, drawn), dtype);
}

}  // namespace

Tensor random_fill(const Tensor& input, const RandomFillOptions& options) {
  return whole_numbers(input, 0, last_whole(input.dtype()) + 1, options.generator);
}
Tensor random_fill(const Tensor& input, int64_t to, const RandomFillBelowOptions& options) {
  return whole_numbers(input, 0, to, options.generator);
}
Tensor random_fill(const Tensor& input, int64_t from, std::optional<int64_t> to,
                   const RandomFillBetweenOptions& options) {
  return whole_numbers(input, from, to.value_or(last_whole(input.dtype()) + 1), options.generator);
}

}  // namespace rushlight
