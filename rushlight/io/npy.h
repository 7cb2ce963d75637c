// .npy: one array of NumPy's.
#pragma once

#include <string>
#include <string_view>

#include "rushlight/core/tensor.h"

namespace rushlight::io {

// Versions 1 to 3 of the format, in C and in Fortran order, of either byte order; the tensor is row-major.
// Dtypes that there are not here are refused: complex numbers, dates, texts, records, Python objects.
Tensor load_npy(const std::string& path);
Tensor parse_npy(std::string_view bytes);

// Version 1. NumPy has no bfloat16, so such a tensor is refused.
void save_npy(const std::string& path, const Tensor& tensor);
// All that stands before the elements.
std::string npy_header(const Tensor& tensor);

}  // namespace rushlight::io
