// MAP ops on SIMD loops, or plain ones for whole numbers: any layout is cut into rows of a run.
#include <algorithm>
#include <cstring>
#include <utility>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/cpu/map_run.h"
#include "rushlight/backend/cpu/whole_loops.h"
#include "rushlight/backend/map_facts.h"
#include "rushlight/backend/plain_loops.h"
#include "rushlight/backend/strided_loop.h"

namespace rushlight::cpu {

namespace {

MapPort port(const Tensor& tensor, DType loop_type, bool into_loop) {
  DType memory = tensor.dtype();
  CastRun cast = into_loop ? cast_run(loop_type, memory) : cast_run(memory, loop_type);
  return {cast, memory == loop_type, static_cast<int>(size_of(memory)), static_cast<int>(size_of(loop_type))};
}

// SIMD loops compute floats and doubles, and masks travel through them as numbers. Whole numbers, truth
// values and comparisons have loops where they are common, and else the reference's; in both a mask is a
// bool.
MapRun run_of(const KernelCall& call, const MapCall& map, int64_t row) {
  constexpr int64_t kLong = 4 * kWholeLanes;  // of shorter rows, the padded blocks cost more than they save
  MapRun run;
  run.operands = static_cast<int>(call.in.size());
  if (call.part == Part::forward && row >= kLong) run.loop = whole_map_loop(call.id, map.type);
  const bool vectors = !run.loop && has_kernels(map.type);
  if (run.loop) {
    run.lanes = kWholeLanes;
  } else if (vectors) {
    run.loop =
        kernels().map_loop(map_index(call.id), static_cast<int>(call.part), map.type == DType::float64);
    run.lanes = kernels().vector_bytes / static_cast<int>(size_of(map.type));
  } else {
    run.loop = plain_map_loop(call.id, call.part, map.type);
  }
  auto loop_type = [&](bool mask) { return mask && !vectors ? DType::boolean : map.type; };
  run.out = port(call.out[0], loop_type(map.bool_result), false);
  for (size_t k = 0; k < call.in.size(); ++k)
    run.in[k] = port(call.in[k], loop_type(map.bool_operands >> k & 1), true);
  return run;
}

// Rows like the one that `first` describes. False where there is no loop for them.
bool run_rows(const KernelCall& call, const MapCall& map, const MapArgs& first,
              std::span<const MapDim> outer) {
  MapRun run = run_of(call, map, first.count);
  run.outer = outer;
  if (run.loop) run_map(run, first);
  return run.loop != nullptr;
}

constexpr int64_t kWidestVector = 64;  // bytes

// Fewer numbers than a vector holds, in one. Behind them comes the last number again: what is computed for
// nothing raises nothing new.
template <class T>
void run_padded(MapLoop loop, MapArgs& args, size_t operands, int64_t lanes) {
  constexpr int64_t kMost = kWidestVector / sizeof(T);
  alignas(kWidestVector) T padded[kMapOperands + 1][kMost];
  const int64_t count = std::exchange(args.count, lanes);
  const auto copy = [count](T* to, const T* from) {  // of the usual single number without a call
    if (count == 1)
      *to = *from;
    else
      std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
  };
  for (size_t k = 0; k < operands; ++k) {
    const T* from = static_cast<const T*>(std::exchange(args.in[k], padded[k]));
    std::fill_n(padded[k], kMost, from[count - 1]);
    copy(padded[k], from);
  }
  T* out = static_cast<T*>(std::exchange(args.out, padded[kMapOperands]));
  loop(args);
  copy(out, padded[kMapOperands]);
}

// (`args` is changed where it lies: a copy of what was just written would wait for the memory.)
template <class T>
void run_whole_and_padded(MapLoop loop, MapArgs& args, size_t operands) {
  const int64_t lanes = kernels().vector_bytes / static_cast<int64_t>(sizeof(T));
  const int64_t rest = args.count & (lanes - 1);
  if (const int64_t whole = args.count - rest) {
    args.count = whole;
    loop(args);
    for (size_t k = 0; k < operands; ++k) args.in[k] = static_cast<const T*>(args.in[k]) + whole;
    args.out = static_cast<T*>(args.out) + whole;
    args.count = rest;
  }
  if (rest) run_padded<T>(loop, args, operands, lanes);
}

// Few numbers of the loop's own type, side by side: what costs time here is everything but the loop.
bool run_short(const KernelCall& call, const MapCall& map) {
  constexpr int64_t kShort = 1024;
  MapArgs args = map.flat_args(call);
  if (args.count > kShort || map.bool_result || map.bool_operands || !has_kernels(map.type)) return false;
  const bool wide = map.type == DType::float64;
  MapLoop loop = kernels().map_loop(map_index(call.id), static_cast<int>(call.part), wide);
  if (!loop) return false;
  if (wide)
    run_whole_and_padded<double>(loop, args, call.in.size());
  else
    run_whole_and_padded<float>(loop, args, call.in.size());
  return true;
}

}  // namespace

bool map(const KernelCall& call) {
  MapCall map(call);
  if (map.met != DType::boolean) return by_reference(call);
  if (map.flat && run_short(call, map)) return true;
  if (map.flat) return run_rows(call, map, map.flat_args(call), {});
  StridedLoop<kMapOperands + 1> walk;
  walk.in_order_of_memory();
  walk.add(call.out[0]);
  for (size_t k = 0; k < call.in.size(); ++k) walk.add(call.in[k]);
  bool done = true;
  walk.all_at_once([&](char* const* at, std::span<const MapDim> dims) {
    MapArgs args;
    args.out = at[0];
    args.out_step = dims[0].steps[0];
    args.count = dims[0].size;
    args.params = map.params;
    for (size_t k = 0; k < call.in.size(); ++k) args.in[k] = at[k + 1], args.step[k] = dims[0].steps[k + 1];
    done = run_rows(call, map, args, dims.subspan(1));
  });
  return done;
}

}  // namespace rushlight::cpu
