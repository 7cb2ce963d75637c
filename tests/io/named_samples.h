// Tensors of all dtypes, ranks and layouts to be written and read again, and whether two lists are the same.
#pragma once

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "rushlight/io/tensor_bytes.h"
#include "rushlight/ops/indexing.h"
#include "rushlight/rushlight.h"

namespace rushlight {

// Of any dtype: the numbers from 0 on, for booleans 0 and 1 in turns.
inline Tensor counted(const IntList& shape, DType dtype) {
  Tensor t = arange(empty(shape, DType::float32).numel(), {.dtype = DType::float32}).reshape(shape);
  return dtype == DType::boolean ? t.remainder(2).to(dtype) : t.to(dtype);
}

inline NamedTensors samples_of(std::initializer_list<DType> dtypes) {
  NamedTensors tensors;
  for (DType dtype : dtypes) {
    const std::string name(name_of(dtype));
    tensors.push_back({name + ".matrix", counted({2, 3}, dtype)});
    tensors.push_back({name + ".turned", counted({2, 3}, dtype).transpose(0, 1)});
    tensors.push_back({name + ".scalar", counted({3}, dtype)(1)});
    tensors.push_back({name + ".empty", counted({0, 4}, dtype)});
  }
  return tensors;
}
inline NamedTensors samples_of_all_dtypes() {
  NamedTensors tensors;
  for (int i = 0; i < kDTypeCount; ++i)
    for (NamedTensor& named : samples_of({static_cast<DType>(i)})) tensors.push_back(std::move(named));
  return tensors;
}

// The same names in the same order, dtypes, shapes and bits.
inline bool same(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const Tensor &x = a[i].tensor, &y = b[i].tensor;
    if (a[i].name != b[i].name || x.dtype() != y.dtype() || !x.layout().same_shape(y.layout())) return false;
    if (io::TensorBytes(x).view() != io::TensorBytes(y).view()) return false;
  }
  return true;
}

}  // namespace rushlight
