#include "rushlight/base/graph_drawing.h"

#include <cstdio>

#include "rushlight/base/error.h"
#include "rushlight/base/graph_layout.h"
#include "rushlight/base/terminal.h"
#include "rushlight/base/xml.h"

namespace rushlight {

namespace {

using Adjacency = std::vector<std::vector<int>>;

void check_edges(const GraphDrawing& graph) {
  const auto count = static_cast<int>(graph.nodes.size());
  for (const auto& [from, to] : graph.edges)
    if (from < 0 || to < 0 || from >= count || to >= count)
      fail(ErrorKind::value, "[draw] edge ", from, " -> ", to, " in a graph of ", count, " nodes");
}

Adjacency users_of(const GraphDrawing& graph) {
  Adjacency users(graph.nodes.size());
  for (const auto& [from, to] : graph.edges) users[from].push_back(to);
  return users;
}

Adjacency inputs_of(const GraphDrawing& graph) {
  Adjacency inputs(graph.nodes.size());
  for (const auto& [from, to] : graph.edges) inputs[to].push_back(from);
  return inputs;
}

// Every node after all that it is made from.
std::vector<int> inputs_first(const GraphDrawing& graph) {
  check_edges(graph);
  std::vector<int> missing(graph.nodes.size(), 0), order;
  for (const auto& edge : graph.edges) ++missing[edge.to];
  for (size_t i = 0; i < missing.size(); ++i)
    if (missing[i] == 0) order.push_back(static_cast<int>(i));
  const Adjacency users = users_of(graph);
  for (size_t i = 0; i < order.size(); ++i)
    for (const int user : users[order[i]])
      if (--missing[user] == 0) order.push_back(user);
  if (order.size() < graph.nodes.size()) fail(ErrorKind::value, "[draw] the graph has a cycle");
  return order;
}

std::string escape_dot(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string pixels(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

constexpr const char* kStyle =
    "<style>\n"
    ".page { fill: #ffffff }\n"
    "text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #3c4043; text-anchor: middle }\n"
    ".title { font-weight: bold; fill: #202124 }\n"
    ".input { fill: #e8f0fe; stroke: #7baaf7 }\n"
    ".result { fill: #fef7e0; stroke: #f2b632 }\n"
    "path { fill: none; stroke: #9aa0a6; stroke-width: 1.3 }\n"
    "</style>\n"
    "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
    "orient=\"auto\"><polygon points=\"0,1 8,4 0,7\" fill=\"#9aa0a6\"/></marker></defs>\n";

std::string svg_wire(const std::vector<Point>& points) {
  std::string path = join_text("M", pixels(points[0].x), " ", pixels(points[0].y));
  for (size_t i = 1; i < points.size(); ++i) {
    const Point from = points[i - 1], to = points[i];
    const std::string turn = pixels((from.x + to.x) / 2);
    path += join_text(" C", turn, " ", pixels(from.y), " ", turn, " ", pixels(to.y), " ", pixels(to.x), " ",
                      pixels(to.y));
  }
  return join_text("<path d=\"", path, "\" marker-end=\"url(#tip)\"/>\n");
}

std::string svg_box(const GraphDrawing::Node& node, const GraphLayout::Box& box, bool is_input) {
  const double left = box.middle.x - box.width / 2, top = box.middle.y - box.height / 2;
  std::string svg = join_text("<rect class=\"", is_input ? "input" : "result", "\" x=\"", pixels(left),
                              "\" y=\"", pixels(top), "\" width=\"", pixels(box.width), "\" height=\"",
                              pixels(box.height), "\" rx=\"5\"/>\n");
  double baseline = top + kBoxPadding + 0.75 * kLineHeight;
  for (size_t i = 0; i < node.lines.size(); ++i, baseline += kLineHeight)
    svg += join_text(i == 0 ? "<text class=\"title\" x=\"" : "<text x=\"", pixels(box.middle.x), "\" y=\"",
                     pixels(baseline), "\">", escape_xml(node.lines[i]), "</text>\n");
  return svg;
}

// One line per node: a depth-first walk down the inputs, with the branches that are still open drawn at the
// left.
class TextTree {
 public:
  TextTree(const GraphDrawing& graph, int columns)
      : graph_(graph),
        columns_(columns),
        inputs_(inputs_of(graph)),
        users_(users_of(graph)),
        numbers_(graph.nodes.size(), 0) {
    for (size_t i = 0; i < graph.nodes.size(); ++i)
      if (users_[i].empty()) add_tree(static_cast<int>(i));
  }

  std::string take_text() { return std::move(text_); }

 private:
  static constexpr int kLeastVisible = 16;

  struct Line {
    int node;
    std::string before, below;  // what stands left of the node, and left of its inputs
  };

  void add_tree(int root) {
    std::vector<Line> lines{{root, "", ""}};
    while (!lines.empty()) {
      const Line line = std::move(lines.back());
      lines.pop_back();
      const bool spelled_out = add_line(line);
      if (!spelled_out || is_too_deep(line)) continue;
      const std::vector<int>& inputs = inputs_[line.node];
      for (size_t i = inputs.size(); i-- > 0;) {
        const bool last = i + 1 == inputs.size();
        lines.push_back(
            {inputs[i], line.below + (last ? "└─ " : "├─ "), line.below + (last ? "   " : "│  ")});
      }
    }
  }

  // Nothing would be seen of the inputs of such a line, and a chain can be a million deep.
  bool is_too_deep(const Line& line) const { return display_width(line.below) + kLeastVisible > columns_; }

  // Whether this is the place where the node is spelled out.
  bool add_line(const Line& line) {
    int& number = numbers_[line.node];
    const bool first_visit = number == 0;
    if (first_visit && users_[line.node].size() > 1) number = ++shared_nodes_;
    std::string text = line.before;
    if (number > 0) text += join_text("[", number, "] ");
    const std::vector<std::string>& labels = graph_.nodes[line.node].lines;
    for (size_t i = 0; i < labels.size() && (i == 0 || first_visit); ++i)
      text += (i == 0 ? "" : "  ") + labels[i];
    if (!first_visit)
      text += "  (above)";
    else if (is_too_deep(line) && !inputs_[line.node].empty())
      text += " …";
    text_ += fit_to_columns(text, columns_) + '\n';
    return first_visit;
  }

  const GraphDrawing& graph_;
  const int columns_;
  const Adjacency inputs_, users_;
  std::vector<int> numbers_;  // of the shared nodes that were seen
  int shared_nodes_ = 0;
  std::string text_;
};

}  // namespace

std::string to_svg(const GraphDrawing& graph) {
  if (graph.nodes.size() > kMaxDrawnNodes)
    fail(ErrorKind::value, "[draw] ", graph.nodes.size(), " nodes are too many for a picture; draw at most ",
         kMaxDrawnNodes);
  const GraphLayout layout = lay_out(graph, inputs_first(graph));
  const std::string width = pixels(layout.width), height = pixels(layout.height);
  std::string svg = join_text("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width, "\" height=\"",
                              height, "\" viewBox=\"0 0 ", width, " ", height, "\">\n", kStyle,
                              "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
  for (const auto& wire : layout.wires) svg += svg_wire(wire);
  const Adjacency inputs = inputs_of(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    svg += svg_box(graph.nodes[i], layout.boxes[i], inputs[i].empty());
  return svg + "</svg>\n";
}

std::string to_dot(const GraphDrawing& graph) {
  inputs_first(graph);
  std::string dot = "digraph {\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n";
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    dot += join_text("  n", i, " [label=\"");
    const char* separator = "";
    for (const std::string& line : graph.nodes[i].lines) {
      dot += separator + escape_dot(line);
      separator = "\\n";
    }
    dot += "\"];\n";
  }
  for (const auto& [from, to] : graph.edges) dot += join_text("  n", from, " -> n", to, ";\n");
  return dot + "}\n";
}

std::string to_text(const GraphDrawing& graph, int columns) {
  inputs_first(graph);
  return TextTree(graph, columns).take_text();
}

}  // namespace rushlight
