#include "rushlight/engine/draw.h"

#include <doctest/doctest.h>

#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {
Tensor leaf(double number) { return full({}, number, {.dtype = DType::float64}).requires_grad_(); }
}  // namespace

TEST_CASE("the tape of a tensor: names, ops, data and grad, as a Value's") {
  Tensor a = leaf(2), b = leaf(-3);
  Tensor product = a * b, loss = product + a;
  loss.backward({.retain_graph = true});
  const GraphDrawing graph = draw(loss, {{a, "a"}, {b, "b"}, {loss, "loss"}});
  CHECK(to_text(graph) ==
        "loss = add  data -4\n"
        "├─ mul\n"
        "│  ├─ [1] a  data 2  grad -2\n"
        "│  └─ b  data -3  grad 2\n"
        "└─ [1] a  (above)\n");
  CHECK(graph.nodes.size() == 4);
  CHECK(graph.edges.size() == 4);
  CHECK(to_svg(graph).find("loss = add") != std::string::npos);
  CHECK(to_dot(graph).find("mul") != std::string::npos);
}

TEST_CASE("the tape of larger tensors says dtypes and shapes, constants are no part of it") {
  Tensor x = full({2, 3}, 1.0).requires_grad_();
  Tensor y = sum(x * 2.0);
  y.backward({.retain_graph = true});
  CHECK(to_text(draw(y, {{x, "x"}})) ==
        "sum  data 12\n"
        "└─ mul\n"
        "   └─ x  data float32 (2, 3)  grad float32 (2, 3)\n");
  CHECK_THROWS_WITH_AS(draw(full({2}, 1.0)),
                       "[draw] the tensor does not require grad: there is no tape behind it", Error);
}

TEST_CASE("backward in slow motion: one op of the tape at a time, the latest first") {
  Tensor a = leaf(2), b = leaf(3);
  Tensor product = a * b, root = product + a;
  {
    Backward walk(root);
    CHECK(walk.step()->name() == std::string("add"));
    CHECK(!a.grad().defined());
    CHECK(walk.step()->name() == std::string("mul"));
  }
  CHECK(!a.grad().defined());  // an abandoned walk is forgotten

  product = a * b;
  root = product + a;
  Backward walk(root);
  int steps = 0;
  while (walk.step()) ++steps;
  CHECK(steps == 4);
  CHECK(!walk.step());
  CHECK(a.grad().item<double>() == 4);
  CHECK(b.grad().item<double>() == 2);
}
