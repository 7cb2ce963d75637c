// Formulas of math/ in blocks of a length that the compiler knows, which it turns into vectors without a
// tail. For one instruction set: what is this simple waits for memory on any.
#include "rushlight/backend/cpu/whole_loops.h"

#include <array>
#include <cstring>

#include "rushlight/base/type_list.h"

namespace rushlight::cpu {

namespace {

using math::Num;

using Ops =
    TypeList<math::Add, math::Sub, math::Mul, math::Maximum, math::Minimum, math::BitwiseAnd, math::BitwiseOr,
             math::BitwiseXor, math::BitwiseNot, math::Lt, math::Le, math::Gt, math::Ge, math::Eq, math::Ne,
             math::LogicalAnd, math::LogicalOr, math::LogicalXor, math::LogicalNot, math::Where>;
using Types = TypeList<bool, uint8_t, int32_t, int64_t, float, double>;

template <class Op, class T, int K>
Num<T> operand_at(const MapArgs& args, int64_t block, int j) {
  using Element = std::conditional_t<(Op::info.mask_operands >> K & 1) != 0, bool, T>;
  return static_cast<const Element*>(args.in[K])[block * args.step[K] + j];
}

// Of two elements that stand behind a condition, gcc would load only one, which no vector can.
template <class T>
Num<T> chosen(bool first, Num<T> a, Num<T> b) {
  const T all = static_cast<T>(-static_cast<int>(first));
  return static_cast<T>(b.value ^ ((a.value ^ b.value) & all));
}

template <class Op, class T>
void whole_loop(const MapArgs& args) {
  constexpr bool is_mask = math::result_is_mask<Op, Num<T>>;
  using Result = std::conditional_t<is_mask, bool, T>;
  for (int64_t i = 0; i < args.count; i += kWholeLanes) {
    Result block[kWholeLanes];  // it shares no memory with the operands, and so need not be written in order
    for (int j = 0; j < kWholeLanes; ++j) {
      Num<T> x[3] = {operand_at<Op, T, 0>(args, i, j)};
      if constexpr (math::arity<Op> > 1) x[1] = operand_at<Op, T, 1>(args, i, j);
      if constexpr (math::arity<Op> > 2) x[2] = operand_at<Op, T, 2>(args, i, j);
      auto result = [&] {
        if constexpr (std::is_same_v<Op, math::Where>)
          return chosen(x[0].value != 0, x[1], x[2]);
        else
          return math::apply_forward<Op, Num<T>>(x, args.params);
      }();
      if constexpr (is_mask)
        block[j] = result;
      else
        block[j] = result.value;
    }
    std::memcpy(static_cast<Result*>(args.out) + i, block, sizeof block);
  }
}

template <class Op, class... Listed>
constexpr bool is_listed(TypeList<Listed...>) {
  return (std::is_same_v<Op, Listed> || ...);
}

// A truth value is a byte of 0 or 1, and these make such bytes of such bytes.
using ClosedOverBits = TypeList<math::Mul, math::Maximum, math::Minimum, math::BitwiseAnd, math::BitwiseOr,
                                math::BitwiseXor, math::Where>;

// Of floating numbers only masks and choices: the rest has vector functions.
template <class Op, class T>
constexpr bool has_loop() {
  if constexpr (!is_listed<Op>(Ops{}) || !math::supports<Op, Num<T>>)
    return false;
  else
    return !std::is_floating_point_v<T> || std::is_same_v<Op, math::Where> ||
           math::result_is_mask<Op, Num<T>>;
}

template <class Op, class T>
constexpr MapLoop loop_of() {
  constexpr bool moves_bits = std::is_floating_point_v<T> && std::is_same_v<Op, math::Where>;
  if constexpr (!has_loop<Op, T>())
    return nullptr;
  else if constexpr (std::is_same_v<T, bool> && is_listed<Op>(ClosedOverBits{}))
    return whole_loop<Op, uint8_t>;
  else if constexpr (moves_bits)  // whatever they mean
    return whole_loop<Op, std::conditional_t<sizeof(T) == 4, int32_t, int64_t>>;
  else
    return whole_loop<Op, T>;
}

using OpLoops = std::array<MapLoop, static_cast<size_t>(Types::size)>;

template <class Op>
constexpr OpLoops loops_of() {
  OpLoops loops{};
  size_t next = 0;
  Types::for_each([&](auto tag) { loops[next++] = loop_of<Op, typename decltype(tag)::type>(); });
  return loops;
}

constexpr std::array<OpLoops, static_cast<size_t>(kMapCount)> kLoops = [] {
  std::array<OpLoops, static_cast<size_t>(kMapCount)> table{};
  size_t next = 0;
  MapOps::for_each([&](auto tag) { table[next++] = loops_of<typename decltype(tag)::type>(); });
  return table;
}();

}  // namespace

MapLoop whole_map_loop(OpId id, DType type) {
  const OpLoops& loops = kLoops[static_cast<size_t>(map_index(id))];
  MapLoop found = nullptr;
  size_t next = 0;
  Types::for_each([&](auto tag) {
    if (type == dtype_of<typename decltype(tag)::type>) found = loops[next];
    ++next;
  });
  return found;
}

}  // namespace rushlight::cpu
