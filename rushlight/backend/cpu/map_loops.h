// The loops of the elementwise ops: formulas of math/ over whole vectors. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd_math.h"
#include "rushlight/backend/map_loop.h"
#include "rushlight/base/type_list.h"
#include "rushlight/math/uses.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// How these loops read MapArgs: count is a multiple of the lanes; an operand's step is 1, or 0 if in[] points
// to one vector of equal lanes; out_step is 1. A mask, operand or result, travels as 0 and 1 in the loop's
// own number type.
template <class T>
RUSHLIGHT_INLINE Vec<T> operand_at(const MapArgs& args, int k, int64_t i) {
  return load(static_cast<const T*>(args.in[k]) + i * args.step[k]);
}

template <class T>
RUSHLIGHT_INLINE Vec<T> number_from(Vec<T> x) {
  return x;
}
template <class Mask>
RUSHLIGHT_INLINE auto number_from(Mask mask) -> typename Mask::Number {
  return select(mask, typename Mask::Number(1), typename Mask::Number(0));
}

template <class Op, class T>
void forward_loop(const MapArgs& args) {
  T* out = static_cast<T*>(args.out);
  for (int64_t i = 0; i < args.count; i += Vec<T>::kLanes) {
    Vec<T> x[3];
    for (int k = 0; k < math::arity<Op>; ++k) x[k] = operand_at<T>(args, k, i);
    store(out + i, number_from(math::apply_forward<Op, Vec<T>>(x, args.params)));
  }
}

// in[]: the result's gradient, then those operands, then the result, as far as the formula reads them.
template <class Op, int I, class T>
void grad_loop(const MapArgs& args) {
  constexpr math::GradUse use = math::grad_use<Op, I>();
  T* out = static_cast<T*>(args.out);
  for (int64_t i = 0; i < args.count; i += Vec<T>::kLanes) {
    int next = 1;
    Vec<T> x[3], y = 0;
    for (int k = 0; k < math::arity<Op>; ++k)
      x[k] = use.reads_input[k] ? operand_at<T>(args, next++, i) : Vec<T>(0);
    if constexpr (use.reads_output) y = operand_at<T>(args, next, i);
    store(out + i, math::apply_grad<Op, I, Vec<T>>(operand_at<T>(args, 0, i), x, y, args.params));
  }
}

constexpr int kMapParts = 4;  // forward, and the gradient of each operand

// The loops of a list of formulas, in its order; null where a formula has none.
template <class Ops, class T>
struct MapLoops {
  MapLoop loop[Ops::size][kMapParts] = {};

  constexpr MapLoops() {
    int next = 0;
    Ops::for_each([&](auto tag) { fill<typename decltype(tag)::type>(loop[next++]); });
  }

 private:
  template <class Op>
  static constexpr void fill(MapLoop* parts) {
    if constexpr (math::supports<Op, Vec<T>>) parts[0] = forward_loop<Op, T>;
    if constexpr (math::has_grad<Op>) {
      parts[1] = grad_loop<Op, 0, T>;
      if constexpr (math::arity<Op> > 1) parts[2] = grad_loop<Op, 1, T>;
      if constexpr (math::arity<Op> > 2) parts[3] = grad_loop<Op, 2, T>;
    }
  }
};

}  // namespace rushlight::cpu::RUSHLIGHT_ISA
