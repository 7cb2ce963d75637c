#include "rushlight/ops/op_rules.h"

#include <algorithm>

namespace rushlight {

void expect_defined(const OpCall& call, size_t input, const char* name) {
  if (input >= call.in.size() || !call.in[input].defined())
    fail(ErrorKind::type, "[", call.name(), "] argument '", name, "' must be a tensor, but none was given");
}

void expect_floating(const OpCall& call, size_t input, const char* name) {
  expect_defined(call, input, name);
  DType dtype = call.in[input].dtype();
  if (!is_floating(dtype))
    fail(ErrorKind::runtime, "[", call.name(), "] argument '", name, "' must be floating point, but it is ",
         dtype, "; cast it with to(float32)");
}

void expect_rank(const OpCall& call, size_t input, const char* name, int least) {
  expect_defined(call, input, name);
  if (call.in[input].rank() < least)
    fail(ErrorKind::runtime, "[", call.name(), "] argument '", name, "' must have at least ", least,
         " dimension(s), but its shape is ", call.in[input].shape());
}

void expect_same_dtype(const OpCall& call, size_t a, size_t b) {
  if (call.in[a].dtype() != call.in[b].dtype())
    fail(ErrorKind::runtime, "[", call.name(), "] expected both operands to have the same dtype, but got ",
         call.in[a].dtype(), " and ", call.in[b].dtype(), "; cast one with to(...)");
}

Ints reduced_dims(const OptionalIntList& dims, int rank, const char* op) {
  Ints result;
  if (!dims || dims->empty()) {
    for (int d = 0; d < rank; ++d) result.push_back(d);
    return result;
  }
  for (int64_t dim : *dims) {
    int64_t d = wrap_dim(dim, rank, op);
    if (std::find(result.begin(), result.end(), d) != result.end())
      fail(ErrorKind::runtime, "[", op, "] dim ", d, " appears multiple times in the list of dims ",
           static_cast<const Ints&>(*dims));
    result.push_back(d);
  }
  if (rank == 0) result.clear();
  std::sort(result.begin(), result.end());
  return result;
}

Shape reduced_shape(IntSpan shape, const Ints& dims, bool keepdim) {
  Shape result;
  for (size_t d = 0; d < shape.size(); ++d) {
    bool reduced = std::find(dims.begin(), dims.end(), static_cast<int64_t>(d)) != dims.end();
    if (!reduced)
      result.push_back(shape[d]);
    else if (keepdim)
      result.push_back(1);
  }
  return result;
}

}  // namespace rushlight
