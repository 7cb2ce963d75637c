#include "rushlight/ops/image_rules.h"

#include <algorithm>

namespace rushlight {

void expect_numbers(const char* op, const char* name, const IntList& list, size_t rank, int64_t least) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (list.size() != 1 && list.size() != rank)
    fail(ErrorKind::runtime, "[", op, "] ", name, " must be one number or ", rank,
         ", one for each spatial dimension, but it is ", static_cast<const Ints&>(list));
  for (int64_t number : list)
    if (number < least || number > most)
      fail(ErrorKind::runtime, "[", op, "] ", name, " must be at least ", least, " and at most ", most,
           ", but it is ", static_cast<const Ints&>(list));
}

size_t expect_image(const OpCall& call, size_t input, const char* what, size_t first_filled) {
  expect_defined(call, input, what);
  IntSpan shape = call.in[input].shape();
  if (shape.size() < 3)
    fail(ErrorKind::runtime, "[", call.name(), "] ", what,
         " must have a batch, channels and spatial dimensions, but its shape is ", shape);
  for (size_t d = first_filled; d < shape.size(); ++d)
    if (shape[d] == 0)
      fail(ErrorKind::runtime, "[", call.name(), "] dimension ", d, " of ", what,
           " must not be empty, but the shape is ", shape);
  return shape.size() - 2;
}

Layout dense_in_order_of(const Layout& like, IntSpan shape) {
  Layout dense = like.dense_like();
  if (dense.is_contiguous() || checked_numel(shape, "shape") == 0) return Layout(shape);
  SmallVector<size_t, 5> order;
  for (size_t d = 0; d < shape.size(); ++d) order.push_back(d);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    IntSpan step = dense.strides();
    return step[a] == step[b] ? a < b : step[a] < step[b];
  });
  int64_t step = 1;
  Strides strides(shape.size(), 1);
  for (size_t d : order) {
    strides[d] = step;
    step *= shape[d];
  }
  return Layout(shape, {strides.data(), strides.size()}, 0);
}

}  // namespace rushlight
