// rushlight train: a recipe from the first weights to a file that predicts.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "rushlight/base/clock.h"
#include "rushlight/base/files.h"
#include "rushlight/base/terminal.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/recipe.h"
#include "rushlight/core/generator.h"
#include "rushlight/optim/optim.h"
#include "rushlight/train/anomaly.h"
#include "rushlight/train/checkpoint.h"
#include "rushlight/train/ledger.h"

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

std::string config_of(const std::string& run) {
  const std::string path = run + "/config.json";
  if (!std::filesystem::exists(path))
    fail(ErrorKind::value, run, " is no folder of a run, such as runs/mlp-1: it has no config.json");
  return path;
}

void expect_at_least_one(int64_t number, const char* option) {
  if (number < 1) fail(ErrorKind::value, option, " must be at least 1, not ", number);
}

// The command's own words, then those of its file, then those of the run that goes on, then the recipe's.
TrainSettings settings_of(const TrainCommand& command) {
  TrainSettings all = command.settings;
  if (!command.config.empty()) all = first_said(all, load_settings(command.config));
  if (!command.resume.empty()) {
    const TrainSettings before = load_settings(config_of(command.resume));
    if (all.recipe && all.recipe != before.recipe)
      fail(ErrorKind::value, command.resume, " is a run of ", before.recipe.value_or("nothing"), ", not of ",
           *all.recipe);
    all = first_said(all, before);
  }
  if (!all.recipe) return all;
  const Recipe& r = recipe(*all.recipe);
  all = first_said(
      all, {.epochs = r.epochs, .batch = r.batch, .accumulate = 1, .seed = 0, .lr = r.lr, .full = false});
  expect_at_least_one(*all.epochs, "--epochs");
  expect_at_least_one(*all.batch, "--batch");
  expect_at_least_one(*all.accumulate, "--accumulate");
  return all;
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
  Run(const TrainSettings& settings, const TrainCommand& command)
      : recipe_(recipe(*settings.recipe)),
        command_(command),
        settings_(settings),
        seed_(static_cast<uint64_t>(*settings.seed)),
        epochs_(*settings.epochs),
        task_(data_of(recipe_, *settings.full)),
        network_((manual_seed(seed_), models::Network::make(recipe_.architecture))),
        loader_(task_.train, {.batch_size = *settings.batch, .shuffle = true, .seed = seed_, .workers = 1}),
        test_(task_.test, {.batch_size = 500}) {
    const double lr = *settings.lr;
    const std::vector<Tensor> params = network_.module().parameters();
    if (recipe_.one_cycle) {
      const int64_t steps = (loader_.size() + *settings.accumulate - 1) / *settings.accumulate;
      optimizer_ = std::make_unique<optim::SGD>(
          params, optim::SGDOptions{.lr = lr, .momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});
      schedule_ = std::make_unique<optim::OneCycleLR>(*optimizer_, lr, epochs_ * steps + 1);
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
    write_file_atomically(folder + "/config.json", {to_json(settings_)});
    LogEpochs log(folder + "/metrics.jsonl");
    std::vector<train::Callback*> callbacks{&log, &checkpoints};
    std::optional<train::Ledger> ledger;
    if (command_.ledger) callbacks.push_back(&ledger.emplace(folder + "/ledger.jsonl"));
    std::optional<train::DetectAnomaly> watch;
    if (command_.detect_anomaly) watch.emplace();
    NetworkTask task(network_);
    const train::FitResult result = train::fit(std::move(task), *optimizer_, loader_,
                                               {.epochs = epochs_,
                                                .accumulate = *settings_.accumulate,
                                                .clip_norm = settings_.clip_norm,
                                                .schedule = schedule_.get(),
                                                .callbacks = std::move(callbacks)});
    if (result.interrupted) {
      std::fprintf(stderr,
                   "\nstopped and saved after step %lld; `rushlight train --resume %s` goes on there\n",
                   static_cast<long long>(result.steps), folder.c_str());
      return;
    }
    const train::Measured measured = train::evaluate(std::move(task), test_);
    if (task_.points) draw_decisions(*task_.points, folder);
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

  // What the network says of the plane: in the terminal, and in decisions.svg.
  void draw_decisions(const data::PointSet& set, const std::string& folder) const {
    NoGrad guard;
    const auto score = [&](double x, double y) {
      const Tensor point =
          from_values<float>(std::vector{static_cast<float>(x), static_cast<float>(y)}, {1, 2});
      const std::vector<float> scores = network_(point).to_vector<float>();
      return static_cast<double>(scores[1] - scores[0]);
    };
    const Terminal terminal = inspect_terminal(stderr);
    const DecisionMap map = map_decisions(score, set.view, std::min(64, terminal.columns));
    std::fputs(to_lines(map, set.points, terminal.colour).c_str(), stderr);
    write_file_atomically(folder + "/decisions.svg",
                          {to_svg(map_decisions(score, set.view, 128), set.points)});
  }

  void try_one_batch() {
    NetworkTask task(network_);
    const auto first = loader_.begin();
    const auto& [images, labels] = *first;
    const int64_t begin = monotonic_ns();
    std::optional<train::DetectAnomaly> watch;
    if (command_.detect_anomaly) watch.emplace();
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
  TrainSettings settings_;
  uint64_t seed_;
  int64_t epochs_;
  Task task_;
  models::Network network_;
  data::DataLoader loader_, test_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<optim::Schedule> schedule_;
};

}  // namespace

void train(const TrainCommand& command) {
  const TrainSettings settings = settings_of(command);
  if (!settings.recipe) return list_recipes();
  Run run(settings, command);
  command.dry_run ? run.try_one_batch() : run.go();
}

}  // namespace rushlight::cli
