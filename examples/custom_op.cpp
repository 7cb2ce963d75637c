// An op of one's own, with a gradient of one's own: rounding, whose slope is 0 almost everywhere, passes the
// gradient through as if it were not there. By that a network can be trained whose numbers are whole.
#include <iostream>

#include "rushlight/core/print.h"
#include "rushlight/engine/function.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

struct StraightThrough final : CustomBackward {
  const char* name() const override { return "round_straight_through"; }
  std::vector<Tensor> operator()(std::span<const Tensor> gradients, std::span<const Tensor>) override {
    return {gradients[0]};
  }
};

Tensor round_straight_through(const Tensor& x) {
  Tensor y;
  {
    NoGrad guard;
    y = round(x);
  }
  record_function(Ref<CustomBackward>::adopt(new StraightThrough), {x}, {y});
  return y;
}

}  // namespace

int main() {
  // Whole numbers whose products with the inputs come nearest to the targets.
  manual_seed(0);
  const Tensor inputs = randn({50, 3}), wanted = from_values<float>(std::vector<float>{3, -2, 5}, 3);
  const Tensor targets = matmul(inputs, wanted);
  const Tensor weights = full(3, 0.2).requires_grad_();
  optim::SGD optimizer({weights}, {.lr = 0.1});
  for (int step = 0; step < 100; ++step) {
    optimizer.zero_grad();
    mse_loss(matmul(inputs, round_straight_through(weights)), targets).backward();
    optimizer.step();
  }
  std::cout << "found " << to_string(round(weights.detach())) << '\n';
  return equal(round(weights.detach()), wanted) ? 0 : 1;
}
