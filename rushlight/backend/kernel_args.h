// What a kernel is called with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "rushlight/base/bounds.h"
#include "rushlight/core/attr.h"
#include "rushlight/core/schema.h"
#include "rushlight/core/tensor.h"

namespace rushlight {

// Borrowed tensors in a row. An undefined one stands for an argument that was not given.
class Inputs {
 public:
  Inputs() = default;
  Inputs(const Tensor* const* first, size_t count) : first_(first), count_(static_cast<uint32_t>(count)) {}
  size_t size() const { return count_; }
  const Tensor& operator[](size_t i) const {
    assert_inside(i, count_);
    return *first_[i];
  }
  const Tensor* const* data() const { return first_; }
  Inputs from(size_t skip) const { return {first_ + skip, count_ - skip}; }

 private:
  const Tensor* const* first_ = nullptr;
  uint32_t count_ = 0;
};

// Which of an op's computations is meant.
//   forward     results from inputs
//   grad0 ...   of a MAP: the gradient of operand 0, 1, 2. Inputs: the gradient of the result, then those
//   operands, then
//               the result, as far as the formula reads them (MapFacts::grads says which)
//   backward    of a COMPOSITE: all gradients at once. Inputs: the gradients of the results, then every
//   input, every
//               result and residual (undefined where not saved); outputs: one per input (undefined where not
//               needed)
enum class Part : uint8_t { forward, grad0, grad1, grad2, backward };
inline constexpr int kPartCount = 5;

struct KernelCall {
  OpId id;
  Part part;
  Inputs in;
  std::span<const Tensor> out;  // allocated; may be the same memory as an input of the same layout
  Attrs attrs;
};

// Returns false to decline (a layout, dtype or option it has no fast way for): the engine takes the next way
// down.
using Kernel = bool (*)(const KernelCall&);

}  // namespace rushlight
