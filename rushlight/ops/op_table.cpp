#include "rushlight/ops/op_table.h"

#include <algorithm>

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

// Whether a dtype is one of those that the op list names: by kind, or one by one.
bool is_named(std::string_view names, DType dtype) {
  if (names.empty()) return true;
  if (names == "floats") return is_floating(dtype);
  if (names == "integers") return is_integral(dtype);
  if (names == "numbers") return dtype != DType::boolean;
  while (true) {
    size_t comma = std::min(names.find(", "), names.size());
    if (names.substr(0, comma) == name_of(dtype)) return true;
    if (comma == names.size()) return false;
    names.remove_prefix(comma + 2);
  }
}

std::vector<DType> dtypes_of(const Schema& schema) {
  std::vector<DType> dtypes;
  for (int i = 0; i < kDTypeCount; ++i) {
    auto dtype = static_cast<DType>(i);
    if (schema.kind == OpKind::map ? computes(schema.id, dtype) : is_named(schema.takes, dtype))
      dtypes.push_back(dtype);
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
