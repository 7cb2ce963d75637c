// Tensors as the bytes of their elements in row-major order, and back.
#pragma once

#include <string>
#include <string_view>

#include "rushlight/core/named_tensors.h"

namespace rushlight::io {

// A fresh tensor. Throws where `bytes` are not exactly what this shape takes. A boolean of any bits but zero
// is true.
Tensor tensor_from_bytes(std::string_view bytes, IntSpan shape, DType dtype);

// Makes each boolean 0 or 1, which is all that C++ allows in memory.
void clean_booleans(void* booleans, size_t count);

// The elements of a tensor, which stays alive as long: a copy only where they lie in another order.
class TensorBytes {
 public:
  explicit TensorBytes(const Tensor& tensor);
  std::string_view view() const;

 private:
  Tensor tensor_;
  std::string copy_;
};

// What all writers of files ask: each tensor is defined, and each name is valid UTF-8 and there once.
void expect_writable(const NamedTensors& tensors, const char* format);

}  // namespace rushlight::io
