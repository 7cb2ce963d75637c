// MAP ops on SIMD loops, or the plain ones for whole numbers: any layout is cut into rows of a run.
#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/cpu/map_run.h"
#include "rushlight/backend/map_facts.h"
#include "rushlight/backend/plain_loops.h"
#include "rushlight/backend/strided_loop.h"

namespace rushlight::cpu {

namespace {

MapPort port(const Tensor& tensor, DType loop_type, bool into_loop) {
  DType memory = tensor.dtype();
  CastRun cast = into_loop ? cast_run(loop_type, memory) : cast_run(memory, loop_type);
  return {cast, memory == loop_type, static_cast<int>(size_of(memory))};
}

// SIMD loops compute floats and doubles, and masks travel through them as numbers. For whole numbers and
// truth values there are the reference's loops, in which a mask is a bool.
MapRun run_of(const KernelCall& call, const MapCall& map) {
  bool vectors = has_kernels(map.type);
  MapRun run;
  run.operands = static_cast<int>(call.in.size());
  run.bytes = static_cast<int>(size_of(map.type));
  if (vectors) {
    run.loop =
        kernels().map_loop(map_index(call.id), static_cast<int>(call.part), map.type == DType::float64);
    run.lanes = kernels().vector_bytes / run.bytes;
  } else {
    run.loop = plain_map_loop(call.id, call.part, map.type);
  }
  auto loop_type = [&](bool mask) { return mask && !vectors ? DType::boolean : map.type; };
  run.out = port(call.out[0], loop_type(map.bool_result), false);
  for (size_t k = 0; k < call.in.size(); ++k)
    run.in[k] = port(call.in[k], loop_type(map.bool_operands >> k & 1), true);
  return run;
}

// One contiguous run: most calls.
void run_flat(const KernelCall& call, const MapCall& map, const MapRun& run) {
  MapArgs args;
  args.out = call.out[0].raw_data();
  args.out_step = 1;
  args.count = call.out[0].numel();
  args.params = map.params;
  for (size_t k = 0; k < call.in.size(); ++k) {
    args.in[k] = call.in[k].raw_data();
    args.step[k] = 1;
  }
  run_map(run, args);
}

}  // namespace

bool map(const KernelCall& call) {
  MapCall map(call);
  if (map.met != DType::boolean) return false;
  MapRun run = run_of(call, map);
  if (!run.loop) return false;
  if (map.flat) {
    run_flat(call, map, run);
    return true;
  }
  StridedLoop<kMapOperands + 1> walk;
  walk.add(call.out[0]);
  for (size_t k = 0; k < call.in.size(); ++k) walk.add(call.in[k]);
  walk.each_plane(
      [&](char* const* at, const int64_t* step, int64_t n, const int64_t* row_step, int64_t rows) {
        MapArgs args;
        args.out = at[0];
        args.out_step = step[0];
        args.count = n;
        args.params = map.params;
        run.rows = rows;
        run.out_row = row_step[0];
        for (int k = 0; k < run.operands; ++k) {
          args.in[k] = at[k + 1];
          args.step[k] = step[k + 1];
          run.in_row[k] = row_step[k + 1];
        }
        run_map(run, args);
      });
  return true;
}

}  // namespace rushlight::cpu
