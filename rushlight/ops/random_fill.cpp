// Random tensors: rand, randn, randint, randperm, bernoulli; noise for layers: dropout's kin, gumbel_softmax.
#include <cmath>

#include "rushlight/core/number_fits.h"
#include "rushlight/ops/random_rules.h"

namespace rushlight {

namespace {

template <class Args>
void floating_infer(OpCall& call) {
  expect_key(call, 0);
  Args a(call.attrs);
  if (!is_floating(a.dtype))
    fail(ErrorKind::runtime, "[", call.name(), "] dtype must be floating point, but it is ", a.dtype);
  checked_numel(a.size, call.name());
  call.emit(a.size, a.dtype);
}

void integers_infer(OpCall& call) {
  expect_key(call, 0);
  args::IntegersWithKey a(call.attrs);
  if (a.low >= a.high)
    fail(ErrorKind::runtime, "[randint] expects low < high, but got ", a.low, " and ", a.high);
  if (a.dtype == DType::boolean)
    fail(ErrorKind::runtime, "[randint] dtype must be a number's, but it is bool");
  checked_numel(a.size, "randint");
  call.emit(a.size, a.dtype);
}

void permutation_infer(OpCall& call) {
  expect_key(call, 0);
  int64_t n = args::PermutationWithKey(call.attrs).n;
  if (n < 0) fail(ErrorKind::runtime, "[randperm] n must be non-negative, but it is ", n);
  call.emit(IntSpan(&n, 1), DType::int64);
}

}  // namespace

namespace defs {
const OpDef uniform_with_key = without_gradient(OpId::uniform_with_key, floating_infer<args::UniformWithKey>);
const OpDef normal_with_key = without_gradient(OpId::normal_with_key, floating_infer<args::NormalWithKey>);
const OpDef integers_with_key = without_gradient(OpId::integers_with_key, integers_infer);
const OpDef permutation_with_key = without_gradient(OpId::permutation_with_key, permutation_infer);
}  // namespace defs

Tensor rand(const IntList& size, const RandOptions& options) {
  return uniform_numbers("rand", size, options.dtype.value_or(default_dtype()), options.generator);
}
Tensor randn(const IntList& size, const RandnOptions& options) {
  return normal_numbers("randn", size, options.dtype.value_or(default_dtype()), options.generator);
}
Tensor rand_like(const Tensor& input, const RandLikeOptions& options) {
  DType dtype = options.dtype.value_or(input.dtype());
  return laid_like(input, uniform_numbers("rand_like", input.shape(), dtype, {}));
}
Tensor randn_like(const Tensor& input, const RandnLikeOptions& options) {
  DType dtype = options.dtype.value_or(input.dtype());
  return laid_like(input, normal_numbers("randn_like", input.shape(), dtype, {}));
}

namespace {

// Unlike a plain number, a bound does not wrap around.
void expect_bound_fits(const char* name, int64_t bound, DType dtype) {
  bool fits = dtype == DType::boolean ? bound >= 0 && bound <= 1
                                      : number_fits(bound, dtype) && (is_signed(dtype) || bound >= 0);
  if (!fits) fail(ErrorKind::runtime, "[randint] ", name, " = ", bound, " does not fit ", dtype);
}

}  // namespace

Tensor randint(int64_t low, int64_t high, const IntList& size, const RandintBetweenOptions& options) {
  DType dtype = options.dtype.value_or(DType::int64);
  if (low < high) {
    expect_bound_fits("low", low, dtype);
    expect_bound_fits("high - 1", high - 1, dtype);
  }
  Tensor key = key_for("randint", size, 2, options.generator);
  DType drawn = dtype == DType::boolean ? DType::uint8 : dtype;
  return as_dtype(integers_with_key(key, size, low, high, drawn), dtype);
}
Tensor randint(int64_t high, const IntList& size, const RandintOptions& options) {
  return randint(0, high, size, {.dtype = options.dtype, .generator = options.generator});
}
Tensor randperm(int64_t n, const RandpermOptions& options) {
  DType dtype = options.dtype.value_or(DType::int64);
  if (n > 0 && n - 1 > last_whole(dtype))
    fail(ErrorKind::runtime, "[randperm] n - 1 = ", n - 1, " is above ", last_whole(dtype), ", up to which ",
         dtype, " holds every whole number");
  Tensor order = permutation_with_key(key_of("randperm", std::max<int64_t>(n, 0), 2, options.generator), n);
  return as_dtype(order, dtype);
}

// -- filled with draws

Tensor uniform(const Tensor& input, const UniformOptions& options) {
  expect_floating_input("uniform", input);
  if (!(options.from <= options.to))
    fail(ErrorKind::runtime, "[uniform] expects from <= to, but got ", options.from, " and ", options.to);
  Tensor numbers = uniform_numbers("uniform", input.shape(), input.dtype(), options.generator);
  return numbers * (options.to - options.from) + options.from;
}

// log of 1 - u, which is never log(0)
Tensor exponential(const Tensor& input, const ExponentialOptions& options) {
  expect_floating_input("exponential", input);
  if (!(options.lambd > 0))
    fail(ErrorKind::runtime, "[exponential] lambd must be positive, but it is ", options.lambd);
  Tensor numbers = uniform_numbers("exponential", input.shape(), no_half(input.dtype()), options.generator);
  return to(log1p(neg(numbers)) / -options.lambd, input.dtype());
}

// Where a ray of random direction from (median, sigma) meets the axis.
Tensor cauchy(const Tensor& input, const CauchyOptions& options) {
  expect_floating_input("cauchy", input);
  if (!(options.sigma > 0))
    fail(ErrorKind::runtime, "[cauchy] sigma must be positive, but it is ", options.sigma);
  Tensor numbers = uniform_numbers("cauchy", input.shape(), no_half(input.dtype()), options.generator);
  constexpr double pi = 3.14159265358979323846;
  return to(tan((numbers - 0.5) * pi) * options.sigma + options.median, input.dtype());
}

Tensor log_normal(const Tensor& input, const LogNormalOptions& options) {
  expect_floating_input("log_normal", input);
  if (!(options.std > 0))
    fail(ErrorKind::runtime, "[log_normal] std must be positive, but it is ", options.std);
  Tensor numbers = normal_numbers("log_normal", input.shape(), no_half(input.dtype()), options.generator);
  return to(exp(numbers * options.std + options.mean), input.dtype());
}

// The first success among throws: log(1 - u) / log(1 - p), rounded up. u is never 1, and a u of 0 counts as
// the first throw.
Tensor geometric(const Tensor& input, double p, const GeometricOptions& options) {
  if (!(p > 0 && p < 1))
    fail(ErrorKind::runtime, "[geometric] p must be between 0 and 1, neither of them included, but it is ",
         p);
  Tensor numbers = uniform_numbers("geometric", input.shape(), DType::float64, options.generator);
  return to(clamp_min(ceil(log1p(neg(numbers)) / std::log1p(-p)), 1), input.dtype());
}

Tensor bernoulli(const Tensor& input, const BernoulliOptions& options) {
  expect_floating_input("bernoulli", input);
  Tensor numbers = uniform_numbers("bernoulli", input.shape(), no_half(input.dtype()), options.generator);
  return to(numbers < detach(input), input.dtype());
}
Tensor bernoulli(const Tensor& input, double p, const BernoulliOfOptions& options) {
  expect_probability("bernoulli", p);
  Tensor numbers = uniform_numbers("bernoulli", input.shape(), DType::float32, options.generator);
  return to(numbers < p, input.dtype());
}

// -- noise for layers

namespace {

// Whole channels are kept or dropped; input is (N, C, ...), or without N where its rank says so.
Tensor channel_dropout(const char* op, const Tensor& input, double p, bool training, int unbatched_rank) {
  expect_probability(op, p);
  expect_floating_input(op, input);
  if (input.rank() < 2)
    fail(ErrorKind::runtime, "[", op, "] input must be (N, C, ...), but its shape is ", input.shape());
  if (!training) return input;
  Shape shape(static_cast<size_t>(input.rank()), 1);
  int kept = input.rank() == unbatched_rank ? 1 : 2;
  for (int d = 0; d < kept; ++d) shape[static_cast<size_t>(d)] = input.size(d);
  return input * dropout(full(span_of(shape), 1.0, {.dtype = input.dtype()}), {.p = p});
}

}  // namespace

Tensor dropout1d(const Tensor& input, const Dropout1dOptions& options) {
  return channel_dropout("dropout1d", input, options.p, options.training, 2);
}
Tensor dropout2d(const Tensor& input, const Dropout2dOptions& options) {
  return channel_dropout("dropout2d", input, options.p, options.training, 0);
}
Tensor dropout3d(const Tensor& input, const Dropout3dOptions& options) {
  return channel_dropout("dropout3d", input, options.p, options.training, 4);
}

// What is dropped becomes selu's lowest value; a scale and a shift restore mean and variance.
Tensor alpha_dropout(const Tensor& input, const AlphaDropoutOptions& options) {
  constexpr double kLowest = -1.7580993408473766;
  expect_probability("alpha_dropout", options.p);
  expect_floating_input("alpha_dropout", input);
  double p = options.p;
  if (!options.training || p == 0) return input;
  if (p == 1) return input * 0.0;
  double scale = 1 / std::sqrt((1 - p) * (1 + p * kLowest * kLowest));
  Tensor kept = uniform_numbers("alpha_dropout", input.shape(), DType::float32, {}) >= p;
  return where(kept, input, kLowest) * scale - scale * kLowest * p;
}

// With hard, the largest becomes 1 and the others 0, and the gradient is that of the soft numbers.
Tensor gumbel_softmax(const Tensor& logits, const GumbelSoftmaxOptions& options) {
  expect_floating_input("gumbel_softmax", logits);
  Tensor noise = to(neg(log(exponential(to(detach(logits), no_half(logits.dtype()))))), logits.dtype());
  Tensor soft = softmax((logits + noise) / options.tau, options.dim);
  if (!options.hard) return soft;
  Tensor winner = argmax(soft, {.dim = options.dim, .keepdim = true});  // of equals one
  return scatter(zeros_like(soft), options.dim, winner, 1.0) - detach(soft) + soft;
}

}  // namespace rushlight
