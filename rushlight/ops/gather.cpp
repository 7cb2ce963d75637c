// Reading and writing at an index tensor that names a place for every element: gather, scatter and their kin.
#include <algorithm>

#include "rushlight/core/number_fits.h"
#include "rushlight/ops/index_rules.h"

namespace rushlight {

namespace {

// A 0-dimensional tensor counts as one of size 1.
int64_t size_at(const Tensor& tensor, int d) { return tensor.rank() ? tensor.layout().size(d) : 1; }
int usual_rank(const Tensor& tensor) { return std::max(tensor.rank(), 1); }

// index must fit inside `tensor`, but along `open` (-1: everywhere).
void expect_inside(const OpCall& call, const Tensor& index, const Tensor& tensor, const char* name,
                   int open) {
  if (usual_rank(index) != usual_rank(tensor))
    fail(ErrorKind::runtime, "[", call.name(), "] index must have the same number of dimensions as ", name,
         ", but their shapes are ", index.shape(), " and ", tensor.shape());
  for (int d = 0; d < usual_rank(index); ++d)
    if (d != open && size_at(index, d) > size_at(tensor, d))
      fail(ErrorKind::runtime, "[", call.name(), "] index of shape ", index.shape(), " does not fit inside ",
           name, " of shape ", tensor.shape(), ": dimension ", d, " is larger");
}

void gather_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_index(call, 1);
  int dim = wrap_dim(args::Gather(call.attrs).dim, call.in[0].rank(), "gather");
  if (call.in[1].numel()) expect_inside(call, call.in[1], call.in[0], "input", dim);
  call.emit(call.in[1].shape(), call.in[0].dtype());
}
void gather_vjp(Vjp& v) {
  Tensor zeros = nothing(v.input_shape(0), v.grad().dtype());
  v.set(0, scatter_add(zeros, args::Gather(v.attrs()).dim, v.input(1), v.grad()));
}

// Every scatter: input, index and, but for the form with a number, src.
void scatter_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_index(call, 1);
  const Tensor &input = call.in[0], &index = call.in[1];
  int dim = wrap_dim(call.attrs[0].as_int(), input.rank(), call.name());
  if (index.numel()) expect_inside(call, index, input, "input", dim);
  if (call.in.size() > 2) {
    expect_defined(call, 2, "src");
    expect_same_dtype(call, 0, 2);
    if (index.numel()) expect_inside(call, index, call.in[2], "src", -1);
  }
  call.emit(input.layout().dense_like(), input.dtype());
}

void expect_simple_reduction(const OpCall& call, const std::optional<std::string>& reduce) {
  if (reduce && *reduce != "add" && *reduce != "multiply")
    fail(ErrorKind::runtime, "[", call.name(), "] reduce must be None, \"add\" or \"multiply\", not \"",
         *reduce, "\"");
}
void scatter_src_infer(OpCall& call) {
  expect_simple_reduction(call, args::Scatter(call.attrs).reduce);
  scatter_infer(call);
}
void scatter_value_infer(OpCall& call) {
  args::ScatterValue a(call.attrs);
  expect_simple_reduction(call, a.reduce);
  scatter_infer(call);
  expect_number_fits("scatter", a.value, call.in[0].dtype());
}

// What of src was read: the rest of it has no gradient.
Tensor in_shape_of_src(const Tensor& gradient, IntSpan shape) {
  if (std::equal(shape.begin(), shape.end(), gradient.shape().begin(), gradient.shape().end()))
    return gradient;
  Tensor whole = zeros(shape, {.dtype = gradient.dtype()});
  if (gradient.numel() == 0) return whole;
  if (gradient.rank() > whole.rank()) return reshape(gradient, shape);
  Tensor part = gradient.rank() < whole.rank() ? select(whole, 0, 0) : whole;
  for (int d = 0; d < gradient.rank(); ++d) part = narrow(part, d, 0, gradient.size(d));
  part.copy_(gradient);
  return whole;
}

void refuse_products(const std::optional<std::string>& reduce) {
  if (reduce && *reduce == "multiply")
    fail(ErrorKind::not_implemented, "[scatter] has no gradient with reduce=\"multiply\"; use ",
         "scatter_reduce(..., reduce=\"prod\")");
}

void scatter_vjp(Vjp& v) {
  args::Scatter a(v.attrs());
  refuse_products(a.reduce);
  if (v.needs(0)) v.set(0, a.reduce ? v.grad() : scatter(v.grad(), a.dim, v.input(1), 0.0));
  if (v.needs(2)) v.set(2, in_shape_of_src(gather(v.grad(), a.dim, v.input(1)), v.input_shape(2)));
}
void scatter_value_vjp(Vjp& v) {
  args::ScatterValue a(v.attrs());
  refuse_products(a.reduce);
  v.set(0, a.reduce ? v.grad() : scatter(v.grad(), a.dim, v.input(1), 0.0));
}
void scatter_add_vjp(Vjp& v) {
  if (v.needs(0)) v.set(0, v.grad());
  if (!v.needs(2)) return;
  Tensor read = gather(v.grad(), args::ScatterAdd(v.attrs()).dim, v.input(1));
  v.set(2, in_shape_of_src(read, v.input_shape(2)));
}

// -- scatter_reduce

void scatter_reduce_infer(OpCall& call) {
  std::string reduce = args::ScatterReduce(call.attrs).reduce;
  bool known = false;
  for (const char* name : {"sum", "prod", "mean", "amax", "amin"}) known |= reduce == name;
  if (!known)
    fail(ErrorKind::runtime,
         "[scatter_reduce] reduce must be \"sum\", \"prod\", \"mean\", \"amax\" or \"amin\", not \"", reduce,
         "\"");
  scatter_infer(call);
  if (reduce == "mean" && call.in[0].dtype() == DType::boolean)
    fail(ErrorKind::runtime, "[scatter_reduce] has no mean of bools; cast with to(float32)");
}

struct ScatterGradients {
  Tensor input, src;  // src in the shape of the index
};

struct ScatterReduceRule {
  explicit ScatterReduceRule(const Vjp& v)
      : a(v.attrs()), g(v.grad()), input(v.input(0)), index(v.input(1)), result(v.output()) {
    src = v.input(2);
    if (index.rank() > src.rank()) src = unsqueeze(src, 0);
    if (index.rank() < src.rank()) src = select(src, 0, 0);
    for (int d = 0; d < index.rank(); ++d) src = narrow(src, d, 0, index.size(d));
  }
  args::ScatterReduce a;
  Tensor g, input, index, result, src;

  Tensor read(const Tensor& tensor) const { return gather(tensor, a.dim, index); }
  Tensor added(const Tensor& to, const Tensor& values) const { return scatter_add(to, a.dim, index, values); }
  Tensor product(const Tensor& of, const Tensor& with) const {
    return scatter_reduce(of, a.dim, index, with, "prod", {.include_self = a.include_self});
  }
  Tensor as_number(const Tensor& condition) const { return to(condition, g.dtype()); }

  ScatterGradients mean() const {
    Tensor start = a.include_self ? ones_like(g) : zeros_like(g);
    Tensor counts = added(start, ones_like(src));
    Tensor share = g / where(counts == 0, 1.0, counts);
    return {share, read(share)};
  }

  // Each factor gets the product of the others. Where one of them is 0, that product is made anew.
  ScatterGradients product_rule() const {
    Tensor whole = where(input == 0, 1.0, input);
    Tensor of_input = g * product(whole, src) / whole;
    Tensor is_zero = src == 0;
    Tensor zeros_there = read(added(zeros_like(g), as_number(is_zero)));
    Tensor alone = logical_and(is_zero, zeros_there == 1);
    Tensor without = product(input, where(alone, 1.0, src));
    Tensor of_src = read(g * result) / where(is_zero, 1.0, src);
    return {of_input, where(alone, read(g * without), of_src)};
  }

  // All that are equal to the extreme share its gradient; what index does not name keeps its own.
  ScatterGradients extreme() const {
    Tensor from_input = as_number(input == result), from_src = as_number(src == read(result));
    Tensor winners = a.include_self ? from_input : as_number(added(zeros_like(g), ones_like(src)) == 0);
    Tensor share = g / added(winners, from_src);
    return {from_input * share, from_src * read(share)};
  }

  ScatterGradients gradients() const {
    if (a.reduce == "sum") return {g, read(g)};
    if (a.reduce == "mean") return mean();
    return a.reduce == "prod" ? product_rule() : extreme();
  }
};

void scatter_reduce_vjp(Vjp& v) {
  if (v.input(1).numel() == 0) {  // nothing was written
    v.set(0, v.grad());
    return v.set(2, zeros(v.input_shape(2), {.dtype = v.grad().dtype()}));
  }
  ScatterReduceRule rule(v);
  auto [of_input, of_src] = rule.gradients();
  if (!rule.a.include_self) of_input = scatter(of_input, rule.a.dim, rule.index, 0.0);
  if (v.needs(0)) v.set(0, of_input);
  if (v.needs(2)) v.set(2, in_shape_of_src(of_src, v.input_shape(2)));
}

}  // namespace

void expect_index(const OpCall& call, size_t input) {
  expect_defined(call, input, "index");
  DType dtype = call.in[input].dtype();
  if (dtype != DType::int64 && dtype != DType::int32)
    fail(ErrorKind::runtime, "[", call.name(), "] expected dtype int64 (or int32) for index, but it is ",
         dtype);
}

namespace defs {
const OpDef gather = placing(OpId::gather, gather_infer, gather_vjp);
const OpDef scatter = writing(OpId::scatter, scatter_src_infer, scatter_vjp);
const OpDef scatter_value = writing(OpId::scatter_value, scatter_value_infer, scatter_value_vjp);
const OpDef scatter_add = writing(OpId::scatter_add, scatter_infer, scatter_add_vjp);
const OpDef scatter_reduce = [] {
  OpDef def = writing(OpId::scatter_reduce, scatter_reduce_infer, scatter_reduce_vjp);
  def.saved_inputs = 0b111;
  def.saved_outputs = 1;
  return def;
}();
}  // namespace defs

// -- by other ops

Tensor take(const Tensor& input, const Tensor& index) {
  if (index.dtype() != DType::int64)
    fail(ErrorKind::runtime, "[take] expected dtype int64 for index, but it is ", index.dtype());
  return rushlight::index(reshape(input, {input.numel()}), {index});
}

Tensor take_along_dim(const Tensor& input, const Tensor& indices, const TakeAlongDimOptions& options) {
  if (indices.dtype() != DType::int64)
    fail(ErrorKind::runtime, "[take_along_dim] expected dtype int64 for indices, but it is ",
         indices.dtype());
  if (!options.dim) return gather(reshape(input, {input.numel()}), 0, reshape(indices, {indices.numel()}));
  if (input.rank() != indices.rank())
    fail(ErrorKind::runtime,
         "[take_along_dim] input and indices should have the same number of dimensions, but have shapes ",
         input.shape(), " and ", indices.shape());
  int dim = wrap_dim(*options.dim, input.rank(), "take_along_dim");
  if (input.rank() == 0) return gather(input, dim, indices);
  Shape of_input = to_ints(input.shape()), of_indices = to_ints(indices.shape());
  auto d = static_cast<size_t>(dim);
  std::swap(of_input[d], of_indices[d]);  // each keeps its own size along dim
  Shape wide_indices = broadcast_shapes(indices.shape(), span_of(of_input), "take_along_dim");
  Shape wide_input = broadcast_shapes(input.shape(), span_of(of_indices), "take_along_dim");
  return gather(expand(input, wide_input), dim, expand(indices, wide_indices));
}

Tensor one_hot(const Tensor& input, const OneHotOptions& options) {
  if (input.dtype() != DType::int64)
    fail(ErrorKind::runtime, "[one_hot] is only applicable to index tensors of dtype int64, not ",
         input.dtype());
  int64_t classes = options.num_classes;
  if (classes < -1 || classes == 0)
    fail(ErrorKind::runtime, "[one_hot] num_classes must be positive, or -1 to infer it, but it is ",
         classes);
  if (classes == -1) {
    if (input.numel() == 0)
      fail(ErrorKind::runtime, "[one_hot] cannot infer num_classes from a tensor without elements; say it");
    std::vector<int64_t> values = input.to_vector<int64_t>();
    auto [least, largest] = std::minmax_element(values.begin(), values.end());
    if (*least < 0)
      fail(ErrorKind::runtime, "[one_hot] class values must not be negative, but one is ", *least);
    classes = *largest;
    if (__builtin_add_overflow(classes, 1, &classes)) fail(ErrorKind::runtime, "[one_hot] too many classes");
  }
  Shape shape = to_ints(input.shape());
  shape.push_back(classes);
  return scatter(zeros(shape, {.dtype = DType::int64}), -1, unsqueeze(input, -1), 1.0);
}

}  // namespace rushlight
