// rushlight train: a recipe from the first weights to a file that predicts.
#include <cstdio>
#include <filesystem>

#include "rushlight/base/clock.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/recipe.h"
#include "rushlight/core/generator.h"
#include "rushlight/optim/optim.h"
#include "rushlight/train/checkpoint.h"
#include "rushlight/train/run_log.h"

namespace rushlight::cli {

namespace {

void list_recipes() {
  std::puts("recipes (rushlight train NAME):");
  for (const Recipe& r : recipes())
    std::printf("  %-12s %s, %lld epochs\n", std::string(r.name).c_str(), std::string(r.what).c_str(),
                static_cast<long long>(r.epochs));
}

// runs/mlp-1, or the next that is free.
std::string fresh_folder(const std::string& runs, std::string_view recipe) {
  for (int i = 1;; ++i) {
    const std::string folder = join_text(runs, "/", recipe, "-", i);
    if (!std::filesystem::exists(folder)) return folder;
  }
}

// Of a run's folder: "runs/mlp-1" -> mlp.
std::string recipe_of_run(const std::string& folder) {
  const std::string name = std::filesystem::path(folder).filename().string();
  const size_t dash = name.rfind('-');
  if (dash == name.npos || !std::filesystem::exists(folder))
    fail(ErrorKind::value, folder, " is no folder of a run, such as runs/mlp-1");
  return name.substr(0, dash);
}

struct LogEpochs : train::Callback {
  explicit LogEpochs(const std::string& path) : log(path) {}
  void after_epoch(train::FitState& state) override {
    log.write({{"epoch", state.epoch},
               {"step", state.step},
               {"loss", state.training.loss},
               {"accuracy", state.training.accuracy},
               {"lr", state.optimizer.lr()}});
  }
  train::RunLog log;
};

class Run {
 public:
  Run(const Recipe& r, const TrainCommand& command)
      : recipe_(r),
        command_(command),
        epochs_(command.epochs.value_or(r.epochs)),
        task_(data_of(r, command.full)),
        network_((manual_seed(command.seed), models::Network::make(r.architecture))),
        loader_(task_.train, {.batch_size = command.batch.value_or(r.batch),
                              .shuffle = true,
                              .seed = command.seed,
                              .workers = 1}),
        test_(task_.test, {.batch_size = 500}) {
    if (epochs_ < 1) fail(ErrorKind::value, "--epochs must be at least 1, not ", epochs_);
    const double lr = command.lr.value_or(r.lr);
    const std::vector<Tensor> params = network_.module().parameters();
    if (r.one_cycle) {
      optimizer_ = std::make_unique<optim::SGD>(
          params, optim::SGDOptions{.lr = lr, .momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});
      schedule_ = std::make_unique<optim::OneCycleLR>(*optimizer_, lr, epochs_ * loader_.size() + 1);
    } else {
      optimizer_ = std::make_unique<optim::AdamW>(params, optim::AdamWOptions{.lr = lr});
    }
  }

  void go() {
    const std::string folder =
        command_.resume.empty() ? fresh_folder(command_.runs, recipe_.name) : command_.resume;
    train::Checkpoints checkpoints(
        folder + "/checkpoints", {&network_.module(), optimizer_.get(), schedule_.get(), &loader_, nullptr});
    if (!command_.resume.empty() && !checkpoints.resume())
      fail(ErrorKind::value, folder, " has no checkpoint to go on from");
    LogEpochs log(folder + "/metrics.jsonl");
    NetworkTask task(network_);
    const train::FitResult result =
        train::fit(std::move(task), *optimizer_, loader_,
                   {.epochs = epochs_, .schedule = schedule_.get(), .callbacks = {&log, &checkpoints}});
    if (result.interrupted) {
      std::fprintf(
          stderr,
          "\nstopped after step %lld; `rushlight train --resume %s` goes on from the last checkpoint\n",
          static_cast<long long>(result.steps), folder.c_str());
      return;
    }
    const train::Measured measured = train::evaluate(std::move(task), test_);
    const std::string model = folder + "/model.safetensors";
    models::save_model(model, {std::move(network_), task_.preprocessing, task_.labels});
    std::fprintf(stderr, "%s\n", model.c_str());
    std::puts(train::json_line({{"recipe", std::string(recipe_.name)},
                                {"model", model},
                                {"epochs", result.epochs},
                                {"test_accuracy", measured.accuracy},
                                {"test_loss", measured.loss},
                                {"seconds", result.seconds}})
                  .c_str());
  }

  void try_one_batch() {
    NetworkTask task(network_);
    const auto first = loader_.begin();
    const auto& [images, labels] = *first;
    const int64_t begin = monotonic_ns();
    task.loss(task.predict(images), labels).backward();
    optimizer_->step();
    const double seconds = static_cast<double>(monotonic_ns() - begin) * 1e-9;
    std::printf("one batch of %lld takes %.3f s; %lld epochs of %lld batches about %.0f s\n",
                static_cast<long long>(images.size(0)), seconds, static_cast<long long>(epochs_),
                static_cast<long long>(loader_.size()),
                seconds * static_cast<double>(epochs_ * loader_.size()));
  }

 private:
  struct NetworkTask final : train::Task {
    explicit NetworkTask(const models::Network& n) : train::Task(n.module()), network(n) {}
    Tensor predict(const Tensor& input) override { return network(input); }
    Tensor loss(const Tensor& scores, const Tensor& target) override {
      return train::loss_of_classes(scores, target);
    }
    const models::Network& network;
  };

  const Recipe& recipe_;
  const TrainCommand& command_;
  int64_t epochs_;
  Task task_;
  models::Network network_;
  data::DataLoader loader_, test_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<optim::Schedule> schedule_;
};

}  // namespace

void train(const TrainCommand& command) {
  if (command.recipe.empty() && command.resume.empty()) return list_recipes();
  Run run(recipe(command.resume.empty() ? command.recipe : recipe_of_run(command.resume)), command);
  command.dry_run ? run.try_one_batch() : run.go();
}

}  // namespace rushlight::cli
