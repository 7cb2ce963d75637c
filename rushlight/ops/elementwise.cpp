// The MAP family: one rule for all formulas. Shapes broadcast, dtypes promote, gradients are the formulas'
// own.
#include <array>
#include <cmath>

#include "rushlight/backend/map_facts.h"
#include "rushlight/core/number_fits.h"
#include "rushlight/ops/grad_formulas.h"
#include "rushlight/ops/op_rules.h"

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

// What a formula cannot tell: it is made for each dtype, and takes its numbers as they are.
void expect_sound_numbers(const OpCall& call) {
  OpId id = call.def.id;
  double number = call.attrs[0].as_real();
  bool scales = id == OpId::add_scaled || id == OpId::sub_scaled || id == OpId::rsub;
  if (scales && number != std::trunc(number) && !is_floating(map_compute_type(id, call.in)))
    fail(ErrorKind::runtime, "[", schema_of(id).name, "] alpha must be a whole number for tensors of ",
         map_compute_type(id, call.in), ", but it is ", number);
  if (scales) expect_number_fits(schema_of(id).name.c_str(), number, map_compute_type(id, call.in));
  if (id == OpId::polygamma && !(number >= 0 && number == std::trunc(number)))
    fail(ErrorKind::runtime, "[polygamma] n must be a whole number and not negative, but it is ", number);
  if (id == OpId::softshrink && !(number >= 0))
    fail(ErrorKind::runtime, "[softshrink] lambd must not be negative, but it is ", number);
}

// Bounds, exponents and choices that are plain numbers, unlike terms and factors, do not wrap around in
// integers.
void expect_operands_fit(const OpCall& call, DType dtype) {
  OpId id = call.def.id;
  bool takes_as_is = id == OpId::where || id == OpId::clamp_min || id == OpId::clamp_max ||
                     id == OpId::clamp_tensor || id == OpId::pow;
  if (!takes_as_is || is_floating(dtype)) return;
  for (size_t i = 1; i < call.in.size(); ++i)
    expect_number_fits(schema_of(id).name.c_str(), call.in[i], dtype);
}

void map_infer(OpCall& call) {
  const MapFacts& facts = map_facts(call.def.id);
  for (size_t i = 0; i < call.in.size(); ++i)
    if (!call.in[i].defined()) expect_defined(call, i, operand_name(call.def.id, i).c_str());
  if (call.attrs.size()) expect_sound_numbers(call);
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
  expect_operands_fit(call, dtype);
  Shape shape = to_ints(first.shape());
  for (size_t i = 1; i < call.in.size(); ++i)
    shape = broadcast_shapes(span_of(shape), call.in[i].shape(), call.name());
  call.emit(result_layout(call, shape), facts.mask_result ? DType::boolean : dtype);
}

// -- gradients

// The gradient of operand i as one kernel that reads only what the formula reads.
Tensor grad_by_kernel(const Vjp& v, size_t i, const MapFacts& facts) {
  bool last = true;
  for (size_t k = i + 1; k < static_cast<size_t>(facts.arity); ++k) last &= !v.needs(k);
  const math::GradUse& use = facts.grads[i];
  Tensor read[kMapOperands];
  const Tensor* inputs[kMapOperands] = {&v.grad()};
  size_t count = 1;
  auto add = [&](Tensor tensor) {
    read[count] = std::move(tensor);
    inputs[count] = &read[count];
    ++count;
  };
  for (size_t k = 0; k < static_cast<size_t>(facts.arity); ++k)
    if (use.reads_input[k]) add(v.input(k));
  if (use.reads_output) add(v.output());
  return apply_map_grad(v.node(), static_cast<int>(i), {inputs, count}, last);
}

// A plain number has no type of its own: what a formula makes of two would be rounded to the default dtype.
Tensor with_own_type(const Tensor& operand, DType dtype) {
  bool plain = operand.is_weak() && is_floating(operand.dtype());
  return plain ? to(operand, compute_type(dtype)) : operand;
}

// The same by public ops, to be differentiated again.
Tensor grad_by_formula(const Vjp& v, size_t i, const MapFacts& facts) {
  const math::GradUse& use = facts.grads[i];
  TensorNumber operands[3], result;
  for (size_t k = 0; k < std::size(operands); ++k)
    if (use.reads_input[k]) operands[k] = with_own_type(v.input(k), v.grad().dtype());
  if (use.reads_output) result = v.output();
  SmallVector<double, 8> params;
  for (const Attr& attr : v.attrs()) params.push_back(attr.as_real());
  return grad_formula(v.node().op()->id, i)(v.grad(), operands, result, params.data()).tensor;
}

void map_vjp(Vjp& v) {
  const MapFacts& facts = map_facts(v.node().op()->id);
  for (size_t i = 0; i < static_cast<size_t>(facts.arity); ++i) {
    const math::GradUse& use = facts.grads[i];
    if (!v.needs(i)) continue;
    if (use.is_zero)
      v.set(i, nothing(v.grad().shape(), v.grad().dtype()));
    else if (use.is_identity)
      v.set(i, v.grad());
    else
      v.set(i, v.create_graph() ? grad_by_formula(v, i, facts) : grad_by_kernel(v, i, facts));
  }
}

template <class Op>
constexpr OpDef def_of(OpId id) {
  OpDef def{id};
  def.infer = map_infer;
  def.is_map = true;
  def.in_place_safe = true;
  if constexpr (math::has_grad<Op>) def.vjp = map_vjp;
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
