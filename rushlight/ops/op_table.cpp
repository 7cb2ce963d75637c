#include "rushlight/ops/op_table.h"

#include "rushlight/backend/map_facts.h"

namespace rushlight {

namespace {

constexpr const char* kFamilies[] = {
#include "rushlight/generated/op_families.inc"
};
static_assert(std::size(kFamilies) == kOpCount);

std::optional<std::vector<DType>> dtypes_of(const Schema& schema) {
  bool any = schema.kind == OpKind::view;
  if (schema.kind != OpKind::map && !any) return {};
  std::vector<DType> dtypes;
  for (int i = 0; i < kDTypeCount; ++i) {
    auto dtype = static_cast<DType>(i);
    auto has_formula = [&] {
      const MapFacts& facts = map_facts(schema.id);
      bool by_way_of_float = !is_floating(dtype) && facts.integers == math::Integers::to_float;
      return facts.supports(dtype) || by_way_of_float;
    };
    if (any || has_formula()) dtypes.push_back(dtype);
  }
  return dtypes;
}

}  // namespace

std::vector<OpRow> ops() {
  std::vector<OpRow> table;
  for (int i = 0; i < op_count(); ++i) {
    const Schema& schema = schema_of(static_cast<OpId>(i));
    table.push_back({schema, kFamilies[i], dtypes_of(schema)});
  }
  return table;
}

}  // namespace rushlight
