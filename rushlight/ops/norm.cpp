// logsumexp and the norms of vectors. Bodies compute halves in float32.
#include <cmath>
#include <limits>

#include "rushlight/ops/reduction_rules.h"

namespace rushlight {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

DType floating_type(const Tensor& t) { return is_floating(t.dtype()) ? t.dtype() : default_dtype(); }

void logsumexp_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Logsumexp a(call.attrs);
  const Tensor& input = call.in[0];
  Ints dims = reduced_dims(a.dim, input.rank(), "logsumexp");
  call.emit(span_of(reduced_shape(input.shape(), dims, a.keepdim)), floating_type(input));
}
void logsumexp_body(OpCall& call) {
  args::Logsumexp a(call.attrs);
  const Tensor& input = call.in[0];
  Tensor x = widened(as_dtype(input, floating_type(input)));
  Ints dims = reduced_dims(a.dim, x.rank(), "logsumexp");
  Tensor shift = 0.0;
  if (count_along(x.shape(), dims) > 0) {
    Tensor largest = amax(x, {.dim = a.dim, .keepdim = true});
    shift = where(abs(largest) == kInfinity, 0.0, largest);
  }
  Tensor total = sum(exp(x - shift), {.dim = a.dim, .keepdim = true});
  Tensor result = reshape(log(total) + shift, span_of(reduced_shape(x.shape(), dims, a.keepdim)));
  call.out.push_back(as_dtype(result, floating_type(input)));
}
void logsumexp_vjp(Vjp& v) {
  args::Logsumexp a(v.attrs());
  Tensor x = widened(v.input(0));
  Ints dims = reduced_dims(a.dim, x.rank(), "logsumexp");
  auto restored = [&](const Tensor& t) { return with_reduced_dims(widened(t), dims, a.keepdim); };
  v.set(0, restored(v.grad()) * exp(x - restored(v.output())));
}

// -- norms

DType norm_type(const Tensor& input, std::optional<DType> wanted) {
  DType dtype = wanted.value_or(input.dtype());
  if (!is_floating(dtype) || promote_types(input.dtype(), dtype) != dtype)
    fail(ErrorKind::runtime,
         "[vector_norm] dtype must be floating point and no narrower than the input, but ", input.dtype(),
         " was to become ", dtype);
  return dtype;
}

void vector_norm_infer(OpCall& call) {
  expect_floating(call, 0, "input");
  args::VectorNorm a(call.attrs);
  const Tensor& input = call.in[0];
  DType dtype = norm_type(input, a.dtype);
  Ints dims = reduced_dims(a.dim, input.rank(), "vector_norm");
  if ((a.ord < 0 || a.ord == kInfinity) && count_along(input.shape(), dims) == 0)
    fail(ErrorKind::runtime, "[vector_norm] the ", a.ord, " norm of nothing has no value: dims ", dims,
         " of shape ", input.shape(), " are empty");
  call.emit(span_of(reduced_shape(input.shape(), dims, a.keepdim)), dtype);
}

Tensor norm_of(const Tensor& x, double ord, const OptionalIntList& dim, bool keepdim) {
  if (ord == kInfinity) return amax(abs(x), {.dim = dim, .keepdim = keepdim});
  if (ord == -kInfinity) return amin(abs(x), {.dim = dim, .keepdim = keepdim});
  auto total = [&](const Tensor& t) { return sum(t, {.dim = dim, .keepdim = keepdim, .dtype = x.dtype()}); };
  if (ord == 0) return total(x != 0);
  if (ord == 1) return total(abs(x));
  if (ord == 2) return sqrt(total(x * x));
  return pow(total(pow(abs(x), ord)), 1 / ord);
}
void vector_norm_body(OpCall& call) {
  args::VectorNorm a(call.attrs);
  DType dtype = norm_type(call.in[0], a.dtype);
  Tensor x = as_dtype(call.in[0], compute_type(dtype));
  call.out.push_back(as_dtype(norm_of(x, a.ord, a.dim, a.keepdim), dtype));
}

// Those elements that are the norm share the gradient.
Tensor extreme_norm_gradient(const Tensor& x, const Tensor& norm, const Tensor& g, const Ints& dims) {
  Tensor chosen = abs(x) == norm;
  Tensor share = g / sum(chosen, {.dim = dims, .keepdim = true});
  return where(chosen & (x != 0), where(x < 0, -share, share), 0.0);
}

// sign(x) |x|^(ord - 1) / norm^(ord - 1), and 0 where x or the norm is.
Tensor power_norm_gradient(const Tensor& x, const Tensor& norm, const Tensor& g, double ord) {
  Tensor zero_norm = norm == 0;
  Tensor divisor = where(zero_norm, 1.0, norm);
  Tensor scaled = ord == 2 ? x * (g / divisor) : [&] {
    Tensor size = abs(where(x == 0, 1.0, x));
    return x * pow(size, ord - 2) * (g / pow(divisor, ord - 1));
  }();
  return where(zero_norm, 0.0, scaled);
}

void vector_norm_vjp(Vjp& v) {
  args::VectorNorm a(v.attrs());
  if (a.ord == 0) return;  // a count has no slope
  Tensor x = as_dtype(v.input(0), compute_type(v.grad().dtype()));
  Ints dims = reduced_dims(a.dim, x.rank(), "vector_norm");
  auto restored = [&](const Tensor& t) { return with_reduced_dims(widened(t), dims, a.keepdim); };
  Tensor norm = restored(v.output()), g = restored(v.grad());
  v.set(0,
        std::isinf(a.ord) ? extreme_norm_gradient(x, norm, g, dims) : power_norm_gradient(x, norm, g, a.ord));
}

OpDef row_norm(OpId id, void (*infer)(OpCall&), void (*body)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = infer;
  def.body = body;
  def.vjp = vjp;
  def.saved_inputs = def.saved_outputs = 1;
  def.saves_facts = true;
  return def;
}

}  // namespace

namespace defs {
const OpDef logsumexp = row_norm(OpId::logsumexp, logsumexp_infer, logsumexp_body, logsumexp_vjp);
const OpDef vector_norm = row_norm(OpId::vector_norm, vector_norm_infer, vector_norm_body, vector_norm_vjp);
}  // namespace defs

Tensor norm(const Tensor& input, const NormOptions& options) {
  return vector_norm(
      input,
      {.ord = options.p.value_or(2), .dim = options.dim, .keepdim = options.keepdim, .dtype = options.dtype});
}

Tensor renorm(const Tensor& input, double p, int64_t dim, double maxnorm) {
  if (!is_floating(input.dtype()))
    fail(ErrorKind::runtime, "[renorm] input must be floating point, but it is ", input.dtype());
  if (!(p > 0)) fail(ErrorKind::runtime, "[renorm] p must be positive, but it is ", p);
  if (!(maxnorm >= 0)) fail(ErrorKind::runtime, "[renorm] maxnorm must not be negative, but it is ", maxnorm);
  if (input.rank() < 2)
    fail(ErrorKind::runtime, "[renorm] input must have at least 2 dimensions, but its shape is ",
         input.shape());
  int kept = wrap_dim(dim, input.rank(), "renorm");
  Ints others;
  for (int d = 0; d < input.rank(); ++d)
    if (d != kept) others.push_back(d);
  Tensor x = widened(input);
  Tensor length = vector_norm(x, {.ord = p, .dim = others, .keepdim = true});
  Tensor scale = where(length > maxnorm, maxnorm / (length + 1e-7), 1.0);
  return as_dtype(x * scale, input.dtype());
}

}  // namespace rushlight
