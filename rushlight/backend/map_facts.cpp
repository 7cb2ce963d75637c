#include "rushlight/backend/map_facts.h"

#include <algorithm>

namespace rushlight {

namespace {

template <class Op>
constexpr MapFacts facts_of() {
  MapFacts facts;
  facts.arity = math::arity<Op>;
  facts.param_count = math::param_count<Op>;
  facts.mask_operands = Op::info.mask_operands;
  facts.differentiable = math::has_grad<Op>;
  facts.integers = Op::info.integers;
  int bit = 0;
  ElementTypes::for_each([&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, Half> && !std::is_same_v<T, BFloat16>) {
      if constexpr (math::supports<Op, math::Num<T>>) {
        facts.dtypes |= static_cast<uint16_t>(1 << bit);
        facts.mask_result = math::result_is_mask<Op, math::Num<T>>;
      }
    }
    ++bit;
  });
  if (Op::info.halves && facts.supports(DType::float32))
    facts.dtypes |=
        static_cast<uint16_t>(1 << static_cast<int>(DType::float16) | 1 << static_cast<int>(DType::bfloat16));
  if constexpr (math::has_grad<Op>) {
    facts.grads[0] = math::grad_use<Op, 0>();
    if constexpr (math::arity<Op> > 1) facts.grads[1] = math::grad_use<Op, 1>();
    if constexpr (math::arity<Op> > 2) facts.grads[2] = math::grad_use<Op, 2>();
    for (int i = 0; i < 3; ++i)
      for (int k = 0; k < 3; ++k)
        facts.saved_inputs[i] |= static_cast<uint8_t>(facts.grads[i].reads_input[k] << k);
    for (int i = 0; i < 3; ++i) facts.saves_nothing &= !facts.saved_inputs[i] && !facts.grads[i].reads_output;
  }
  return facts;
}

enum Category { kBoolean, kIntegral, kFloating };
Category category_of(DType dtype) {
  return is_floating(dtype) ? kFloating : is_integral(dtype) ? kIntegral : kBoolean;
}

}  // namespace

constinit const std::array<MapFacts, kMapCount> kMapFacts = [] {
  std::array<MapFacts, kMapCount> facts;
  size_t next = 0;
  MapOps::for_each([&](auto tag) { facts[next++] = facts_of<typename decltype(tag)::type>(); });
  return facts;
}();

DType result_type(Inputs operands, unsigned skip) {
  // rank 2: tensors with dimensions, 1: 0-d tensors, 0: plain numbers
  bool present[3] = {};
  DType best[3] = {};
  for (size_t i = 0; i < operands.size(); ++i, skip >>= 1) {
    if (skip & 1 || !operands[i].defined()) continue;
    const TensorImpl& impl = *operands[i].impl();
    int rank = impl.weak ? 0 : impl.layout.rank() == 0 ? 1 : 2;
    DType dtype = impl.dtype;
    if (impl.weak && is_floating(dtype)) dtype = default_dtype();
    best[rank] = present[rank] ? promote_types(best[rank], dtype) : dtype;
    present[rank] = true;
  }
  DType result = DType::boolean;
  bool any = false;
  for (int rank = 2; rank >= 0; --rank) {
    if (!present[rank]) continue;
    if (!any || category_of(best[rank]) > category_of(result)) result = best[rank];
    any = true;
  }
  return result;
}

DType map_compute_type(OpId id, Inputs operands) {
  const MapFacts& facts = map_facts(id);
  DType first = operands[0].dtype();
  bool alike = !facts.mask_operands;
  for (size_t i = 0; i < operands.size(); ++i)
    alike &= operands[i].dtype() == first && !operands[i].impl()->weak;
  if (alike && facts.supports(first)) return first;
  DType dtype = result_type(operands, facts.mask_operands);
  if (facts.supports(dtype)) return dtype;
  if (!is_floating(dtype) && facts.integers == math::Integers::to_float) return default_dtype();
  std::string types;
  for (int i = 0; i < kDTypeCount; ++i)
    if (facts.supports(static_cast<DType>(i))) {
      if (!types.empty()) types += ", ";
      types += name_of(static_cast<DType>(i));
    }
  DType usual = DType::boolean;
  for (DType candidate : {DType::int64, DType::float32})
    if (facts.supports(candidate)) usual = candidate;
  fail(ErrorKind::type, "[", name_of(id), "] is not defined for ", dtype, "; it takes ", types,
       ". Cast the input with to(", usual, ") first");
}

namespace {
// Which inputs of a gradient's kernel are masks: they stand in the order of the operands that the formula
// reads.
unsigned mask_inputs_of_grad(const MapFacts& facts, const math::GradUse& use) {
  unsigned masks = 0, position = 1;
  for (unsigned operand = 0; operand < 3; ++operand)
    if (use.reads_input[operand]) masks |= (facts.mask_operands >> operand & 1) << position++;
  return masks;
}
}  // namespace

MapCall::MapCall(const KernelCall& call) {
  const MapFacts& facts = map_facts(call.id);
  bool forward = call.part == Part::forward;
  const TensorImpl &first = *call.in[0].impl(), &out = *call.out[0].impl();
  bool alike = !facts.mask_operands;
  flat = out.layout.is_contiguous();
  for (size_t k = 0; k < call.in.size(); ++k) {
    const TensorImpl& input = *call.in[k].impl();
    alike &= input.dtype == first.dtype && !input.weak;
    flat &= input.layout.is_contiguous() && input.layout.numel() == out.layout.numel();
  }
  for (size_t i = 0; i < call.attrs.size(); ++i) params[i] = call.attrs[i].as_real();
  if (forward) {
    DType common = alike && facts.supports(first.dtype) ? first.dtype : map_compute_type(call.id, call.in);
    type = compute_type(common);
    if (facts.mask_result && is_half(common) && !alike) met = common;
    bool_operands = facts.mask_operands;
    bool_result = facts.mask_result;
  } else {
    type = compute_type(first.dtype);
    if (facts.mask_operands)
      bool_operands = mask_inputs_of_grad(facts, facts.grads[static_cast<size_t>(call.part) - 1]);
  }
  uniform = out.dtype == (bool_result ? DType::boolean : type);
  if (alike) {
    uniform &= first.dtype == type;
  } else {
    for (size_t k = 0; k < call.in.size(); ++k)
      uniform &= call.in[k].dtype() == (bool_operands >> k & 1 ? DType::boolean : type);
  }
  flat &= uniform;
}

MapArgs MapCall::flat_args(const KernelCall& call) const {
  MapArgs args;
  args.out = call.out[0].raw_data();
  args.out_step = 1;
  args.count = call.out[0].numel();
  args.params = params;
  for (size_t k = 0; k < call.in.size(); ++k) {
    args.in[k] = call.in[k].raw_data();
    args.step[k] = 1;
  }
  return args;
}

}  // namespace rushlight
