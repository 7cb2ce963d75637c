// What a step of a training will cost, before any of it is done.
#pragma once

#include "rushlight/train/fit.h"

namespace rushlight::train {

struct StepCost {
  double flops = 0;  // forward, backward and the optimizer
  uint64_t parameter_bytes = 0, gradient_bytes = 0, optimizer_bytes = 0;  // buffers are parameters here
  uint64_t activation_bytes = 0;  // what is needed besides at the worst moment
  uint64_t live_bytes = 0;        // all that is live then, data sets and whatever else there is included
};

// Once through: gradients, and the parameters moved.
void train_step(Task& task, optim::Optimizer& optimizer, const data::Example& batch);

// By a dry run of the step. What the optimizer remembers, and gradients, are afterwards no numbers to go on
// with.
StepCost cost_of_step(Task&& task, optim::Optimizer& optimizer, const data::Example& batch);

// A line for people.
std::string in_words(const StepCost& cost);

}  // namespace rushlight::train
