// PyTorch's C++ library on what is too short for Python: its own overhead would be measured.
//
//   libtorch point        serves the training step of bench/workloads/mlp.h's PointTraining
//   libtorch              serves cases, as bench/kernels.cpp does: add N, gemm N
#include <torch/torch.h>

#include <cstring>
#include <memory>
#include <sstream>
#include <string>

#include "bench/serving.h"

using rushlight::bench::Rounds;
using rushlight::bench::Work;

namespace {

Work point_step() {
  namespace nn = torch::nn;
  nn::Sequential model(nn::Linear(2, 16), nn::ReLU(), nn::Linear(16, 16), nn::ReLU(), nn::Linear(16, 1));
  auto optimizer = std::make_shared<torch::optim::SGD>(model->parameters(), torch::optim::SGDOptions(1e-2));
  torch::Tensor x = torch::rand({1, 2}), y = torch::ones({1, 1});
  return [=]() mutable {
    torch::Tensor loss = torch::mse_loss(model->forward(x), y);
    loss.backward();
    optimizer->step();
    optimizer->zero_grad();
    loss.item<double>();
  };
}

Work work_of(const std::string& name, int64_t n) {
  if (name == "add") {
    torch::Tensor a = torch::randn({n}), b = torch::randn({n});
    return [=] { torch::Tensor sum = a + b; };
  }
  torch::Tensor a = torch::randn({n, n}), b = torch::randn({n, n});
  return [=] { torch::Tensor product = torch::mm(a, b); };
}

void serve_cases() {
  std::unique_ptr<Rounds> rounds;
  char line[256];
  while (std::fflush(stdout), std::fgets(line, sizeof line, stdin)) {
    if (std::strncmp(line, "case", 4) != 0) {
      std::printf("%.7f\n", rounds->milliseconds());
      continue;
    }
    std::istringstream words(line);
    std::string name;
    int64_t n = 0;
    words >> name >> name >> n;
    rounds = std::make_unique<Rounds>(work_of(name, n));
    std::puts("ready");
  }
}

}  // namespace

int main(int argc, char** argv) {
  torch::set_num_threads(2);
  if (argc == 2 && std::strcmp(argv[1], "point") == 0)
    rushlight::bench::serve(point_step());
  else
    serve_cases();
}
