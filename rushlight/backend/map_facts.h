// What the formulas say about themselves, as a table over the MAP ops: read by shape inference, kernels and
// gradients.
#pragma once

#include <array>
#include <cstdint>

#include "rushlight/backend/kernel_args.h"
#include "rushlight/backend/map_loop.h"
#include "rushlight/generated/map_ops.h"
#include "rushlight/math/call.h"
#include "rushlight/math/num.h"
#include "rushlight/math/uses.h"

namespace rushlight {

inline constexpr int kMapCount = MapOps::size;

struct MapFacts {
  int arity = 0;
  int param_count = 0;
  unsigned mask_operands = 0;
  bool mask_result = false;
  bool differentiable = false;
  bool saves_nothing = true;  // the gradients read the result's gradient alone
  math::Integers integers = math::Integers::refused;
  uint16_t dtypes = 0;  // bit per DType: a formula exists for numbers of this type (halves by way of float32)
  math::GradUse grads[3] = {};
  uint8_t saved_inputs[3] = {};  // grads[i].reads_input as bits

  constexpr bool supports(DType dtype) const { return dtypes >> static_cast<int>(dtype) & 1; }
};

extern const std::array<MapFacts, kMapCount> kMapFacts;
inline const MapFacts& map_facts(OpId id) { return kMapFacts[static_cast<size_t>(map_index(id))]; }

// The type that a MAP op computes in, whatever the operands' types: promotion over all operands that are not
// masks, then to floating where the formula needs it. Throws, naming the op and the types, where there is no
// formula.
DType map_compute_type(OpId id, Inputs operands);

// PyTorch's promotion over a list: dimensioned tensors decide within their category, then 0-d ones, then
// plain numbers.
DType result_type(Inputs operands, unsigned skip = 0);

// A call of a MAP op (forward or one gradient), made ready for the loops of a backend.
struct MapCall {
  explicit MapCall(const KernelCall& call);
  // REQUIRES: flat. The whole call as one run; `params` are this object's.
  MapArgs flat_args(const KernelCall& call) const;

  DType type;                  // the loops compute in it; halves in float32
  DType met = DType::boolean;  // halves are compared: operands of other types are first rounded to this half
  unsigned bool_operands = 0;  // bit k: inputs[k] is a mask
  bool bool_result = false;
  bool uniform;  // no operand needs a cast
  bool flat;     // ... and all are one contiguous run of the same length
  double params[8];
};

}  // namespace rushlight
