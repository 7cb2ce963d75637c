#include <doctest/doctest.h>

#include <cmath>

#include "rushlight/engine/backward.h"
#include "rushlight/ops/op_rules.h"

using namespace rushlight;

TEST_CASE("logsumexp of one number is that number, however large") {
  CHECK(logsumexp(full({2, 1}, 1e4), 1).to_vector<float>() == std::vector<float>{1e4f, 1e4f});
}

TEST_CASE("norms of zeros have second gradients that are numbers") {
  for (double ord : {2.0, 3.0}) {
    Tensor x = zeros({3}, {.dtype = DType::float64}).requires_grad_();
    Tensor first = grad({vector_norm(x, {.ord = ord})}, {x}, {.create_graph = true})[0];
    for (double value : grad({sum(first * first + first)}, {x})[0].to_vector<double>())
      CHECK(std::isfinite(value));
  }
}
