// The tape behind a tensor, as something to look at: to_svg(draw(loss)), to_dot, to_text.
#pragma once

#include <span>
#include <string>

#include "rushlight/base/graph_drawing.h"
#include "rushlight/core/tensor.h"

namespace rushlight {

struct TensorName {
  Tensor tensor;
  std::string text;
};

// Each recorded op that `root` depends on, and each leaf, with its name where it was given one. Of tensors
// that the tape knows, the data and grad: a single number, or dtype and shape.
GraphDrawing draw(const Tensor& root, std::span<const TensorName> names = {});
inline GraphDrawing draw(const Tensor& root, std::initializer_list<TensorName> names) {
  return draw(root, std::span(names.begin(), names.size()));
}

}  // namespace rushlight
