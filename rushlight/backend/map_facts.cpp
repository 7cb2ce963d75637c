#include "rushlight/backend/map_facts.h"

#include <algorithm>

namespace rushlight {

namespace {

template <class Op>
MapFacts facts_of() {
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
  if (facts.supports(DType::float32))
    facts.dtypes |=
        static_cast<uint16_t>(1 << static_cast<int>(DType::float16) | 1 << static_cast<int>(DType::bfloat16));
  if constexpr (math::has_grad<Op>) {
    facts.grads[0] = math::grad_use<Op, 0>();
    if constexpr (math::arity<Op> > 1) facts.grads[1] = math::grad_use<Op, 1>();
    if constexpr (math::arity<Op> > 2) facts.grads[2] = math::grad_use<Op, 2>();
  }
  return facts;
}

struct MapTable {
  std::array<MapFacts, kMapCount> facts;
  std::vector<int> index;

  MapTable() : index(static_cast<size_t>(op_count()), -1) {
    int next = 0;
    for (int i = 0; i < op_count(); ++i)
      if (schema_of(static_cast<OpId>(i)).kind == OpKind::map) index[static_cast<size_t>(i)] = next++;
    next = 0;
    MapOps::for_each(
        [&](auto tag) { facts[static_cast<size_t>(next++)] = facts_of<typename decltype(tag)::type>(); });
  }
};
const MapTable& table() {
  static const MapTable maps;
  return maps;
}

enum Category { kBoolean, kIntegral, kFloating };
Category category_of(DType dtype) {
  return is_floating(dtype) ? kFloating : is_integral(dtype) ? kIntegral : kBoolean;
}

}  // namespace

int map_index(OpId id) { return table().index[static_cast<size_t>(id)]; }
const MapFacts& map_facts(OpId id) { return table().facts[static_cast<size_t>(map_index(id))]; }

DType result_type(Inputs operands, unsigned skip) {
  // rank 2: tensors with dimensions, 1: 0-d tensors, 0: plain numbers
  bool present[3] = {};
  DType best[3] = {};
  for (size_t i = 0; i < operands.size(); ++i) {
    if (skip >> i & 1 || !operands[i].defined()) continue;
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
  DType dtype = result_type(operands, facts.mask_operands);
  if (facts.supports(dtype)) return dtype;
  if (!is_floating(dtype) && facts.integers == math::Integers::to_float) return default_dtype();
  std::string types;
  for (int i = 0; i < kDTypeCount; ++i)
    if (facts.supports(static_cast<DType>(i))) {
      if (!types.empty()) types += ", ";
      types += name_of(static_cast<DType>(i));
    }
  fail(ErrorKind::type, "[", name_of(id), "] is not defined for ", dtype, "; it takes ", types,
       ". Cast the input with to(float32) first");
}

}  // namespace rushlight
