// What the formulas say about themselves, as a table over the MAP ops: read by shape inference, kernels and
// gradients.
#pragma once

#include <array>
#include <cstdint>

#include "rushlight/backend/kernel_args.h"
#include "rushlight/generated/map_ops.h"
#include "rushlight/math/call.h"
#include "rushlight/math/num.h"
#include "rushlight/math/uses.h"

namespace rushlight {

inline constexpr int kMapCount = MapOps::size;

// The position of an op among the MAP ops, or -1.
int map_index(OpId id);

struct MapFacts {
  int arity = 0;
  int param_count = 0;
  unsigned mask_operands = 0;
  bool mask_result = false;
  bool differentiable = false;
  math::Integers integers = math::Integers::refused;
  uint16_t dtypes = 0;  // bit per DType: a formula exists for numbers of this type (halves by way of float32)
  math::GradUse grads[3] = {};

  bool supports(DType dtype) const { return dtypes >> static_cast<int>(dtype) & 1; }
};

const MapFacts& map_facts(OpId id);

// The type that a MAP op computes in, whatever the operands' types: promotion over all operands that are not
// masks, then to floating where the formula needs it. Throws, naming the op and the types, where there is no
// formula.
DType map_compute_type(OpId id, Inputs operands);

// PyTorch's promotion over a list: dimensioned tensors decide within their category, then 0-d ones, then
// plain numbers.
DType result_type(Inputs operands, unsigned skip = 0);

}  // namespace rushlight
