// MAP ops on SIMD loops: any layout is cut into rows of a run, numbers of another type are cast where they
// are single.
#include <algorithm>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/backend/cpu/map_run.h"
#include "rushlight/backend/map_facts.h"
#include "rushlight/backend/strided_loop.h"

namespace rushlight::cpu {

namespace {

// Operands as the loops want them: a tensor of one element may be of any type, its number is cast aside.
struct Operands {
  SmallVector<Tensor, kMapOperands> tensors;

  bool collect(const KernelCall& call, const MapCall& map) {
    for (size_t k = 0; k < call.in.size(); ++k) {
      DType wanted = map.bool_operands >> k & 1 ? DType::boolean : map.type;
      const Tensor& tensor = call.in[k];
      if (tensor.dtype() == wanted)
        tensors.push_back(tensor);
      else if (tensor.numel() == 1)
        tensors.push_back(cast_number(tensor, wanted));
      else
        return false;
    }
    return true;
  }

  static Tensor cast_number(const Tensor& tensor, DType wanted) {
    Tensor number = empty(IntList(), wanted);
    visit(wanted, [&](auto tag) {
      using T = typename decltype(tag)::type;
      *static_cast<T*>(number.raw_data()) = tensor.item<T>();
    });
    return number;
  }
};

}  // namespace

bool map(const KernelCall& call) {
  MapCall map(call);
  if (!has_kernels(map.type) || call.out[0].dtype() != (map.bool_result ? DType::boolean : map.type))
    return false;
  MapRun run;
  run.wide = map.type == DType::float64;
  run.loop = kernels().map_loop(map_index(call.id), static_cast<int>(call.part), run.wide);
  if (!run.loop) return false;
  Operands operands;
  if (!operands.collect(call, map)) return false;
  run.operands = static_cast<int>(call.in.size());
  run.bool_operands = map.bool_operands;
  run.bool_result = map.bool_result;
  StridedLoop<kMapOperands + 1> walk;
  walk.add(call.out[0]);
  for (const Tensor& tensor : operands.tensors) walk.add(tensor);
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
