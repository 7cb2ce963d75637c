#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

using Floats = std::vector<float>;
const std::vector<int64_t> kSizes = {1, 100, 0, 40000, 13};

// A list of tensors and the pointers to them.
struct Tensors {
  explicit Tensors(unsigned seed, float scale = 1) {
    for (int64_t size : kSizes) numbers.push_back(random_numbers<float>(size, seed++));
    for (Floats& tensor : numbers)
      for (float& x : tensor) x *= scale;
    for (Floats& tensor : numbers) {
      pointers.push_back(tensor.data());
      const_pointers.push_back(tensor.data());
    }
  }
  std::vector<Floats> numbers;
  std::vector<float*> pointers;
  std::vector<const float*> const_pointers;
};

struct Adam {
  AdamArgs<float> options;
  bool largest = false;
  Tensors params{1}, grads{20}, mean{40, 0}, variance{60, 0}, top{80, 0};

  void step(double number) {
    AdamArgs<float> args = options;
    args.count = static_cast<int64_t>(kSizes.size());
    args.sizes = kSizes.data();
    args.params = params.pointers.data();
    args.grads = grads.const_pointers.data();
    args.mean = mean.pointers.data();
    args.variance = variance.pointers.data();
    if (largest) args.largest_variance = top.pointers.data();
    args.step = number;
    kernels().f32.adam_step(args);
  }
};

// PyTorch's Adam on one number, in double.
struct ScalarAdam {
  AdamArgs<float> o;
  bool largest;
  double p, m = 0, v = 0, top = 0;
  void step(double g, double number) {
    g *= o.grad_scale;
    if (o.decoupled_decay)
      p -= o.lr * o.weight_decay * p;
    else
      g += o.weight_decay * p;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    top = std::max(top, v);
    const double root = std::sqrt(largest ? top : v) / std::sqrt(1 - std::pow(o.beta2, number));
    p -= o.lr / (1 - std::pow(o.beta1, number)) * m / (root + o.eps);
  }
};

}  // namespace

TEST_CASE("adam and adamw: five steps follow the formulas in double") {
  for (bool decoupled : {false, true})
    for (bool largest : {false, true}) {
      Adam adam{.options = {.lr = 0.01, .weight_decay = 0.1, .grad_scale = 0.5, .decoupled_decay = decoupled},
                .largest = largest};
      std::vector<ScalarAdam> expected;
      for (float p : adam.params.numbers[3]) expected.push_back({adam.options, largest, p});
      for (int step = 1; step <= 5; ++step) {
        for (size_t i = 0; i < expected.size(); ++i) {
          adam.grads.numbers[3][i] *= step == 3 ? -0.1f : 1;
          expected[i].step(adam.grads.numbers[3][i], step);
        }
        adam.step(step);
      }
      double worst = 0;
      for (size_t i = 0; i < expected.size(); ++i)
        worst = std::max(worst, std::abs(expected[i].p - adam.params.numbers[3][i]));
      CHECK(worst < 1e-6);
    }
}

TEST_CASE("sgd: three steps with momentum, dampening, decay and Nesterov") {
  for (bool nesterov : {false, true}) {
    Tensors params(1), grads(20), buffers(40);
    SgdArgs<float> args{.count = static_cast<int64_t>(kSizes.size()),
                        .sizes = kSizes.data(),
                        .params = params.pointers.data(),
                        .grads = grads.const_pointers.data(),
                        .momentum_buffers = buffers.pointers.data(),
                        .lr = 0.1,
                        .momentum = 0.9,
                        .dampening = nesterov ? 0 : 0.3,
                        .weight_decay = 0.01,
                        .nesterov = nesterov};
    double p = params.numbers[4][5], b = 0;
    const double g0 = grads.numbers[4][5];
    for (int step = 0; step < 3; ++step) {
      const double g = g0 + 0.01 * p;
      b = step == 0 ? g : 0.9 * b + (1 - args.dampening) * g;
      p -= 0.1 * (nesterov ? g + 0.9 * b : b);
      args.first_step = step == 0;
      kernels().f32.sgd_step(args);
    }
    CHECK(params.numbers[4][5] == doctest::Approx(p).epsilon(1e-6));
  }
}

TEST_CASE("sgd without momentum") {
  Tensors params(1), grads(20);
  const float expected = params.numbers[1][99] - 0.1f * grads.numbers[1][99];
  kernels().f32.sgd_step({.count = 2,
                          .sizes = kSizes.data(),
                          .params = params.pointers.data(),
                          .grads = grads.const_pointers.data(),
                          .lr = 0.1});
  CHECK(params.numbers[1][99] == doctest::Approx(expected));
  CHECK(params.numbers[3][0] == Tensors(1).numbers[3][0]);
}

TEST_CASE("a step meets every number of every tensor once, however pieces and threads divide them") {
  const int before = num_threads();
  for (int threads : {1, 2, 3, 8})
    for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{},
                                              {0},
                                              {0, 20000, 1, 0, 15, 16, 17, 40000, 0},
                                              {16384, 1},
                                              {5, 100000},
                                              {1 << 14, 1 << 14}}) {
      set_num_threads(threads);
      std::vector<Floats> params, grads;
      std::vector<float*> to;
      std::vector<const float*> from;
      for (const int64_t size : sizes) {
        params.emplace_back(size + 1, 3.0f);  // one more, which must stay
        grads.emplace_back(size + 1, 1.0f);
      }
      for (size_t i = 0; i < sizes.size(); ++i)
        to.push_back(params[i].data()), from.push_back(grads[i].data());
      kernels().f32.sgd_step({.count = static_cast<int64_t>(sizes.size()),
                              .sizes = sizes.data(),
                              .params = to.data(),
                              .grads = from.data(),
                              .lr = 1});
      for (const Floats& param : params) {
        CHECK(std::count(param.begin(), param.end() - 1, 2.0f) == static_cast<int64_t>(param.size()) - 1);
        CHECK(param.back() == 3.0f);
      }
    }
  set_num_threads(before);
}

TEST_CASE("adam: the same bits for any number of threads") {
  check_same_for_all_thread_counts([] {
    Adam adam;
    adam.step(1);
    return adam.params.numbers;
  });
}
