// The table of elementwise loops, in the order of the op list.
#include "rushlight/backend/cpu/map_loops.h"

#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/generated/map_ops.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

MapLoop map_loop(int op, int part, bool wide) {
  static constexpr MapLoops<MapOps, float> kFloat;
  static constexpr MapLoops<MapOps, double> kDouble;
  return wide ? kDouble.loop[op][part] : kFloat.loop[op][part];
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
