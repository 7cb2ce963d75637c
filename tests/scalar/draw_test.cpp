#include "rushlight/scalar/draw.h"

#include <doctest/doctest.h>

using namespace rushlight;
using namespace rushlight::scalar;

TEST_CASE("the graph of a Value: names, ops, data and grad") {
  Value a = 2, b = -3;
  Value loss = a * b + a;
  loss.backward();
  const GraphDrawing graph = draw(loss, {{a, "a"}, {b, "b"}, {loss, "loss"}});
  CHECK(to_text(graph) ==
        "loss = +  data -4  grad 1\n"
        "├─ *  data -6  grad 1\n"
        "│  ├─ [1] a  data 2  grad -2\n"
        "│  └─ b  data -3  grad 2\n"
        "└─ [1] a  (above)\n");
  CHECK(graph.nodes.size() == 4);
  CHECK(graph.edges.size() == 4);
}

TEST_CASE("a node that is used twice by one other has two arrows") {
  Value x = 3;
  const GraphDrawing graph = draw(x * x);
  CHECK(graph.nodes.size() == 2);
  CHECK(graph.edges.size() == 2);
  CHECK(to_text(graph) == "*  data 9  grad 0\n├─ [1] value  data 3  grad 0\n└─ [1] value  (above)\n");
}
