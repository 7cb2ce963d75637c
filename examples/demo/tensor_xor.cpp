// Third act: XOR by the tensor engine, in one page: parameters, forward, backward, AdamW.
#include <cmath>
#include <cstdio>

#include "examples/demo/demo.h"
#include "rushlight/base/progress.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

// Uniform in [-bound, bound].
Tensor small_numbers(const IntList& shape, uint64_t seed, float bound) {
  Tensor weights = empty(shape, DType::float32);
  PhiloxKey key{seed, 0};
  uint64_t i = 0;
  for (float& w : weights.span<float>()) w = (uniform<float>(random_word(key, i++)) * 2 - 1) * bound;
  return weights.requires_grad_();
}

struct Network {
  Tensor hidden = small_numbers({8, 2}, 1, 1.0f), hidden_bias = small_numbers({8}, 2, 0.5f);
  Tensor output = small_numbers({2, 8}, 3, 0.5f), output_bias = small_numbers({2}, 4, 0.1f);

  std::vector<Tensor> parameters() const { return {hidden, hidden_bias, output, output_bias}; }
  Tensor operator()(const Tensor& x) const {
    return linear(tanh(linear(x, hidden, {.bias = hidden_bias})), output, {.bias = output_bias});
  }
};

int count_right(const Tensor& logits, const Tensor& labels) {
  return sum(max(logits, 1).indices == labels).item<int>();
}

}  // namespace

bool learn_xor() {
  print_title("XOR, by tensors");
  Tensor inputs = from_values<float>(std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  Tensor labels = from_values<int64_t>(std::vector<int64_t>{0, 1, 1, 0}, 4);
  Network network;
  std::vector<Tensor> params = network.parameters(), means, squares;
  for (const Tensor& p : params) {
    means.push_back(full(p.shape(), 0.0));
    squares.push_back(full(p.shape(), 0.0));
  }
  Tensor steps = full({}, 0.0);

  constexpr int kMost = 1000;
  Progress bar("training", kMost, ProgressOutput::standard_output());
  int right = 0, step = 0;
  double loss_now = 0;
  while (step < kMost && !(right == 4 && loss_now < 0.05)) {
    Tensor logits = network(inputs);
    Tensor loss = cross_entropy(logits, labels);
    loss.backward();
    {
      NoGrad guard;
      std::vector<Tensor> grads;
      for (const Tensor& p : params) grads.push_back(p.grad());
      adamw_step(params, grads, means, squares, steps, 0.02);
      for (const Tensor& p : params) p.set_grad({});
    }
    right = count_right(logits, labels);
    loss_now = loss.item<double>();
    char postfix[64];
    std::snprintf(postfix, sizeof postfix, "loss %.3f  %d of 4 right", loss_now, right);
    bar.set_postfix({postfix});
    bar.advance();
    ++step;
  }
  bar.finish();
  ProgressOutput::standard_output().flush();
  NoGrad guard;
  Tensor answer = softmax(network(inputs), 1);
  for (int64_t i = 0; i < 4; ++i)
    std::printf("  %g xor %g = %lld   (p = %.2f)\n", inputs.select(0, i).select(0, 0).item<double>(),
                inputs.select(0, i).select(0, 1).item<double>(),
                static_cast<long long>(max(answer, 1).indices.select(0, i).item<int64_t>()),
                max(answer, 1).values.select(0, i).item<double>());
  std::printf("  learned in %d steps\n", step);
  return right == 4 && step < kMost;
}
