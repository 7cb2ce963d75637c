// The scalar engine at work: a training step of 2-16-16-1 on two moons, hinge loss and L2, all 100 points at
// once.
//
//   bench_scalar_moons [STEPS]     trains, prints the median milliseconds of a step and the last loss
//   bench_scalar_moons --problem   prints the samples and initial parameters, for others to solve the same
//   problem
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "rushlight/base/clock.h"
#include "rushlight/scalar/mlp.h"
#include "rushlight/scalar/moons.h"

using namespace rushlight;
using namespace rushlight::scalar;

namespace {

struct Problem {
  std::vector<Sample> samples = make_moons(100);
  MLP network{{2, 16, 16, 1}};
};

void print_problem(const Problem& problem) {
  for (const Sample& sample : problem.samples)
    std::printf("sample %.17g %.17g %d\n", sample.x, sample.y, sample.label);
  for (const Value& parameter : problem.network.parameters())
    std::printf("parameter %.17g\n", parameter.data());
}

double train_one_step(const Problem& problem, SGD& optimizer) {
  Values scores;
  std::vector<int> labels;
  for (const Sample& sample : problem.samples) {
    scores.push_back(problem.network({sample.x, sample.y})[0]);
    labels.push_back(sample.label);
  }
  const Value loss = hinge_loss(scores, labels) + l2_penalty(problem.network.parameters(), 1e-4);
  optimizer.zero_grad();
  loss.backward();
  optimizer.step();
  return loss.data();
}

void time_steps(const Problem& problem, int steps) {
  SGD optimizer(problem.network.parameters());
  std::vector<double> milliseconds;
  double loss = 0;
  for (int i = 0; i < steps; ++i) {
    optimizer.learning_rate = std::max(0.1, 1 - 0.9 * i / 100);
    const int64_t start = monotonic_ns();
    loss = train_one_step(problem, optimizer);
    milliseconds.push_back(static_cast<double>(monotonic_ns() - start) / 1e6);
  }
  std::nth_element(milliseconds.begin(), milliseconds.begin() + steps / 2, milliseconds.end());
  std::printf("%.4f ms/step  loss %.12g\n", milliseconds[steps / 2], loss);
}

}  // namespace

int main(int argc, char** argv) {
  const Problem problem;
  if (argc > 1 && std::string_view(argv[1]) == "--problem")
    print_problem(problem);
  else
    time_steps(problem, argc > 1 ? std::max(1, std::atoi(argv[1])) : 100);
}
