// Where intermediate buffers lie in one arena: those that live at different times share memory.
#pragma once

#include <cstddef>
#include <vector>

#include "rushlight/jit/graph.h"

namespace rushlight {

struct MemoryPlan {
  static constexpr size_t kOutside = ~size_t{0};
  std::vector<size_t> offsets;  // of each buffer; kOutside: not in the arena
  std::vector<bool>
      escapes;       // of each buffer made inside: it is a result or a gradient, and the caller keeps it
  size_t bytes = 0;  // of the arena
};

MemoryPlan plan_memory(const Graph& graph);

}  // namespace rushlight
