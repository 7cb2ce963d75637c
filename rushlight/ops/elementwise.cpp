// The MAP family: one rule for all formulas. Shapes broadcast, dtypes promote, gradients are the formulas'
// own.
#include <array>

#include "rushlight/backend/map_facts.h"
#include "rushlight/ops/op_rules.h"
#include "rushlight/ops/tensor_number.h"

namespace rushlight {

namespace {

// The usual case: row-major tensors of one shape and one dtype that the formula takes.
bool all_alike(Inputs in, const MapFacts& facts) {
  const TensorImpl& first = *in[0].impl();
  if (first.weak || !first.layout.is_contiguous() || !facts.supports(first.dtype) || facts.mask_operands)
    return false;
  for (size_t i = 1; i < in.size(); ++i) {
    const TensorImpl& other = *in[i].impl();
    if (other.dtype != first.dtype || other.weak || !other.layout.same_shape(first.layout)) return false;
  }
  return true;
}

// The layout of the result: as the first input of the full shape is laid out (channels-last stays so), else
// row-major.
Layout result_layout(OpCall& call, const Shape& shape) {
  IntSpan sizes = span_of(shape);
  for (size_t i = 0; i < call.in.size(); ++i) {
    const Layout& layout = call.in[i].layout();
    if (std::equal(layout.shape().begin(), layout.shape().end(), sizes.begin(), sizes.end()))
      return layout.dense_like();
  }
  return Layout(sizes);
}

// The name of operand i: numbers may stand before it.
const std::string& operand_name(OpId id, size_t i) {
  const std::vector<Argument>& arguments = schema_of(id).arguments;
  auto is_operand = [](const Argument& argument) { return is_tensor(argument.kind); };
  auto at = std::find_if(arguments.begin(), arguments.end(), is_operand);
  while (i-- > 0) at = std::find_if(at + 1, arguments.end(), is_operand);
  return at->name;
}

void map_infer(OpCall& call) {
  const MapFacts& facts = map_facts(call.def.id);
  for (size_t i = 0; i < call.in.size(); ++i)
    if (!call.in[i].defined()) expect_defined(call, i, operand_name(call.def.id, i).c_str());
  const Tensor& first = call.in[0];
  if (all_alike(call.in, facts)) {
    DType dtype = facts.mask_result ? DType::boolean : first.dtype();
    if (first.storage_offset() == 0)
      call.emit(first.layout(), dtype);
    else
      call.emit(first.layout().with_offset(0), dtype);
    return;
  }
  for (unsigned i = 0; i < call.in.size(); ++i)
    if (facts.mask_operands >> i & 1 && call.in[i].dtype() != DType::boolean)
      fail(ErrorKind::runtime, "[", call.name(), "] expected ", operand_name(call.def.id, i),
           " to be a boolean tensor, but got ", call.in[i].dtype(),
           "; compare it (x != 0) or cast it with to(bool)");
  DType dtype = map_compute_type(call.def.id, call.in);
  Shape shape = to_ints(first.shape());
  for (size_t i = 1; i < call.in.size(); ++i)
    shape = broadcast_shapes(span_of(shape), call.in[i].shape(), call.name());
  call.emit(result_layout(call, shape), facts.mask_result ? DType::boolean : dtype);
}

// -- gradients

template <class Op>
constexpr std::array<double, 8> params_of(const Attrs& attrs) {
  std::array<double, 8> params{};
  for (size_t i = 0; i < static_cast<size_t>(math::param_count<Op>); ++i) params[i] = attrs[i].as_real();
  return params;
}

// The gradient of operand I as one kernel that reads only what the formula reads.
template <class Op, int I>
Tensor grad_by_kernel(const Vjp& v) {
  constexpr math::GradUse use = math::grad_use<Op, I>();
  Tensor operands[math::arity<Op> + 1];
  const Tensor* inputs[math::arity<Op> + 2] = {&v.grad()};
  size_t count = 1;
  for (int k = 0; k < math::arity<Op>; ++k) {
    if (!use.reads_input[k]) continue;
    operands[k] = v.input(static_cast<size_t>(k));
    inputs[count++] = &operands[k];
  }
  if (use.reads_output) {
    operands[math::arity<Op>] = v.output();
    inputs[count++] = &operands[math::arity<Op>];
  }
  return apply_map_grad(v.node(), I, {inputs, count});
}

// A plain number has no type of its own: what a formula makes of two would be rounded to the default dtype.
Tensor with_own_type(const Tensor& operand, DType dtype) {
  bool plain = operand.impl()->weak && is_floating(operand.dtype());
  return plain ? to(operand, compute_type(dtype)) : operand;
}

// The same by public ops, to be differentiated again.
template <class Op, int I>
Tensor grad_by_formula(const Vjp& v) {
  constexpr math::GradUse use = math::grad_use<Op, I>();
  std::array<TensorNumber, static_cast<size_t>(math::arity<Op>)> operands;
  for (int k = 0; k < math::arity<Op>; ++k)
    if (use.reads_input[k])
      operands[static_cast<size_t>(k)] = with_own_type(v.input(static_cast<size_t>(k)), v.grad().dtype());
  TensorNumber result = use.reads_output ? TensorNumber(v.output()) : TensorNumber();
  auto params = params_of<Op>(v.attrs());
  return math::apply_grad<Op, I>(TensorNumber(v.grad()), operands.data(), result, params.data()).tensor;
}

template <class Op, int I>
void set_gradient(Vjp& v) {
  if constexpr (I < math::arity<Op>) {
    constexpr math::GradUse use = math::grad_use<Op, I>();
    if (!v.needs(I) || use.is_zero) return;
    if constexpr (use.is_identity)
      v.set(I, v.grad());
    else
      v.set(I, v.create_graph() ? grad_by_formula<Op, I>(v) : grad_by_kernel<Op, I>(v));
  }
}

template <class Op>
void map_vjp(Vjp& v) {
  set_gradient<Op, 0>(v);
  set_gradient<Op, 1>(v);
  set_gradient<Op, 2>(v);
}

template <class Op>
constexpr OpDef def_of(OpId id) {
  OpDef def{id};
  def.infer = map_infer;
  def.is_map = true;
  def.in_place_safe = true;
  if constexpr (math::has_grad<Op>) def.vjp = map_vjp<Op>;
  return def;
}

}  // namespace

constinit const std::array<OpDef, static_cast<size_t>(kMapCount)> kMapDefs = [] {
  std::array<OpDef, static_cast<size_t>(kMapCount)> defs{};
  size_t next = 0;
  int id = -1;
  MapOps::for_each([&](auto tag) {
    do ++id;
    while (kOpKinds[id] != OpKind::map);
    defs[next++] = def_of<typename decltype(tag)::type>(static_cast<OpId>(id));
  });
  return defs;
}();

}  // namespace rushlight
