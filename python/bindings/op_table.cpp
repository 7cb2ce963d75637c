// ops(): the op list as Python reads it, for people, documents and tests.
#include <nanobind/stl/string.h>

#include "arguments.h"
#include "module.h"
#include "rushlight/backend/map_facts.h"
#include "signature.h"

namespace rushlight::python {

namespace {

constexpr const char* kFamilies[] = {
#include "rushlight/generated/op_families.inc"
};
static_assert(std::size(kFamilies) == kOpCount);

// The dtypes that a MAP op has a formula for, or computes integers in. Other ops decide by their arguments:
// None.
nb::object dtypes_of(const Schema& schema) {
  if (schema.kind != OpKind::map) return nb::none();
  const MapFacts& facts = map_facts(schema.id);
  nb::list dtypes;
  for (int i = 0; i < kDTypeCount; ++i) {
    auto dtype = static_cast<DType>(i);
    bool by_way_of_float = !is_floating(dtype) && facts.integers == math::Integers::to_float;
    if (facts.supports(dtype) || by_way_of_float) dtypes.append(nb::steal(dtype_object(dtype)));
  }
  return nb::tuple(dtypes);
}

nb::dict row_of(const Schema& schema) {
  constexpr const char* kinds[] = {"map", "view", "op", "composite", "function"};
  nb::dict row;
  row["id"] = schema.id_name;
  row["name"] = schema.name;
  nb::list aliases;
  for (const std::string& alias : schema.aliases) aliases.append(alias);
  row["aliases"] = aliases;
  row["family"] = kFamilies[static_cast<int>(schema.id)];
  row["kind"] = kinds[static_cast<int>(schema.kind)];
  row["signature"] = schema.text;
  row["dtypes"] = dtypes_of(schema);
  row["doc"] = schema.doc;
  row["in_place"] = writes_in_place(schema);
  row["method"] = receiver_of(schema) != nullptr;
  return row;
}

nb::list op_table() {
  nb::list table;
  for (int i = 0; i < op_count(); ++i) table.append(row_of(schema_of(static_cast<OpId>(i))));
  return table;
}

}  // namespace

void bind_op_table(nb::module_& m) {
  m.def("ops", op_table,
        "The op list: a dict for each line, with name, family, kind, signature, dtypes, doc. dtypes is None "
        "where the "
        "arguments decide");
}

}  // namespace rushlight::python
