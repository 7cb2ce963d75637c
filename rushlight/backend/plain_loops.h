// The reference backend's loops of the MAP ops, for backends that have no better ones for a number type.
#pragma once

#include "rushlight/backend/kernel_args.h"
#include "rushlight/backend/map_loop.h"

namespace rushlight {

// Takes any steps; operands and results that are masks are bool in memory, all others of `type`. Null where
// the formula is not defined for it.
MapLoop plain_map_loop(OpId id, Part part, DType type);

}  // namespace rushlight
