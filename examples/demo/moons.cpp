#include "rushlight/scalar/moons.h"

#include <algorithm>
#include <cstdio>

#include "examples/demo/demo.h"
#include "rushlight/base/progress.h"
#include "rushlight/scalar/mlp.h"

using namespace rushlight;
using namespace rushlight::scalar;

namespace {

constexpr int kSamples = 100, kSteps = 2000;

// A training set, a network, and how well they get along.
struct Training {
  std::vector<Sample> samples = make_moons(kSamples);
  MLP network{{2, 16, 16, 1}};
  SGD optimizer{network.parameters()};
  double loss = 0;
  int right = 0;

  void step(double learning_rate);
};

void Training::step(double learning_rate) {
  Values scores;
  std::vector<int> labels;
  right = 0;
  for (const Sample& sample : samples) {
    scores.push_back(network({sample.x, sample.y})[0]);
    labels.push_back(sample.label);
    right += scores.back().data() * sample.label > 0;
  }
  const Value total = hinge_loss(scores, labels) + l2_penalty(network.parameters(), 1e-4);
  loss = total.data();
  optimizer.zero_grad();
  total.backward();
  optimizer.learning_rate = learning_rate;
  optimizer.step();
}

std::string describe(const Training& training) {
  char text[64];
  std::snprintf(text, sizeof text, "loss %.3f  right %d %%", training.loss, training.right * 100 / kSamples);
  return text;
}

DecisionMap map_of(const Training& training, int columns) {
  const auto score = [&](double x, double y) { return training.network({x, y})[0].data(); };
  return map_decisions(score, kMoonsView, columns);
}

std::string picture(const Training& training, const Terminal& terminal) {
  const int columns = std::min(64, terminal.columns);
  return to_lines(map_of(training, columns), training.samples, terminal.colour) + '\n';
}

}  // namespace

bool learn_moons(const std::string& folder) {
  print_title("2  A network of 337 such numbers, 2-16-16-1, learns to tell two moons apart");
  Training training;
  Progress progress("training", kSteps, ProgressOutput::standard_output());
  const bool watched = progress.has_room_above(lines_of(64) + 1);
  for (int i = 0; i < kSteps; ++i) {
    training.step(0.1 * (1 - 0.9 * i / kSteps));
    progress.set_postfix({describe(training)});
    if (watched && progress.is_due()) progress.show_above(picture(training, progress.terminal()));
    progress.advance();
  }
  if (watched) progress.show_above(picture(training, progress.terminal()));
  progress.finish();
  ProgressOutput::standard_output().flush();
  std::printf("\n");
  write_file(folder + "/moons.svg", to_svg(map_of(training, 128), training.samples));
  return training.right == kSamples;
}
