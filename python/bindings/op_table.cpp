// ops(): the op list as Python reads it.
#include "rushlight/ops/op_table.h"

#include <nanobind/stl/string.h>

#include "arguments.h"
#include "module.h"
#include "signature.h"

namespace rushlight::python {

namespace {

nb::object as_tuple(const std::vector<DType>& dtypes) {
  nb::list list;
  for (DType dtype : dtypes) list.append(nb::steal(dtype_object(dtype)));
  return nb::tuple(list);
}

nb::dict row_of(const OpRow& op) {
  constexpr const char* kinds[] = {"map", "view", "op", "composite", "function"};
  const Schema& schema = op.schema;
  nb::dict row;
  row["id"] = schema.id_name;
  row["name"] = schema.name;
  nb::list aliases;
  for (const std::string& alias : schema.aliases) aliases.append(alias);
  row["aliases"] = aliases;
  row["family"] = op.family;
  row["kind"] = kinds[static_cast<int>(schema.kind)];
  row["signature"] = schema.text;
  row["dtypes"] = as_tuple(op.dtypes);
  row["doc"] = schema.doc;
  row["in_place"] = writes_in_place(schema);
  row["method"] = receiver_of(schema) != nullptr;
  return row;
}

nb::list op_table() {
  nb::list table;
  for (const OpRow& row : ops()) table.append(row_of(row));
  return table;
}

}  // namespace

void bind_op_table(nb::module_& m) {
  m.def("ops", op_table,
        "The op list: a dict for each line, with name, family, kind, signature, dtypes, doc");
}

}  // namespace rushlight::python
