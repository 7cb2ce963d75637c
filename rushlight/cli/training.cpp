#include "rushlight/cli/training.h"

#include "rushlight/core/generator.h"

namespace rushlight::cli {

namespace {

void expect_at_least_one(int64_t number, const char* option) {
  if (number < 1) fail(ErrorKind::value, option, " must be at least 1, not ", number);
}

data::DataLoader loader_of(const TaskData& task, const TrainSettings& settings) {
  return data::DataLoader(task.train, {.batch_size = *settings.batch,
                                       .shuffle = true,
                                       .seed = static_cast<uint64_t>(*settings.seed),
                                       .workers = 1});
}

std::unique_ptr<optim::Optimizer> optimizer_of(const Training& t) {
  const std::vector<Tensor> params = t.network.module().parameters();
  const double lr = *t.settings.lr;
  if (t.recipe.method != Method::sgd_one_cycle)
    return std::make_unique<optim::AdamW>(params, optim::AdamWOptions{.lr = lr});
  return std::make_unique<optim::SGD>(
      params, optim::SGDOptions{.lr = lr, .momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});
}

std::unique_ptr<optim::Schedule> schedule_of(const Training& t) {
  if (t.recipe.method == Method::adamw) return nullptr;
  const int64_t steps = (t.loader.size() + *t.settings.accumulate - 1) / *t.settings.accumulate;
  return std::make_unique<optim::OneCycleLR>(*t.optimizer, *t.settings.lr, *t.settings.epochs * steps + 1);
}

models::Network network_of(const std::string& architecture, int64_t seed) {
  manual_seed(static_cast<uint64_t>(seed));
  return models::Network::make(architecture);
}

}  // namespace

TrainSettings settled(const TrainSettings& settings) {
  const Recipe& r = recipe(settings.recipe.value());
  TrainSettings all = first_said(
      settings,
      {.epochs = r.epochs, .batch = r.batch, .accumulate = 1, .seed = 0, .lr = r.lr, .full = false});
  expect_at_least_one(*all.epochs, "--epochs");
  expect_at_least_one(*all.batch, "--batch");
  expect_at_least_one(*all.accumulate, "--accumulate");
  if (all.size) expect_at_least_one(*all.size, "--size");
  return all;
}

Training::Training(const TrainSettings& s)
    : recipe(cli::recipe(s.recipe.value())),
      settings(s),
      data(task_of(recipe, s)),
      network(network_of(data.architecture, *s.seed)),
      loader(loader_of(data, s)),
      test(data.test, {.batch_size = *s.batch}),  // without gradients it needs less memory than a step
      optimizer(optimizer_of(*this)),
      schedule(schedule_of(*this)) {}

}  // namespace rushlight::cli
