// Single ops, served like the workloads; rivals/kernels.py has the same cases in PyTorch and NumPy.
//
//   bench_kernels [--threads N]
//
// "case NAME NUMBER..." on standard input prepares one and answers "ready FLOPS BYTES", as the engine counts
// them; every empty line then runs one round and prints its milliseconds.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "bench/serving.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/optim/adam.h"
#include "rushlight/rushlight.h"

using namespace rushlight;
using bench::Work;

namespace {

using Numbers = std::vector<int64_t>;

// -- products

Work gemm(const Numbers& n) {
  Tensor a = randn({n[0], n[0]}), b = randn({n[0], n[0]});
  return [=] { (void)matmul(a, b); };
}
// rows, inputs, outputs
Work linear_forward(const Numbers& n) {
  Tensor x = randn({n[0], n[1]}), w = randn({n[2], n[1]});
  return [=] { (void)linear(x, w); };
}
Work linear_input_gradient(const Numbers& n) {
  Tensor g = randn({n[0], n[2]}), w = randn({n[2], n[1]});
  return [=] { (void)matmul(g, w); };
}
Work linear_weight_gradient(const Numbers& n) {
  Tensor g = randn({n[0], n[2]}), x = randn({n[0], n[1]});
  return [=] { (void)matmul(g.transpose(0, 1), x); };
}

// -- convolutions: batch, channels in, side of the image, channels out, side of the kernel, stride

struct Convolution {
  explicit Convolution(const Numbers& n)
      : x(randn({n[0], n[1], n[2], n[2]})),
        weight(randn({n[3], n[1], n[4], n[4]})),
        stride(n[5]),
        padding(n[4] / 2),
        grad(randn(to_ints(forward().shape()))) {}

  Tensor forward() const { return convolution(x, weight, {}, stride, padding, 1, false, 0, 1); }
  Tensor input_gradient() const {
    int64_t missing = x.size(2) - ((grad.size(2) - 1) * stride + weight.size(2) - 2 * padding);
    return convolution(grad, weight, {}, stride, padding, 1, true, missing, 1);
  }
  Tensor weight_gradient() const {
    return convolution_weight_gradient(x, grad, {weight.size(2), weight.size(3)}, stride, padding, 1, 1);
  }

  Tensor x, weight;
  int64_t stride, padding;
  Tensor grad;
};
template <Tensor (Convolution::*Direction)() const>
Work convolve(const Numbers& n) {
  return [c = Convolution(n)] { (void)(c.*Direction)(); };
}

// -- what is differentiated: forward and backward

// Both directions of y = f(x...).
template <class Forward>
Work both_ways(std::vector<Tensor> leaves, Forward forward) {
  for (Tensor& leaf : leaves) leaf.requires_grad_();
  Tensor grad = full(to_ints(forward().shape()), 1.0);
  return [=] {
    forward().backward({.gradient = grad});
    for (const Tensor& leaf : leaves) leaf.set_grad({});
  };
}
// batch, heads, time, head size
Work attention_both(const Numbers& n) {
  IntList shape{n[0], n[1], n[2], n[3]};
  Tensor q = randn(shape), k = randn(shape), v = randn(shape);
  return both_ways({q, k, v}, [=] { return scaled_dot_product_attention(q, k, v, {.is_causal = true}); });
}
// rows, columns
Work softmax_both(const Numbers& n) {
  Tensor x = randn({n[0], n[1]});
  return both_ways({x}, [=] { return softmax(x, -1); });
}
Work layer_norm_both(const Numbers& n) {
  Tensor x = randn({n[0], n[1]}), weight = randn({n[1]}), bias = randn({n[1]});
  return both_ways({x, weight, bias}, [=] { return layer_norm(x, n[1], {.weight = weight, .bias = bias}); });
}
Work gelu_both(const Numbers& n) {
  Tensor x = randn({n[0], n[1]});
  return both_ways({x}, [=] { return gelu(x); });
}
Work cross_entropy_both(const Numbers& n) {
  Tensor x = randn({n[0], n[1]}), targets = arange(n[0]).remainder(n[1]);
  return both_ways({x}, [=] { return cross_entropy(x, targets); });
}
// rows read, rows there are, columns
Work embedding_both(const Numbers& n) {
  Tensor table = randn({n[1], n[2]}), rows = (arange(n[0]) * 7919).remainder(n[1]);
  return both_ways({table}, [=] { return embedding(rows, table); });
}

// -- the rest

std::shared_ptr<optim::AdamW> adamw_of(int64_t numbers) {
  constexpr int64_t kTensors = 20;
  std::vector<Tensor> params;
  for (int64_t i = 0; i < kTensors; ++i) {
    params.push_back(full({numbers / kTensors}, 1.0).requires_grad_());
    params.back().set_grad(full({numbers / kTensors}, 0.5));
  }
  return std::make_shared<optim::AdamW>(params);
}
Work adamw(const Numbers& n) {
  return [optimizer = adamw_of(n[0])] { optimizer->step(); };
}
Work clipped_adamw(const Numbers& n) {
  return [optimizer = adamw_of(n[0])] { (void)optimizer->clipped_step(1.0); };
}
Work sorted(const Numbers& n) {
  Tensor x = randn({n[0]});
  return [=] { (void)sort(x); };
}
Work largest(const Numbers& n) {
  Tensor x = randn({n[0]});
  return [=] { (void)topk(x, n[1]); };
}
Work added(const Numbers& n) {
  Tensor a = randn({n[0]}), b = randn({n[0]});
  return [=] { (void)(a + b); };
}

struct Case {
  const char* name;
  size_t numbers;
  Work (*make)(const Numbers&);
};
constexpr Case kCases[] = {
    {"gemm", 1, gemm},
    {"linear_forward", 3, linear_forward},
    {"linear_input_gradient", 3, linear_input_gradient},
    {"linear_weight_gradient", 3, linear_weight_gradient},
    {"convolution", 6, convolve<&Convolution::forward>},
    {"convolution_input_gradient", 6, convolve<&Convolution::input_gradient>},
    {"convolution_weight_gradient", 6, convolve<&Convolution::weight_gradient>},
    {"attention", 4, attention_both},
    {"softmax", 2, softmax_both},
    {"layer_norm", 2, layer_norm_both},
    {"gelu", 2, gelu_both},
    {"cross_entropy", 2, cross_entropy_both},
    {"embedding", 3, embedding_both},
    {"adamw", 1, adamw},
    {"clipped_adamw", 1, clipped_adamw},
    {"sort", 1, sorted},
    {"topk", 2, largest},
    {"add", 1, added},
};

Work find_case(const std::string& name, const Numbers& numbers) {
  for (const Case& c : kCases)
    if (c.name == name && c.numbers == numbers.size()) return c.make(numbers);
  std::fprintf(stderr, "there is no case '%s' of %zu numbers; see bench/kernels.cpp\n", name.c_str(),
               numbers.size());
  std::exit(2);
}

bench::Rounds prepare(std::istringstream words) {
  std::string name;
  Numbers numbers;
  words >> name >> name;
  for (int64_t number; words >> number;) numbers.push_back(number);
  manual_seed(1);
  Work work = find_case(name, numbers);
  reset_costs();
  count_costs(true);
  work();
  count_costs(false);
  OpCost cost = total_cost();
  bench::Rounds rounds(work);
  std::printf("ready %.0f %llu\n", cost.flops, static_cast<unsigned long long>(cost.bytes));
  return rounds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--threads") == 0) set_num_threads(std::atoi(argv[2]));
  std::optional<bench::Rounds> rounds;
  char line[256];
  while (std::fflush(stdout), std::fgets(line, sizeof line, stdin)) {
    if (std::strncmp(line, "case", 4) == 0)
      rounds.emplace(prepare(std::istringstream(line)));
    else if (rounds)
      std::printf("%.7f\n", rounds->milliseconds());
  }
}
