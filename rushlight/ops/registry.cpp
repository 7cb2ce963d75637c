// The table over the op list. A plain array, so that a static library cannot drop a part of it.
#include "rushlight/backend/map_facts.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {
constinit const OpDef* const kTable[] = {
#define MAP(id, schema, doc) &kMapDefs[static_cast<size_t>(map_index(OpId::id))],
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
}  // namespace

const OpDef& op_def(OpId id) { return *kTable[static_cast<size_t>(id)]; }

}  // namespace rushlight
