// What ops on images share: numbers for each spatial dimension, images without a batch, layouts that are
// kept.
#pragma once

#include "rushlight/backend/windows.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

// Throws unless `list` is one number or one for each of `rank` dimensions, none below `least` or beyond 32
// bits, so that products of two of them do not overflow.
void expect_numbers(const char* op, const char* name, const IntList& list, size_t rank, int64_t least);

// The rank of the spatial part of an image (batch, channels, spatial dimensions), of which `what` ("input",
// "grad") is the name. No dimension from `first_filled` on may be empty.
size_t expect_image(const OpCall& call, size_t input, const char* what, size_t first_filled);

// A dense layout of this shape in the order of dimensions of `like`: pooled channels-last images stay so.
Layout dense_in_order_of(const Layout& like, IntSpan shape);

inline IntSpan spatial(IntSpan shape) { return shape.subspan(2); }

inline Tensor without_batch(const Tensor& result) { return squeeze(result, {.dim = 0}); }
template <class Pair>
Pair without_batch(const Pair& result) {
  return {without_batch(result.output), without_batch(result.indices)};
}

// compute(input), where an image without a batch is a batch of one.
template <class Compute>
auto in_batches(const char* op, const Tensor& input, int rank, Compute&& compute) {
  if (!input.defined())
    fail(ErrorKind::type, "[", op, "] argument 'input' must be a tensor, but none was given");
  if (input.rank() == rank + 2) return compute(input);
  if (input.rank() != rank + 1)
    fail(ErrorKind::runtime, "[", op, "] expected ", rank + 1, "D (unbatched) or ", rank + 2,
         "D (batched) input, but its shape is ", input.shape());
  return without_batch(compute(unsqueeze(input, 0)));
}

}  // namespace rushlight
