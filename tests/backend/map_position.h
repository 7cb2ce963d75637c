// Where a formula stands in the tables of elementwise loops.
#pragma once

#include <type_traits>

#include "rushlight/generated/map_ops.h"

namespace rushlight {

template <class Wanted>
int map_position() {
  int found = -1, next = 0;
  MapOps::for_each([&](auto tag) {
    if (std::is_same_v<typename decltype(tag)::type, Wanted>) found = next;
    ++next;
  });
  return found;
}

}  // namespace rushlight
