// Elements picked by their rank or by how often they occur: median, mode, kthvalue, quantile and their kin.
#include "rushlight/ops/reduction_rules.h"

namespace rushlight {

namespace {

void kthvalue_infer(OpCall& call) {
  pick_one_infer<args::Kthvalue>(call);
  args::Kthvalue a(call.attrs);
  const Tensor& input = call.in[0];
  int64_t size = input.rank() ? input.size(a.dim) : 1;
  if (a.k < 1 || a.k > size)
    fail(ErrorKind::runtime, "[kthvalue] k must be from 1 to ", size, ", the size of dimension ", a.dim,
         " of shape ", input.shape(), ", but it is ", a.k);
}

// -- of all elements

void median_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  const Tensor& input = call.in[0];
  if (input.numel() == 0 && !is_floating(input.dtype()))
    fail(ErrorKind::runtime, "[", call.name(), "] the median of no elements is NaN, which ", input.dtype(),
         " lacks; the shape is ", input.shape());
  call.emit(IntSpan(), input.dtype());
}
template <auto kMedianAlong>
void median_body(OpCall& call) {
  const Tensor& input = call.in[0];
  call.out = {input.numel() ? kMedianAlong(reshape(input, {input.numel()}), 0, {}).values
                            : full({}, std::numeric_limits<double>::quiet_NaN(), {.dtype = input.dtype()})};
}
// All elements that are the median, or NaN as it is, share the gradient.
void median_vjp(Vjp& v) {
  Tensor x = v.input(0), y = v.output();
  Tensor chosen = logical_or(x == y, logical_and(isnan(x), isnan(y)));
  v.set(0, where(chosen, v.grad() / sum(chosen), 0.0));
}

OpDef median_of_all(OpId id, void (*body)(OpCall&)) {
  OpDef def{id};
  def.infer = median_infer;
  def.body = body;
  def.vjp = median_vjp;
  def.saved_inputs = def.saved_outputs = 1;
  return def;
}

MedianDimResult median_along(const Tensor& row, int64_t dim, const MedianDimOptions& options) {
  return median(row, dim, options);
}
NanmedianDimResult nanmedian_along(const Tensor& row, int64_t dim, const NanmedianDimOptions& options) {
  return nanmedian(row, dim, options);
}

}  // namespace

namespace defs {
const OpDef median = median_of_all(OpId::median, median_body<median_along>);
const OpDef nanmedian = median_of_all(OpId::nanmedian, median_body<nanmedian_along>);
const OpDef median_dim = picking_along<args::MedianDim>(OpId::median_dim, pick_one_infer<args::MedianDim>);
const OpDef nanmedian_dim =
    picking_along<args::NanmedianDim>(OpId::nanmedian_dim, pick_one_infer<args::NanmedianDim>);
const OpDef mode = picking_along<args::Mode>(OpId::mode, pick_one_infer<args::Mode>);
const OpDef kthvalue = picking_along<args::Kthvalue>(OpId::kthvalue, kthvalue_infer);
}  // namespace defs

// -- quantiles

namespace {

enum class Between { linear, lower, higher, nearest, midpoint };

Between interpolation_named(const char* op, std::string_view name) {
  constexpr std::pair<std::string_view, Between> names[] = {{"linear", Between::linear},
                                                            {"lower", Between::lower},
                                                            {"higher", Between::higher},
                                                            {"nearest", Between::nearest},
                                                            {"midpoint", Between::midpoint}};
  for (auto [known, between] : names)
    if (known == name) return between;
  fail(ErrorKind::runtime, "[", op,
       "] interpolation must be \"linear\", \"lower\", \"higher\", \"nearest\" or \"midpoint\", not \"", name,
       "\"");
}

// q as the input's dtype: one share, or a vector of them, each from 0 to 1.
Tensor checked_shares(const char* op, const Tensor& input, const Tensor& q) {
  if (input.dtype() != DType::float32 && input.dtype() != DType::float64)
    fail(ErrorKind::runtime, "[", op, "] input must be float32 or float64, but it is ", input.dtype());
  if (input.numel() == 0)
    fail(ErrorKind::runtime, "[", op, "] input has no elements: its shape is ", input.shape());
  if (!q.is_weak() && q.dtype() != input.dtype())
    fail(ErrorKind::runtime, "[", op, "] q must have the dtype of input, ", input.dtype(), ", but it is ",
         q.dtype(), "; cast it with to(...)");
  if (q.rank() > 1)
    fail(ErrorKind::runtime, "[", op, "] q must be a number or a vector, but its shape is ", q.shape());
  q.touch_elements(op);
  for (double share : q.to_vector<double>())
    if (!(share >= 0 && share <= 1))
      fail(ErrorKind::runtime, "[", op, "] q must be between 0 and 1, but it is ", share);
  return q.is_weak() ? full({}, q, {.dtype = input.dtype()}) : q;
}

// The places, between 0 and the last, in sorted lines (NaN at their ends): the lines stand along the last
// dimension of `sorted`, the shares along the last of the result.
Tensor ranks_of(const Tensor& sorted, const Tensor& shares, bool skips_nan) {
  int64_t last = sorted.size(-1) - 1;
  if (!skips_nan)
    return where(isnan(narrow(sorted, -1, last, 1)), static_cast<double>(last),
                 shares * static_cast<double>(last));
  Tensor numbers = to(sum(logical_not(isnan(sorted)), {.dim = -1, .keepdim = true}), sorted.dtype());
  return shares * clamp_min(numbers - 1.0, 0.0);
}

Tensor elements_at(const Tensor& sorted, const Tensor& ranks, Between between) {
  auto at = [&](const Tensor& places) { return gather(sorted, -1, to(places, DType::int64)); };
  switch (between) {
    case Between::lower: return at(floor(ranks));
    case Between::higher: return at(ceil(ranks));
    case Between::nearest: return at(round(ranks));
    default: break;
  }
  Tensor below = floor(ranks);
  Tensor weight = between == Between::midpoint ? full_like(ranks, 0.5) : ranks - below;
  return lerp(at(below), at(ceil(ranks)), weight);
}

template <class Options>
Tensor quantile_of(const char* op, const Tensor& input, const Tensor& q, const Options& options,
                   bool skips_nan) {
  Between between = interpolation_named(op, options.interpolation);
  Tensor shares = checked_shares(op, input, q);
  int dim = options.dim ? wrap_dim(*options.dim, input.rank(), op) : 0;
  Tensor lines = options.dim && input.rank() ? movedim(input, dim, -1) : reshape(input, {input.numel()});
  Tensor sorted = sort(lines).values;
  Tensor picked = elements_at(sorted, ranks_of(sorted, reshape(shares, {-1}), skips_nan), between);
  Tensor result = q.rank() ? movedim(picked, -1, 0) : squeeze(picked, {.dim = -1});
  if (!options.keepdim || !input.rank()) return result;
  if (options.dim) return unsqueeze(result, dim + q.rank());
  Shape shape(static_cast<size_t>(input.rank() + q.rank()), 1);
  if (q.rank()) shape[0] = q.numel();
  return reshape(result, shape);
}

}  // namespace

Tensor quantile(const Tensor& input, const Tensor& q, const QuantileOptions& options) {
  return quantile_of("quantile", input, q, options, false);
}
Tensor nanquantile(const Tensor& input, const Tensor& q, const NanquantileOptions& options) {
  return quantile_of("nanquantile", input, q, options, true);
}

}  // namespace rushlight
