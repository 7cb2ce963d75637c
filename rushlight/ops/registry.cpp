// The table over the op list. A plain array, so that a static library cannot drop a part of it.
#include "rushlight/backend/map_facts.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

const OpDef& op_def(OpId id) {
  static const OpDef* const table[] = {
#define MAP(id, schema, doc) &map_def(map_index(OpId::id)),
#define VIEW(id, schema, doc) &defs::id,
#define OP(id, schema, doc) &defs::id,
#define COMPOSITE(id, schema, doc) &defs::id,
#define FUNCTION(id, schema, doc) nullptr,
#include "rushlight/core/op_list.h"
#undef MAP
#undef VIEW
#undef OP
#undef COMPOSITE
#undef FUNCTION
  };
  return *table[static_cast<size_t>(id)];
}

}  // namespace rushlight
