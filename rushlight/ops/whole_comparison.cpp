// Questions about whole tensors that a plain true or false answers: a trace refuses them.
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

void expect_both(const char* op, const Tensor& input, const Tensor& other) {
  for (const Tensor* tensor : {&input, &other})
    if (!tensor->defined())
      fail(ErrorKind::type, "[", op, "] argument '", tensor == &input ? "input" : "other",
           "' must be a tensor, but none was given");
}

}  // namespace

bool allclose(const Tensor& input, const Tensor& other, const AllcloseOptions& options) {
  expect_both("allclose", input, other);
  if (input.dtype() != other.dtype())
    fail(ErrorKind::runtime, "[allclose] input and other must have one dtype, but are ", input.dtype(),
         " and ", other.dtype(), "; cast one with to(...)");
  for (auto [name, value] : {std::pair("rtol", options.rtol), std::pair("atol", options.atol)})
    if (!(value >= 0))
      fail(ErrorKind::runtime, "[allclose] ", name, " must not be negative, but it is ", value);
  input.touch_elements("allclose");
  return all(isclose(input, other,
                     {.rtol = options.rtol, .atol = options.atol, .equal_nan = options.equal_nan}))
      .item<bool>();
}

bool equal(const Tensor& input, const Tensor& other) {
  if (input.defined() && other.defined() && !input.layout().same_shape(other.layout())) return false;
  expect_both("equal", input, other);
  input.touch_elements("equal");
  return all(input == other).item<bool>();
}

bool is_nonzero(const Tensor& input) {
  if (input.numel() != 1)
    fail(ErrorKind::runtime, "[is_nonzero] a tensor with ", input.numel(), " elements of shape ",
         input.shape(), " is neither true nor false; use any() or all()");
  input.touch_elements("is_nonzero");
  return (input != 0).item<bool>();
}

}  // namespace rushlight
