#include "rushlight/ops/op_table.h"

#include "rushlight/backend/map_facts.h"

namespace rushlight {

namespace {

constexpr const char* kFamilies[] = {
#include "rushlight/generated/op_families.inc"
};
static_assert(std::size(kFamilies) == kOpCount);

// Whether a MAP op has a formula for the dtype, or computes integers in a floating one.
bool computes(OpId id, DType dtype) {
  const MapFacts& facts = map_facts(id);
  return facts.supports(dtype) || (!is_floating(dtype) && facts.integers == math::Integers::to_float);
}

// A VIEW takes any.
std::optional<std::vector<DType>> dtypes_of(const Schema& schema) {
  if (schema.kind != OpKind::map && schema.kind != OpKind::view) return {};
  std::vector<DType> dtypes;
  for (int i = 0; i < kDTypeCount; ++i) {
    auto dtype = static_cast<DType>(i);
    if (schema.kind == OpKind::view || computes(schema.id, dtype)) dtypes.push_back(dtype);
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
