// Mean, variance and deviation. Each makes one node; bodies compute halves in float32.
#include "rushlight/ops/reduction_rules.h"

namespace rushlight {

namespace {

DType mean_type(const Tensor& input, std::optional<DType> wanted) {
  DType dtype = wanted.value_or(input.dtype());
  if (!is_floating(dtype))
    fail(ErrorKind::runtime,
         "[mean] could not infer output dtype: ", wanted ? "the dtype asked for" : "the input",
         " must be floating point, but it is ", dtype, "; ask for another with dtype=float32");
  return dtype;
}

void mean_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Mean a(call.attrs);
  const Tensor& input = call.in[0];
  DType dtype = mean_type(input, a.dtype);
  call.emit(span_of(reduced_shape(input.shape(), reduced_dims(a.dim, input.rank(), "mean"), a.keepdim)),
            dtype);
}
void mean_body(OpCall& call) {
  args::Mean a(call.attrs);
  const Tensor& input = call.in[0];
  DType dtype = mean_type(input, a.dtype);
  auto count = static_cast<double>(count_along(input.shape(), reduced_dims(a.dim, input.rank(), "mean")));
  Tensor total = sum(input, {.dim = a.dim, .keepdim = a.keepdim, .dtype = compute_type(dtype)});
  call.out.push_back(as_dtype(total / count, dtype));
}
void mean_vjp(Vjp& v) {
  args::Mean a(v.attrs());
  IntSpan shape = v.input_shape(0);
  Ints dims = reduced_dims(a.dim, static_cast<int>(shape.size()), "mean");
  Tensor share = v.grad() / static_cast<double>(count_along(shape, dims));
  v.set(0, expand(with_reduced_dims(share, dims, a.keepdim), shape));
}

// -- variance and deviation: the same call, the one is the root of the other

double correction_of(const args::Var& a) {
  if (a.unbiased) return *a.unbiased ? 1 : 0;
  return a.correction.value_or(1);
}

// The squares' sum is divided by the count less the correction, or by 0 where that is negative.
double divisor(const args::Var& a, IntSpan shape, const Ints& dims) {
  return std::max(0.0, static_cast<double>(count_along(shape, dims)) - correction_of(a));
}

void var_infer(OpCall& call) {
  expect_floating(call, 0, "input");
  args::Var a(call.attrs);
  if (a.unbiased && a.correction != 1.0)
    fail(ErrorKind::type, "[", call.name(),
         "] takes unbiased or correction, not both; unbiased=False is correction=0");
  const Tensor& input = call.in[0];
  Ints dims = reduced_dims(a.dim, input.rank(), call.name());
  call.emit(span_of(reduced_shape(input.shape(), dims, a.keepdim)), input.dtype());
}

Tensor variance(const OpCall& call) {
  args::Var a(call.attrs);
  Tensor x = widened(call.in[0]);
  Ints dims = reduced_dims(a.dim, x.rank(), call.name());
  Tensor centred = x - mean(x, {.dim = a.dim, .keepdim = true});
  return sum(centred * centred, {.dim = a.dim, .keepdim = a.keepdim}) / divisor(a, x.shape(), dims);
}
void var_body(OpCall& call) { call.out.push_back(as_dtype(variance(call), call.in[0].dtype())); }
void std_body(OpCall& call) { call.out.push_back(as_dtype(sqrt(variance(call)), call.in[0].dtype())); }

// The gradient of the input from that of the variance.
Tensor through_variance(const Vjp& v, const Tensor& gradient) {
  args::Var a(v.attrs());
  Tensor x = widened(v.input(0));
  Ints dims = reduced_dims(a.dim, x.rank(), "var");
  Tensor g = with_reduced_dims(gradient, dims, a.keepdim);
  return g * (2 / divisor(a, x.shape(), dims)) * (x - mean(x, {.dim = a.dim, .keepdim = true}));
}
void var_vjp(Vjp& v) { v.set(0, through_variance(v, widened(v.grad()))); }
// Where the deviation is 0 so is the gradient.
void std_vjp(Vjp& v) {
  Tensor deviation = widened(v.output()), g = widened(v.grad());
  Tensor flat = deviation == 0;
  v.set(0, through_variance(v, where(flat, 0.0, g / (where(flat, 1.0, deviation) * 2))));
}

OpDef moment(OpId id, void (*infer)(OpCall&), void (*body)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = infer;
  def.body = body;
  def.vjp = vjp;
  def.saves_facts = true;
  return def;
}

}  // namespace

namespace defs {
const OpDef mean = moment(OpId::mean, mean_infer, mean_body, mean_vjp);
const OpDef var = [] {
  OpDef def = moment(OpId::var, var_infer, var_body, var_vjp);
  def.saved_inputs = 1;
  return def;
}();
const OpDef std = [] {
  OpDef def = moment(OpId::std, var_infer, std_body, std_vjp);
  def.saved_inputs = def.saved_outputs = 1;
  return def;
}();
}  // namespace defs

VarMeanResult var_mean(const Tensor& input, const VarMeanOptions& options) {
  return {var(input, {.dim = options.dim,
                      .unbiased = options.unbiased,
                      .keepdim = options.keepdim,
                      .correction = options.correction}),
          mean(input, {.dim = options.dim, .keepdim = options.keepdim})};
}

StdMeanResult std_mean(const Tensor& input, const StdMeanOptions& options) {
  return {std(input, {.dim = options.dim,
                      .unbiased = options.unbiased,
                      .keepdim = options.keepdim,
                      .correction = options.correction}),
          mean(input, {.dim = options.dim, .keepdim = options.keepdim})};
}

}  // namespace rushlight
