// Where the boxes and arrows of a drawing go: columns from left to right, few crossings, nothing overlapping.
#pragma once

#include <vector>

#include "rushlight/base/graph_drawing.h"

namespace rushlight {

struct Point {
  double x = 0, y = 0;
};

struct GraphLayout {
  struct Box {
    Point middle;
    double width = 0, height = 0;
  };
  std::vector<Box> boxes;  // one for each node
  std::vector<std::vector<Point>>
      wires;  // for each edge the points that its curve runs through, horizontally
  double width = 0, height = 0;
};

// The size of a letter, which the sizes of the boxes follow from.
inline constexpr double kLetterWidth = 7.3, kLineHeight = 17, kBoxPadding = 8;

// REQUIRES: `order` lists the nodes so that every edge points from an earlier to a later one.
GraphLayout lay_out(const GraphDrawing& graph, const std::vector<int>& order);

}  // namespace rushlight
