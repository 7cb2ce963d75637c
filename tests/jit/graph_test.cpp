#include "rushlight/jit/graph.h"

#include <doctest/doctest.h>

#include "rushlight/engine/backward.h"
#include "rushlight/engine/context.h"
#include "rushlight/jit/memory_plan.h"
#include "rushlight/jit/trace.h"
#include "rushlight/ops/operators.h"

using namespace rushlight;

namespace {

Tensor zero_matrix(const IntList& shape) { return full(shape, 0.0, {.dtype = DType::float32}); }

template <class F>
Graph graph_of(F function, const Tensor& x) {
  auto traced = trace(std::move(function));
  Tensor result;
  for (int i = 0; i < 3; ++i) result = traced(x);
  return traced.graph();
}

}  // namespace

TEST_CASE("a graph prints one line per op, with stable names") {
  Tensor weight = zero_matrix({3, 4}).requires_grad_(), count = zero_matrix({3});
  auto step = [&](const Tensor& x) {
    weight.set_grad({});
    Tensor y = linear(x, weight);
    Tensor loss = sum(gelu(y) * 0.5);
    loss.backward();
    NoGrad guard;
    count.add_(select(y, 0, 1));
    weight.sub_(weight.grad() * 0.1);
    return loss;
  };
  std::string text = join_text(graph_of(step, zero_matrix({2, 4})));
  CHECK(text == join_text(graph_of(step, zero_matrix({2, 4}))));
  auto has = [&](const char* line) {
    CAPTURE(text);
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  };
  has("a0: float32 (2, 4)\n");
  has("p0: float32 (3, 4)\n");
  has("p1: float32 (3,)\n");
  has("%0: float32 (2, 3) = linear(a0, p0, None, None)\n");
  has("%1: float32 (2, 3) = gelu(%0)\n%2: float32 (2, 3) = mul(%1, 0.5)\n%3: float32 () = sum(%2, "
      "keepdim=False)\n");
  has("= full(1.0, size=(), dtype=float32)\n");
  has("= gelu.grad0(");
  has("= select(%0, dim=0, index=1)\n");
  has("= add_(p1, %");
  has("= sub_(p0, %");
  has("return %3\n");
  has("p0.grad = %");
}

TEST_CASE("buffers that live at different times share memory") {
  Graph graph = graph_of(
      [](const Tensor& x) {
        Tensor y = x;
        for (int i = 0; i < 20; ++i) y = exp(y);
        return y;
      },
      zero_matrix({1000}));
  MemoryPlan plan = plan_memory(graph);
  CHECK(plan.bytes < 2 * 4100);
  CHECK(plan.bytes >= 2 * 4000);
}

TEST_CASE("no two buffers that live at once overlap") {
  Tensor w = zero_matrix({16, 16}).requires_grad_();
  Graph graph = graph_of(
      [&](const Tensor& x) {
        w.set_grad({});
        Tensor h = x;
        for (int i = 0; i < 6; ++i) h = gelu(linear(h, w)) + h;
        sum(softmax(h, -1) * h).backward();
        return sum(h);
      },
      zero_matrix({8, 16}));
  MemoryPlan plan = plan_memory(graph);
  size_t count = graph.buffers.size();
  std::vector<size_t> first(count, ~size_t{0}), last(count, 0);
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    for (const auto* ids : {&graph.nodes[n].inputs, &graph.nodes[n].outputs})
      for (ValueId id : *ids) {
        if (id == kNoValue) continue;
        uint32_t b = graph.values[id].buffer;
        first[b] = std::min(first[b], n);
        last[b] = n;
      }
  size_t inside = 0;
  for (size_t a = 0; a < count; ++a) {
    if (plan.offsets[a] == MemoryPlan::kOutside) continue;
    ++inside;
    CHECK(plan.offsets[a] + graph.buffers[a].bytes <= plan.bytes);
    for (size_t b = 0; b < a; ++b) {
      if (plan.offsets[b] == MemoryPlan::kOutside || first[a] > last[b] || first[b] > last[a]) continue;
      bool apart = plan.offsets[a] + graph.buffers[a].bytes <= plan.offsets[b] ||
                   plan.offsets[b] + graph.buffers[b].bytes <= plan.offsets[a];
      CHECK(apart);
    }
  }
  CHECK(inside > 30);
}
