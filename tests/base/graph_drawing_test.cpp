#include "rushlight/base/graph_drawing.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "rushlight/base/error.h"
#include "rushlight/base/graph_layout.h"
#include "rushlight/base/terminal.h"

using namespace rushlight;

namespace {

GraphDrawing diamond() {
  GraphDrawing graph;
  const int x = graph.add_node({"x"}), left = graph.add_node({"left", "data 1"}),
            right = graph.add_node({"right"});
  const int sum = graph.add_node({"sum"});
  graph.add_edge(x, left);
  graph.add_edge(x, right);
  graph.add_edge(left, sum);
  graph.add_edge(right, sum);
  return graph;
}

// Every node but the first few uses two older ones, some of them much older.
GraphDrawing tangle(int count) {
  GraphDrawing graph;
  for (int i = 0; i < count; ++i) {
    graph.add_node(std::vector<std::string>(1 + i % 3, std::string(1 + i * 7 % 11, 'w')));
    if (i < 4) continue;
    graph.add_edge(i - 1 - i % 3, i);
    graph.add_edge(i * 5 % 7 % i, i);
  }
  return graph;
}

std::vector<int> numbers_up_to(int count) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

int count_of(const std::string& text, const std::string& piece) {
  int count = 0;
  for (size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

bool overlap(const GraphLayout::Box& a, const GraphLayout::Box& b) {
  return std::fabs(a.middle.x - b.middle.x) < (a.width + b.width) / 2 &&
         std::fabs(a.middle.y - b.middle.y) < (a.height + b.height) / 2;
}

}  // namespace

TEST_CASE("layout: no boxes overlap, all lie on the page, data flows to the right") {
  const GraphDrawing graph = tangle(60);
  const GraphLayout layout = lay_out(graph, numbers_up_to(60));
  REQUIRE(layout.boxes.size() == 60);
  for (size_t i = 0; i < layout.boxes.size(); ++i) {
    const GraphLayout::Box& box = layout.boxes[i];
    CHECK(box.middle.x - box.width / 2 >= 0);
    CHECK(box.middle.y - box.height / 2 >= 0);
    CHECK(box.middle.x + box.width / 2 <= layout.width);
    CHECK(box.middle.y + box.height / 2 <= layout.height);
    for (size_t j = 0; j < i; ++j) CHECK_FALSE(overlap(box, layout.boxes[j]));
  }
  for (size_t i = 0; i < graph.edges.size(); ++i) {
    const std::vector<Point>& wire = layout.wires[i];
    const GraphLayout::Box &from = layout.boxes[graph.edges[i].from], &to = layout.boxes[graph.edges[i].to];
    CHECK(wire.front().x == from.middle.x + from.width / 2);
    CHECK(wire.back().x == to.middle.x - to.width / 2);
    for (size_t j = 1; j < wire.size(); ++j) CHECK(wire[j - 1].x < wire[j].x);
  }
}

TEST_CASE("layout: wires that cross columns pass between the boxes") {
  const GraphDrawing graph = tangle(60);
  const GraphLayout layout = lay_out(graph, numbers_up_to(60));
  int bends = 0;
  for (const auto& wire : layout.wires)
    for (size_t j = 1; j + 1 < wire.size(); ++j, ++bends)
      for (const auto& box : layout.boxes) CHECK_FALSE(overlap({wire[j], 0, 0}, box));
  CHECK(bends > 10);
}

TEST_CASE("layout: two crossed pairs are uncrossed, and a chain is straight") {
  GraphDrawing pairs;
  for (const char* name : {"a", "b", "to b", "to a"}) pairs.add_node({name});
  pairs.add_edge(0, 3);
  pairs.add_edge(1, 2);
  const GraphLayout layout = lay_out(pairs, {0, 1, 2, 3});
  CHECK((layout.boxes[0].middle.y < layout.boxes[1].middle.y) ==
        (layout.boxes[3].middle.y < layout.boxes[2].middle.y));
  CHECK(layout.boxes[0].middle.y == doctest::Approx(layout.boxes[3].middle.y));
}

TEST_CASE("SVG: a box per node, a curve per edge, and text that can't break out") {
  GraphDrawing graph = diamond();
  graph.nodes[0].lines[0] = "a < b & \"c\"";
  const std::string svg = to_svg(graph);
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(count_of(svg, "<rect class=\"input\"") == 1);
  CHECK(count_of(svg, "<rect class=\"result\"") == 3);
  CHECK(count_of(svg, "<path ") == 4);
  CHECK(count_of(svg, "a &lt; b &amp; \"c\"") == 1);
}

TEST_CASE("DOT") {
  GraphDrawing graph;
  graph.add_node({"say \"x\\y\""});
  graph.add_node({"+", "data 1"});
  graph.add_edge(0, 1);
  CHECK(to_dot(graph) ==
        "digraph {\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n"
        "  n0 [label=\"say \\\"x\\\\y\\\"\"];\n  n1 [label=\"+\\ndata 1\"];\n  n0 -> n1;\n}\n");
}

TEST_CASE("text: shared nodes are spelled out once") {
  CHECK(to_text(diamond()) == "sum\n├─ left  data 1\n│  └─ [1] x\n└─ right\n   └─ [1] x  (above)\n");
}

TEST_CASE("text: lines fit the page, and what would leave it is left out") {
  GraphDrawing chain;
  for (int i = 0; i < 100'000; ++i) {
    chain.add_node({"a node with a long name"});
    if (i > 0) chain.add_edge(i - 1, i);
  }
  const std::string text = to_text(chain, 60);
  CHECK(text.ends_with("…\n"));
  CHECK(count_of(text, "\n") < 30);
  for (size_t start = 0; start < text.size(); start = text.find('\n', start) + 1)
    CHECK(display_width(text.substr(start, text.find('\n', start) - start)) <= 60);
}

TEST_CASE("an empty graph, and a single node") {
  GraphDrawing graph;
  CHECK(to_text(graph) == "");
  CHECK(to_svg(graph).ends_with("</svg>\n"));
  graph.add_node({});
  CHECK(to_text(graph) == "\n");
  CHECK(count_of(to_svg(graph), "<rect class=\"input\"") == 1);
}

TEST_CASE("what can't be drawn is an error") {
  GraphDrawing graph = diamond();
  graph.add_edge(3, 0);
  CHECK_THROWS_WITH_AS(to_svg(graph), "[draw] the graph has a cycle", Error);
  CHECK_THROWS_WITH_AS(to_text(graph), "[draw] the graph has a cycle", Error);
  graph.edges.back() = {0, 4};
  CHECK_THROWS_WITH_AS(to_dot(graph), "[draw] edge 0 -> 4 in a graph of 4 nodes", Error);
  graph.edges.back() = {-1, 0};
  CHECK_THROWS_WITH_AS(to_dot(graph), "[draw] edge -1 -> 0 in a graph of 4 nodes", Error);
  CHECK_THROWS_WITH_AS(to_svg(tangle(2001)),
                       "[draw] 2001 nodes are too many for a picture; draw at most 2000", Error);
}
