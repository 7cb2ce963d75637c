// Where a tensor is not zero. How many places there are is known only from the elements: a trace refuses it.
#include "rushlight/ops/nonzero.h"

#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

void nonzero_positions_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  int64_t count = args::NonzeroPositions(call.attrs).count;
  if (count < 0 || count > call.in[0].numel())
    fail(ErrorKind::value, "[nonzero_positions] count must be from 0 to the ", call.in[0].numel(),
         " elements of input, but it is ", count);
  call.emit(IntSpan(&count, 1), DType::int64);
}

// Row-major positions as one index per dimension.
std::vector<Tensor> unraveled(Tensor positions, IntSpan shape) {
  std::vector<Tensor> indices(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    indices[d] = d ? remainder(positions, shape[d]) : positions;
    if (d) positions = floor_divide(positions, shape[d]);
  }
  return indices;
}

}  // namespace

namespace defs {
const OpDef nonzero_positions = without_gradient(OpId::nonzero_positions, nonzero_positions_infer);
}  // namespace defs

Tensor flat_nonzero(const char* op, const Tensor& input) {
  input.touch_elements(op);
  return nonzero_positions(input, sum(input != 0).item<int64_t>());
}

std::vector<Tensor> nonzero_indices(const char* op, const Tensor& input) {
  return unraveled(flat_nonzero(op, input), input.shape());
}

Tensor nonzero(const Tensor& input) {
  if (input.rank() == 0) return zeros({flat_nonzero("nonzero", input).numel(), 0}, {.dtype = DType::int64});
  return stack(nonzero_indices("nonzero", input), {.dim = 1});
}

std::vector<Tensor> nonzero(const Tensor& input, bool as_tuple) {
  if (!as_tuple) return {nonzero(input)};
  return nonzero_indices("nonzero", input.rank() ? input : unsqueeze(input, 0));
}

std::vector<Tensor> where(const Tensor& condition) { return nonzero(condition, true); }
Tensor argwhere(const Tensor& input) { return nonzero(input); }

}  // namespace rushlight
