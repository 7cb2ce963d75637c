// Training: what a recipe becomes once all is settled: data, network, optimizer, schedule.
#pragma once

#include <memory>

#include "rushlight/cli/task.h"
#include "rushlight/optim/optim.h"
#include "rushlight/train/fit.h"

namespace rushlight::cli {

struct Training {
  // Everything but what the recipe leaves open is said.
  explicit Training(const TrainSettings& settings);

  const Recipe& recipe;
  TrainSettings settings;
  TaskData data;
  models::Network network;
  data::DataLoader loader, test;
  std::unique_ptr<optim::Optimizer> optimizer;
  std::unique_ptr<optim::Schedule> schedule;  // may be null
};

std::unique_ptr<optim::Optimizer> optimizer_of(Method method, const std::vector<Tensor>& parameters,
                                               double lr);

// With the recipe's choices where nothing is said; throws at what makes no sense.
TrainSettings settled(const TrainSettings& settings);

// From now on tensors are computed by the backend and the threads that are said.
void use_machine(const TrainSettings& settings);

// Throws unless it is at least 1, and no absurd number.
void expect_count(int64_t number, const char* option);

// Of the optimizer, in an epoch.
int64_t steps_of_epoch(const Training& training);

}  // namespace rushlight::cli
