// What README and the reference show needs this one include, and none that another test file brings along.
#include "rushlight/rushlight.h"

#include <doctest/doctest.h>

using namespace rushlight;

TEST_CASE("rushlight.h alone: indexing, checkpoints and the scalar floor") {
  Tensor x = zeros({4, 2, 3});
  x(Slice(0, 3), _, -1) = 5.0;
  CHECK(x(0, 1, 2).item<int>() == 5);
  CHECK(x(3).sum().item<int>() == 0);
  CHECK(x(Ellipsis, None).rank() == 4);

  const auto halved = [](TensorList in) { return std::vector<Tensor>{in[0] / 2}; };
  CHECK(checkpoint(halved, {x})[0](0, 1, 2).item<double>() == 2.5);

  scalar::Value a = 2.0, b = -3.0, c = tanh(a * b + 1.0);
  c.backward();
  CHECK(a.grad() != 0);
}
