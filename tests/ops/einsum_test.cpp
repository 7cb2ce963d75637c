#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "rushlight/jit/trace.h"
#include "rushlight/ops/operators.h"

using namespace rushlight;

namespace {

// Multiplications that linalg_multi_dot does for matrices of sizes[0] x sizes[1], sizes[1] x sizes[2], ...:
// values alone don't tell in which order it went.
int64_t multiplications(const std::vector<int64_t>& sizes) {
  auto traced = trace([&](const Tensor& x) {
    std::vector<Tensor> matrices{x};
    for (size_t i = 1; i + 1 < sizes.size(); ++i) matrices.push_back(full({sizes[i], sizes[i + 1]}, 1.0));
    return linalg_multi_dot(matrices);
  });
  for (int i = 0; i < 3; ++i) (void)traced(full({sizes[0], sizes[1]}, 1.0));
  const Graph& graph = traced.graph();
  int64_t total = 0;
  for (const GraphNode& node : graph.nodes) {
    if (node.op != OpId::matmul) continue;
    const Layout &left = graph.values[node.inputs[0]].layout, &right = graph.values[node.inputs[1]].layout;
    total += left.size(0) * left.size(1) * right.size(1);
  }
  return total;
}

// The fewest that any order needs for matrices i..j, by trying them all.
int64_t fewest(const std::vector<int64_t>& sizes, size_t i, size_t j) {
  if (i == j) return 0;
  int64_t best = INT64_MAX;
  for (size_t last = i; last < j; ++last)
    best = std::min(best, fewest(sizes, i, last) + fewest(sizes, last + 1, j) +
                              sizes[i] * sizes[last + 1] * sizes[j + 1]);
  return best;
}

}  // namespace

TEST_CASE("a chain of matrices is multiplied in the cheapest order") {
  CHECK(multiplications({30, 35, 15, 5, 10, 20, 25}) == 15125);  // as textbooks have it
  int64_t next = 7;
  for (size_t count = 2; count <= 6; ++count)
    for (int chain = 0; chain < 4; ++chain) {
      std::vector<int64_t> sizes;
      while (sizes.size() <= count) sizes.push_back(1 + (next = next * 37 % 101) % 23);
      CAPTURE(count);
      CHECK(multiplications(sizes) == fewest(sizes, 0, count - 1));
    }
}
