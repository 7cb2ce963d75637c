// What the families of ops share when they state their rules: argument checks, dimension lists, the table's
// parts.
#pragma once

#include "rushlight/engine/apply.h"
#include "rushlight/engine/node.h"
#include "rushlight/engine/op_def.h"
#include "rushlight/generated/functions.h"
#include "rushlight/generated/map_ops.h"
#include "rushlight/generated/op_args.h"
#include "rushlight/ops/operators.h"

namespace rushlight {

// One constant per OP, VIEW and COMPOSITE of the list, defined in its family's file; the linker finds a
// missing one.
namespace defs {
#define MAP(id, schema, doc)
#define FUNCTION(id, schema, doc)
#define VIEW(id, schema, doc) extern const OpDef id;
#define OP(id, schema, doc) extern const OpDef id;
#define COMPOSITE(id, schema, doc) extern const OpDef id;
#include "rushlight/core/op_list.h"
#undef MAP
#undef VIEW
#undef OP
#undef COMPOSITE
#undef FUNCTION
}  // namespace defs

// The OpDefs of the MAP ops, in the list's order.
extern const std::array<OpDef, static_cast<size_t>(MapOps::size)> kMapDefs;

// The OpDef of a VIEW.
constexpr OpDef view_def(OpId id, Layout (*view)(const Tensor&, const Attrs&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.view = view;
  def.vjp = vjp;
  def.is_view = true;
  def.saves_facts = true;
  return def;
}

// The OpDef of an op whose gradient reads the shapes and dtypes of its inputs, and more only where said
// later.
constexpr OpDef with_gradient(OpId id, void (*infer)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = infer;
  def.vjp = vjp;
  def.saves_facts = true;
  return def;
}

// An op that has a kernel and no gradient.
constexpr OpDef without_gradient(OpId id, void (*infer)(OpCall&)) {
  OpDef def{id};
  def.infer = infer;
  return def;
}

// Halves compute in float32.
inline Tensor widened(const Tensor& t) { return is_half(t.dtype()) ? to(t, DType::float32) : t; }
inline Tensor as_dtype(const Tensor& t, DType dtype) { return t.dtype() == dtype ? t : to(t, dtype); }

// `values` with the strides of `input`, whose likeness they are.
inline Tensor laid_like(const Tensor& input, const Tensor& values) {
  if (input.is_contiguous() || input.layout().dense_like().is_contiguous()) return values;
  return copy(as_dtype(detach(input), values.dtype()), values);
}

inline IntSpan span_of(const Ints& ints) { return {ints.data(), ints.size()}; }

// Throws "[op] argument `name` ..." where a tensor that the op needs was not given.
void expect_defined(const OpCall& call, size_t input, const char* name);
void expect_floating(const OpCall& call, size_t input, const char* name);
void expect_rank(const OpCall& call, size_t input, const char* name, int least);
void expect_same_dtype(const OpCall& call, size_t a, size_t b);

// The dimensions a reduction runs over, each once, wrapped and in order; all of them where none are named.
Ints reduced_dims(const OptionalIntList& dims, int rank, const char* op);
// `shape` after reducing over `dims`.
Shape reduced_shape(IntSpan shape, const Ints& dims, bool keepdim);

// Zeros to add to or to write into: one number, expanded.
inline Tensor nothing(IntSpan shape, DType dtype) { return expand(zeros({}, {.dtype = dtype}), shape); }

}  // namespace rushlight
