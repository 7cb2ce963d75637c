// XOR, which no line can part: two layers learn it.
#include <cstdio>

#include "rushlight/rushlight.h"

using namespace rushlight;

int main() {
  manual_seed(1);
  const Tensor inputs = from_values<float>(std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const Tensor labels = from_values<int64_t>(std::vector<int64_t>{0, 1, 1, 0}, 4);
  nn::Sequential model(nn::Linear(2, 16), nn::Tanh(), nn::Linear(16, 2));
  optim::AdamW optimizer(model.parameters(), {.lr = 0.03});
  int right = 0, step = 0;
  double wrong = 1;
  while ((right < 4 || wrong > 0.1) && step < 1000) {
    optimizer.zero_grad();
    const Tensor scores = model(inputs), loss = cross_entropy(scores, labels);
    loss.backward();
    optimizer.step();
    wrong = loss.item<double>();
    right = sum(argmax(scores, {.dim = 1}).eq(labels)).item<int>();
    if (step++ % 10 == 0) std::printf("step %3d  loss %.4f  %d of 4 right\n", step, wrong, right);
  }
  std::printf("learned in %d steps\n", step);
  return right == 4 ? 0 : 1;
}
