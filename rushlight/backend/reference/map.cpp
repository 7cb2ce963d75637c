// MAP ops: one plain loop per formula and number type; the driver walks any layout and casts in small tiles.
#include <array>

#include "rushlight/backend/map_facts.h"
#include "rushlight/backend/map_loop.h"
#include "rushlight/backend/plain_loops.h"
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/strided_loop.h"

namespace rushlight::reference {

namespace {

using math::Num;

// -- the loops

template <class T>
T element(const MapArgs& args, int operand, int64_t i) {
  return static_cast<const T*>(args.in[operand])[i * args.step[operand]];
}

template <class Op, class T>
using Operands = std::array<Num<T>, static_cast<size_t>(math::arity<Op>)>;

// A mask operand arrives as bool, every other one in the number type of the loop.
template <class Op, class T>
Num<T> operand(const MapArgs& args, int which, int position, int64_t i) {
  if (Op::info.mask_operands >> which & 1) return element<bool>(args, position, i);
  return element<T>(args, position, i);
}

template <class Op, class T>
void forward_loop(const MapArgs& args) {
  constexpr bool is_mask = math::result_is_mask<Op, Num<T>>;
  auto* out = static_cast<std::conditional_t<is_mask, bool, T>*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) {
    Operands<Op, T> operands;
    for (int k = 0; k < math::arity<Op>; ++k)
      operands[static_cast<size_t>(k)] = operand<Op, T>(args, k, k, i);
    auto result = math::apply_forward<Op, Num<T>>(operands.data(), args.params);
    if constexpr (is_mask)
      out[i * args.out_step] = result;
    else
      out[i * args.out_step] = result.value;
  }
}

// Inputs: the result's gradient, then only what the formula reads.
template <class Op, int I, class T>
void grad_loop(const MapArgs& args) {
  constexpr math::GradUse use = math::grad_use<Op, I>();
  auto* out = static_cast<T*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) {
    Operands<Op, T> operands{};
    int next = 1;
    for (int k = 0; k < math::arity<Op>; ++k)
      if (use.reads_input[k]) operands[static_cast<size_t>(k)] = operand<Op, T>(args, k, next++, i);
    Num<T> result{};
    if (use.reads_output) result = element<T>(args, next, i);
    Num<T> gradient = element<T>(args, 0, i);
    out[i * args.out_step] =
        math::apply_grad<Op, I, Num<T>>(gradient, operands.data(), result, args.params).value;
  }
}

// -- the table

constexpr auto kFirstFloat = static_cast<size_t>(DType::float32);

struct OpLoops {
  std::array<MapLoop, kDTypeCount> forward{};
  std::array<std::array<MapLoop, 3>, 2> grads{};  // [float32, float64][operand]
};

template <class Op, class T>
constexpr void fill_type(OpLoops& loops) {
  size_t at = static_cast<size_t>(dtype_index<T>);
  if constexpr (math::supports<Op, Num<T>>) loops.forward[at] = forward_loop<Op, T>;
  if constexpr (math::has_grad<Op> && std::is_floating_point_v<T>) {
    auto& grads = loops.grads[at - kFirstFloat];
    grads[0] = grad_loop<Op, 0, T>;
    if constexpr (math::arity<Op> > 1) grads[1] = grad_loop<Op, 1, T>;
    if constexpr (math::arity<Op> > 2) grads[2] = grad_loop<Op, 2, T>;
  }
}

constexpr std::array<OpLoops, static_cast<size_t>(kMapCount)> kLoops = [] {
  std::array<OpLoops, static_cast<size_t>(kMapCount)> table{};
  size_t next = 0;
  MapOps::for_each([&](auto op_tag) {
    OpLoops& loops = table[next++];
    ElementTypes::for_each([&](auto type_tag) {
      using T = typename decltype(type_tag)::type;
      if constexpr (std::is_arithmetic_v<T>) fill_type<typename decltype(op_tag)::type, T>(loops);
    });
  });
  return table;
}();

// -- the driver

constexpr int64_t kTile = 256;

// By way of a half: what is compared with halves is one.
template <class Half, class From>
void round_run(void* to, int64_t to_step, const void* from, int64_t from_step, int64_t n) {
  auto* out = static_cast<float*>(to);
  auto* in = static_cast<const From*>(from);
  for (int64_t i = 0; i < n; ++i)
    out[i * to_step] = static_cast<float>(static_cast<Half>(static_cast<float>(in[i * from_step])));
}
CastRun round_to(DType half, DType from) {
  return visit(from, [&](auto tag) -> CastRun {
    using From = typename decltype(tag)::type;
    return half == DType::float16 ? round_run<Half, From> : round_run<BFloat16, From>;
  });
}

// What one operand needs on its way into (or out of) a loop that computes in another type.
struct Port {
  CastRun cast = nullptr;  // null: memory is read as it is
  DType dtype{};           // of the memory
};

struct Driver {
  MapLoop loop;
  const double* params;
  int operands;
  Port out, in[kMapOperands];

  // A run of any length: tiles of the casting operands go through small buffers.
  void run(char* const* at, const int64_t* step, int64_t n) const {
    bool casts = out.cast;
    for (int k = 0; k < operands; ++k) casts |= in[k].cast != nullptr;
    int64_t most = casts ? kTile : n;
    alignas(16) unsigned char buffers[kMapOperands + 1][kTile * 8];
    for (int64_t done = 0; done < n; done += most) {
      int64_t count = n - done < most ? n - done : most;
      MapArgs args{};
      args.count = count;
      args.params = params;
      for (int k = 0; k < operands; ++k) {
        const char* from = at[k + 1] + done * step[k + 1] * static_cast<int64_t>(size_of(in[k].dtype));
        args.in[k] = from;
        args.step[k] = step[k + 1];
        if (!in[k].cast) continue;
        in[k].cast(buffers[k], 1, from, step[k + 1], step[k + 1] ? count : 1);
        args.in[k] = buffers[k];
        args.step[k] = step[k + 1] ? 1 : 0;
      }
      char* to = at[0] + done * step[0] * static_cast<int64_t>(size_of(out.dtype));
      args.out = out.cast ? static_cast<void*>(buffers[kMapOperands]) : to;
      args.out_step = out.cast ? 1 : step[0];
      loop(args);
      if (out.cast) out.cast(to, step[0], buffers[kMapOperands], 1, count);
    }
  }
};

Port port(const Tensor& tensor, DType inside, bool into_loop) {
  Port p;
  p.dtype = tensor.dtype();
  if (tensor.dtype() != inside)
    p.cast = into_loop ? cast_run(inside, tensor.dtype()) : cast_run(tensor.dtype(), inside);
  return p;
}

void run_strided(const KernelCall& call, const MapCall& map, MapLoop loop) {
  Driver driver;
  driver.loop = loop;
  driver.params = map.params;
  driver.operands = static_cast<int>(call.in.size());
  driver.out = port(call.out[0], map.bool_result ? DType::boolean : map.type, false);
  StridedLoop<kMapOperands + 1> walk;
  walk.add(call.out[0]);
  for (size_t k = 0; k < call.in.size(); ++k) {
    driver.in[k] = port(call.in[k], map.bool_operands >> k & 1 ? DType::boolean : map.type, true);
    if (map.met != DType::boolean) driver.in[k].cast = round_to(map.met, call.in[k].dtype());
    walk.add(call.in[k]);
  }
  walk.each_run([&](char* const* at, const int64_t* step, int64_t n) { driver.run(at, step, n); });
}

}  // namespace

bool map(const KernelCall& call) {
  MapCall map(call);
  MapLoop loop = plain_map_loop(call.id, call.part, map.type);
  if (!loop) return false;
  map.flat ? loop(map.flat_args(call)) : run_strided(call, map, loop);
  return true;
}

}  // namespace rushlight::reference

namespace rushlight {

MapLoop plain_map_loop(OpId id, Part part, DType type) {
  const reference::OpLoops& loops = reference::kLoops[static_cast<size_t>(map_index(id))];
  auto at = static_cast<size_t>(type);
  if (part == Part::forward) return loops.forward[at];
  if (at < reference::kFirstFloat) return nullptr;
  return loops
      .grads[at - reference::kFirstFloat][static_cast<size_t>(part) - static_cast<size_t>(Part::grad0)];
}

}  // namespace rushlight
