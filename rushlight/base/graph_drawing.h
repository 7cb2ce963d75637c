// Draws a directed acyclic graph of labelled boxes: as SVG (laid out here), as DOT, as a tree of text lines.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace rushlight {

// What to draw: boxes, and arrows between them. The direction of an arrow is that of the data.
struct GraphDrawing {
  struct Node {
    std::vector<std::string> lines;  // the first is the title
  };
  struct Edge {
    int from = 0, to = 0;  // indices into `nodes`
  };
  std::vector<Node> nodes;
  std::vector<Edge> edges;

  int add_node(std::vector<std::string> lines) {
    nodes.push_back({std::move(lines)});
    return static_cast<int>(nodes.size()) - 1;
  }
  void add_edge(int from, int to) { edges.push_back({from, to}); }
};

// A picture of more boxes is no longer looked at, and its layout takes long: to_svg refuses it.
inline constexpr int kMaxDrawnNodes = 2000;

// Each throws Error(value) for an edge to a node that does not exist and for a cycle.

// A whole SVG document. Data flows from left to right; nodes without incoming arrows have their own colour.
std::string to_svg(const GraphDrawing& graph);

// For Graphviz.
std::string to_dot(const GraphDrawing& graph);

// Every node that nothing uses is the root of a tree of what it was made from. A node with several uses is
// numbered, and spelled out at the first of them. Lines, and branches, end in "…" where the page does.
std::string to_text(const GraphDrawing& graph, int columns = 80);

}  // namespace rushlight
