// rushlight train: a recipe from the first weights to a file that predicts.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "rushlight/base/clock.h"
#include "rushlight/base/files.h"
#include "rushlight/base/memory.h"
#include "rushlight/base/memory_account.h"
#include "rushlight/base/os.h"
#include "rushlight/base/readable.h"
#include "rushlight/base/terminal.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/run_folder.h"
#include "rushlight/cli/training.h"
#include "rushlight/train/anomaly.h"
#include "rushlight/train/checkpoint.h"
#include "rushlight/train/epoch_log.h"
#include "rushlight/train/ledger.h"
#include "rushlight/train/step_cost.h"

namespace rushlight::cli {

namespace {

// The command's own words, then those of its file, then those of the run that goes on, then the recipe's.
TrainSettings settings_of(const TrainCommand& command) {
  TrainSettings all = command.settings;
  if (!command.config.empty()) all = first_said(all, load_settings(command.config));
  if (!command.resume.empty()) {
    const TrainSettings before = settled(load_settings(config_in(command.resume)));
    expect_fitting(all, before, command.resume);
    all = first_said(all, before);
  }
  return settled(all);
}

// What the network says of the plane: in the terminal, and in decisions.svg.
void draw_decisions(const models::Network& network, const data::PointSet& set, const std::string& folder) {
  NoGrad guard;
  const auto score = [&](double x, double y) {
    const Tensor point =
        from_values<float>(std::vector{static_cast<float>(x), static_cast<float>(y)}, {1, 2});
    const std::vector<float> scores = network(point).to_vector<float>();
    return static_cast<double>(scores[1] - scores[0]);
  };
  const Terminal terminal = inspect_terminal(stderr);
  const DecisionMap map = map_decisions(score, set.view, std::min(64, terminal.columns));
  std::fputs(to_lines(map, set.points, terminal.colour).c_str(), stderr);
  write_file_atomically(folder + "/decisions.svg", {to_svg(map_decisions(score, set.view, 128), set.points)});
}

// What the trained network is worth, and where it lies.
void report(Training& training, const train::FitResult& result, const std::string& folder,
            train::EpochLog& log) {
  train::ConfusionMatrix confusion(training.network.classes());
  const train::Measured measured =
      train::evaluate(train::classifier(training.network), training.test, {.confusion = &confusion});
  if (training.data.points) draw_decisions(training.network, *training.data.points, folder);
  log.write_test(result.epochs, measured, confusion);
  const std::string model = model_in(folder);
  const uint64_t peak_bytes = memory_stats().peak_bytes;
  models::save_model(model, {std::move(training.network), training.data.preprocessing, training.data.labels,
                             training.data.name, training.data.test_part});
  std::fprintf(stderr, "%s\n", model.c_str());
  std::puts(train::json_line({{"recipe", std::string(training.recipe.name)},
                              {"model", model},
                              {"epochs", result.epochs},
                              {"test_accuracy", measured.accuracy.value()},
                              {"test_loss", measured.loss},
                              {"examples", measured.count},
                              {"peak_bytes", static_cast<int64_t>(peak_bytes)},
                              {"seconds", result.seconds}})
                .c_str());
}

// Of a run that goes on: before it is changed.
void expect_more_to_do(const Training& training, const train::Checkpoints& checkpoints,
                       const std::string& run) {
  const std::optional<train::Progressed> done = checkpoints.progressed();
  if (!done && std::filesystem::exists(model_in(run)))
    fail(ErrorKind::value, run,
         " has a trained model but no checkpoint to go on from; `rushlight train --config ", run,
         "/config.json` begins a new run like it");
  if (!done) {
    std::fprintf(stderr, "%s was stopped before its first checkpoint: it begins anew\n", run.c_str());
    return;
  }
  const int64_t epochs = *training.settings.epochs;
  if (done->epoch > epochs || (done->epoch == epochs && done->step > epochs * steps_of_epoch(training)))
    fail(ErrorKind::value, run, " is past epoch ", epochs, ": it has done ", done->epoch, " epochs, ",
         done->step, " steps. --epochs ", done->epoch + 1, ", or more, goes on; a new run takes any number");
}

bool run(const TrainSettings& settings, const TrainCommand& command) {
  Training training(settings);
  const std::string folder =
      command.resume.empty() ? fresh_folder(command.runs, training.recipe.name) : command.resume;
  const RunLock lock(folder);
  train::Checkpoints checkpoints(folder + "/checkpoints",
                                 {&training.network.module(), training.optimizer.get(),
                                  training.schedule.get(), &training.loader, nullptr},
                                 {.config = to_json(settings)});
  if (!command.resume.empty()) {
    expect_more_to_do(training, checkpoints, folder);
    remove_leftovers(folder);
    (void)checkpoints.resume();
  }
  write_file_atomically(folder + "/config.json", {to_json(settings)});
  train::EpochLog log(log_in(folder));
  std::vector<train::Callback*> callbacks{&log, &checkpoints};
  std::optional<train::Ledger> ledger;
  if (settings.ledger.value_or(false)) callbacks.push_back(&ledger.emplace(folder + "/ledger.jsonl"));
  std::optional<train::DetectAnomaly> watch;
  if (settings.detect_anomaly.value_or(false)) watch.emplace();
  const train::FitResult result =
      train::fit(train::classifier(training.network), *training.optimizer, training.loader,
                 {.epochs = *settings.epochs,
                  .accumulate = *settings.accumulate,
                  .clip_norm = settings.clip_norm,
                  .schedule = training.schedule.get(),
                  .callbacks = std::move(callbacks)});
  if (!result.interrupted) {
    report(training, result, folder, log);
    return true;
  }
  std::fprintf(stderr, "\nstopped and saved after step %lld; `rushlight train --resume %s` goes on there\n",
               static_cast<long long>(result.steps), folder.c_str());
  std::puts(train::json_line({{"recipe", std::string(training.recipe.name)},
                              {"stopped", folder},
                              {"epochs", result.epochs},
                              {"steps", result.steps},
                              {"seconds", result.seconds}})
                .c_str());
  return false;
}

// The median of a few steps, after one that pays for memory; few where they are long.
double seconds_of_a_step(Training& training) {
  std::optional<train::DetectAnomaly> watch;
  if (training.settings.detect_anomaly.value_or(false)) watch.emplace();
  auto task = train::classifier(training.network);
  const auto first = training.loader.begin();
  std::vector<double> seconds;
  const int64_t begin = monotonic_ns();
  train::train_step(task, *training.optimizer, *first);
  while (seconds.empty() || (seconds.size() < 9 && monotonic_ns() - begin < 2'000'000'000)) {
    const int64_t before = monotonic_ns();
    train::train_step(task, *training.optimizer, *first);
    seconds.push_back(static_cast<double>(monotonic_ns() - before) * 1e-9);
  }
  std::ranges::sort(seconds);
  return seconds[seconds.size() / 2];
}

// A dry run fills no memory, so the limit does not hold for it: what is foretold may be beyond.
class WithoutMemoryLimit {
 public:
  WithoutMemoryLimit() { set_memory_limit(SIZE_MAX); }
  ~WithoutMemoryLimit() {
    empty_cache();
    if (const auto limit = environment("RUSHLIGHT_MEMORY_LIMIT"); limit && !limit->empty())
      set_memory_limit(parse_memory_size(*limit));
  }
};

train::StepCost foretell(Training& training) {
  const WithoutMemoryLimit guard;
  const auto first = training.loader.begin();
  const train::StepCost cost =
      train::cost_of_step(train::classifier(training.network), *training.optimizer, *first);
  training.schedule.reset();  // the optimizer now remembers no numbers to go on with
  training.optimizer =
      optimizer_of(training.recipe.method, training.network.module().parameters(), *training.settings.lr);
  return cost;
}

// First what is foretold, then a real step, which may need more memory than there is.
void try_one_batch(const TrainSettings& settings) {
  Training training(settings);
  const train::StepCost cost = foretell(training);
  std::fprintf(stderr, "%sat most %s in memory at once, data included\n", in_words(cost).c_str(),
               readable_bytes(cost.live_bytes).c_str());
  const double seconds = seconds_of_a_step(training);
  const int64_t batches = training.loader.size();
  const double in_all = seconds * static_cast<double>(*settings.epochs * batches);
  std::fprintf(stderr, "one batch of %lld takes %s; %lld epochs of %lld batches about %s\n",
               static_cast<long long>(*settings.batch), readable_seconds(seconds).c_str(),
               static_cast<long long>(*settings.epochs), static_cast<long long>(batches),
               readable_seconds(in_all).c_str());
  std::puts(train::json_line({{"recipe", std::string(training.recipe.name)},
                              {"step_seconds", seconds},
                              {"step_flops", cost.flops},
                              {"peak_bytes", static_cast<int64_t>(cost.live_bytes)},
                              {"seconds", in_all}})
                .c_str());
}

[[noreturn]] void refuse_without_recipe() {
  std::string names;
  for (const Recipe& r : recipes()) names += (names.empty() ? "" : ", ") + std::string(r.name);
  fail(ErrorKind::value, "a training needs a recipe (", names,
       "), a file of --config that names one, or a run to --resume");
}

}  // namespace

void list_recipes() {
  std::puts("recipes (rushlight train NAME):");
  for (const Recipe& r : recipes())
    std::printf("  %-12s %-52s %3lld epochs  %s\n", std::string(r.name).c_str(), std::string(r.what).c_str(),
                static_cast<long long>(r.epochs), std::string(r.reaches).c_str());
}

bool train(const TrainCommand& command) {
  if (!command.settings.recipe && command.config.empty() && command.resume.empty()) refuse_without_recipe();
  const TrainSettings settings = settings_of(command);
  use_machine(settings);
  if (!command.dry_run) return run(settings, command);
  try_one_batch(settings);
  return true;
}

}  // namespace rushlight::cli
