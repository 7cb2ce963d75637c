#include "rushlight/cli/training.h"

#include <cmath>

#include "rushlight/base/thread_pool.h"
#include "rushlight/core/generator.h"
#include "rushlight/engine/context.h"

namespace rushlight::cli {

namespace {

void expect_positive(double number, const char* option) {
  if (!(number > 0) || !std::isfinite(number))
    fail(ErrorKind::value, option, " must be greater than 0, not ", number);
}

data::DataLoader loader_of(const TaskData& task, const TrainSettings& settings) {
  return data::DataLoader(task.train, {.batch_size = *settings.batch,
                                       .shuffle = true,
                                       .seed = static_cast<uint64_t>(*settings.seed),
                                       .workers = task.workers});
}

std::unique_ptr<optim::Schedule> schedule_of(const Training& t) {
  if (t.recipe.method == Method::adamw) return nullptr;
  return std::make_unique<optim::OneCycleLR>(*t.optimizer, *t.settings.lr,
                                             *t.settings.epochs * steps_of_epoch(t) + 1);
}

models::Network network_of(const std::string& architecture, int64_t seed) {
  manual_seed(static_cast<uint64_t>(seed));
  return models::Network::make(architecture);
}

}  // namespace

void expect_count(int64_t number, const char* option) {
  constexpr int64_t kMost = 1'000'000'000;
  if (number < 1 || number > kMost)
    fail(ErrorKind::value, option, " must be a number from 1 to ", kMost, ", not ", number);
}

int64_t steps_of_epoch(const Training& t) {
  return (t.loader.size() + *t.settings.accumulate - 1) / *t.settings.accumulate;
}

std::unique_ptr<optim::Optimizer> optimizer_of(Method method, const std::vector<Tensor>& parameters,
                                               double lr) {
  if (method != Method::sgd_one_cycle)
    return std::make_unique<optim::AdamW>(parameters, optim::AdamWOptions{.lr = lr});
  return std::make_unique<optim::SGD>(
      parameters, optim::SGDOptions{.lr = lr, .momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});
}

TrainSettings settled(const TrainSettings& settings) {
  if (!settings.recipe) fail(ErrorKind::value, "these settings name no recipe; `rushlight train` lists them");
  const Recipe& r = recipe(*settings.recipe);
  TrainSettings all = first_said(settings, {.epochs = r.epochs,
                                            .batch = r.batch,
                                            .accumulate = 1,
                                            .seed = 0,
                                            .lr = r.lr,
                                            .full = false,
                                            .backend = std::string(host_backend().name)});
  expect_count(*all.epochs, "--epochs");
  expect_count(*all.batch, "--batch");
  expect_count(*all.accumulate, "--accumulate");
  if (all.size) expect_count(*all.size, "--size");
  expect_positive(*all.lr, "--lr");
  if (all.clip_norm) expect_positive(*all.clip_norm, "--clip-norm");
  return all;
}

void use_machine(const TrainSettings& settings) {
  if (settings.backend) set_backend(*settings.backend);
  if (!settings.threads) return;
  expect_count(*settings.threads, "--threads");
  set_num_threads(static_cast<int>(*settings.threads));
}

Training::Training(const TrainSettings& s)
    : recipe(cli::recipe(s.recipe.value())),
      settings(s),
      data(task_of(recipe, s)),
      network(network_of(data.architecture, *s.seed)),
      loader(loader_of(data, s)),
      test(data.test, {.batch_size = *s.batch}),  // without gradients it needs less memory than a step
      optimizer(optimizer_of(recipe.method, network.module().parameters(), *s.lr)),
      schedule(schedule_of(*this)) {}

}  // namespace rushlight::cli
