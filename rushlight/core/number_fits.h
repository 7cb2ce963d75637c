// Which plain numbers an element type holds: a 300 that is to become a uint8 is a mistake, and no 44.
#pragma once

#include "rushlight/core/tensor.h"

namespace rushlight {

// PyTorch's rule: a negative whole number may wrap around once in an unsigned type (-1 is all bits set),
// infinities and NaN are floats, and everything is a truth value.
bool number_fits(int64_t number, DType dtype);
bool number_fits(double number, DType dtype);

// Throws where `number` is a plain number that dtype does not hold. The elements of tensors are cast as they
// are: a recorded graph does not know them.
void expect_number_fits(const char* op, const Tensor& number, DType dtype);
// The same for an argument that is no tensor: a whole one is meant as an integer.
void expect_number_fits(const char* op, double number, DType dtype);

}  // namespace rushlight
