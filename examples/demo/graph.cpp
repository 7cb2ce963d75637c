#include <cstdio>

#include "examples/demo/demo.h"
#include "rushlight/base/terminal.h"
#include "rushlight/scalar/draw.h"

using namespace rushlight;
using namespace rushlight::scalar;

bool draw_a_graph(const std::string& folder) {
  print_title("1  A number that knows where it came from:  y = tanh(w * x + b)");
  Value x = 0.5, w = -3, b = 2;
  Value y = tanh(w * x + b);
  y.backward();
  const GraphDrawing graph = draw(y, {{x, "x"}, {w, "w"}, {b, "b"}, {y, "y"}});
  std::printf("%s\n", to_text(graph, inspect_terminal(stdout).columns).c_str());
  write_file(folder + "/graph.svg", to_svg(graph));
  return w.grad() == x.data() * (1 - y.data() * y.data());
}
