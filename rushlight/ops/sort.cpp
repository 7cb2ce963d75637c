// Sorting: sort, argsort, msort, topk.
#include "rushlight/ops/reduction_rules.h"

namespace rushlight {

namespace {

void sort_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  const Tensor& input = call.in[0];
  wrap_dim(args::Sort(call.attrs).dim, input.rank(), "sort");
  call.emit(input.shape(), input.dtype());
  call.emit(input.shape(), DType::int64);
}

void topk_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  args::Topk a(call.attrs);
  const Tensor& input = call.in[0];
  int dim = wrap_dim(a.dim, input.rank(), "topk");
  int64_t size = input.rank() ? input.size(dim) : 1;
  if (a.k < 0 || a.k > size)
    fail(ErrorKind::runtime, "[topk] selected index k out of range: k is ", a.k, ", but dim ", dim,
         " of shape ", input.shape(), " has size ", size);
  if (input.dtype() == DType::boolean)
    fail(ErrorKind::runtime, "[topk] does not support bool; cast it with to(uint8)");
  Shape shape = to_ints(input.shape());
  if (input.rank()) shape[static_cast<size_t>(dim)] = a.k;
  call.emit(span_of(shape), input.dtype());
  call.emit(span_of(shape), DType::int64);
}

}  // namespace

namespace defs {
const OpDef sort = picking_along<args::Sort>(OpId::sort, sort_infer);
const OpDef topk = picking_along<args::Topk>(OpId::topk, topk_infer);
}  // namespace defs

Tensor argsort(const Tensor& input, const ArgsortOptions& options) {
  return sort(input, {.dim = options.dim, .descending = options.descending, .stable = options.stable})
      .indices;
}

Tensor msort(const Tensor& input) { return sort(input, {.dim = 0}).values; }

}  // namespace rushlight
