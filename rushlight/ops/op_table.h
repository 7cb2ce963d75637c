// ops(): the op list as a table, for people, documents and tests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rushlight/core/dtype.h"
#include "rushlight/core/schema.h"

namespace rushlight {

struct OpRow {
  const Schema& schema;  // name, aliases, kind, arguments, and the signature as text
  std::string family;    // the heading that it stands under
  // What it has a formula for, or computes integers in. None: it depends on the other arguments.
  std::optional<std::vector<DType>> dtypes;
};

std::vector<OpRow> ops();

}  // namespace rushlight
