// ops(): the op list as a table, for people, documents and tests.
#pragma once

#include <string>
#include <vector>

#include "rushlight/core/dtype.h"
#include "rushlight/core/schema.h"

namespace rushlight {

struct OpRow {
  const Schema& schema;       // name, aliases, kind, arguments, and the signature as text
  std::string family;         // the heading that it stands under
  std::vector<DType> dtypes;  // that its first tensors, or the ones it makes, may have
};

std::vector<OpRow> ops();

}  // namespace rushlight
