// A tensor as text, as PyTorch prints it: aligned columns, scientific where needed, summarised when large.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "rushlight/core/tensor.h"

namespace rushlight {

struct PrintOptions {
  int precision = 4;         // digits after the point
  int64_t threshold = 1000;  // above this many elements only the edges are shown
  int64_t edge_items = 3;    // how many at each end of a dimension
  int line_width = 80;
  std::optional<bool> scientific{};  // unsaid: where the values ask for it
};
PrintOptions& print_options();  // process-wide

// tensor([1., 2.], dtype=float64): the dtype where it is not the default one, then `suffixes`
// ("requires_grad=True").
std::string to_string(const Tensor& tensor, std::span<const std::string> suffixes = {});

}  // namespace rushlight
