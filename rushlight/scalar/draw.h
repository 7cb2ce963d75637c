// The graph behind a Value, as something to look at: to_svg(draw(loss)), to_dot, to_text.
#pragma once

#include <span>
#include <string>

#include "rushlight/base/graph_drawing.h"
#include "rushlight/scalar/value.h"

namespace rushlight::scalar {

struct Name {
  Value value;
  std::string text;
};

// Each node that `root` depends on, with its name where it was given one, its operation, data and grad.
GraphDrawing draw(const Value& root, std::span<const Name> names = {});
inline GraphDrawing draw(const Value& root, std::initializer_list<Name> names) {
  return draw(root, std::span(names.begin(), names.size()));
}

}  // namespace rushlight::scalar
