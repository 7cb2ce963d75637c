// Trainings that stop, crash or find their checkpoints damaged, and go on without losing a bit.
#include "rushlight/train/checkpoint.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "rushlight/base/files.h"
#include "rushlight/io/safetensors.h"
#include "rushlight/models/mlp.h"
#include "rushlight/train/epoch_log.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"
#include "tests/train/small_training.h"

using namespace rushlight;
using namespace small_training;

namespace {

// What a crash leaves: nothing runs behind it.
struct Crash {};
struct CrashAt : train::Callback {
  explicit CrashAt(int64_t s) : step(s) {}
  void after_step(train::FitState& state) override {
    if (state.step == step) throw Crash();
  }
  int64_t step;
};

}  // namespace

TEST_CASE("a training that was stopped goes on with the same bits") {
  Setup whole;
  (void)train::fit(train::classifier(whole.net), whole.optimizer, whole.loader, whole.options(4));
  // In the middle of an epoch, at its last step, and just after its end; from a checkpoint of each step, and
  // from the one that is made where training is stopped.
  for (int64_t step : {5, -5, 13, 14, 26, -26, 51, -51}) {
    CAPTURE(step);
    const TemporaryFolder folder;
    {
      Setup first;
      train::CheckpointOptions saving;
      if (step > 0) saving.every_steps = 1;
      step = std::abs(step);
      train::Checkpoints checkpoints(folder / "run", first.snapshot(), saving);
      StopAt stop(step);
      train::FitOptions options = first.options(4);
      options.callbacks = {&checkpoints, &stop};
      (void)train::fit(train::classifier(first.net), first.optimizer, first.loader, options);
    }
    Setup second;
    manual_seed(77);
    train::Checkpoints checkpoints(folder / "run", second.snapshot());
    REQUIRE(checkpoints.resume());
    CHECK(has(*checkpoints.newest(), join_text(step, ".safetensors").c_str()));
    train::FitOptions options = second.options(4);
    options.callbacks = {&checkpoints};
    const train::FitResult result =
        train::fit(train::classifier(second.net), second.optimizer, second.loader, options);
    CHECK(result.steps == 4 * 13);
    CHECK(weights_of(second.net) == weights_of(whole.net));
  }
}

TEST_CASE("an epoch that was stopped or crashed ends with the numbers of one that was not") {
  const TemporaryFolder folder;
  // A training that looks at its own loss; without validation, so that nothing else tells the plateau.
  const auto train_in = [&](const std::string& run, train::Callback* end) {
    Setup setup;
    if (std::filesystem::exists(run)) manual_seed(77);
    optim::ReduceLROnPlateau plateau(setup.optimizer, {.patience = 1, .threshold = 0.3});
    train::Checkpoints checkpoints(
        run,
        {.model = &setup.net, .optimizer = &setup.optimizer, .loader = &setup.loader, .plateau = &plateau},
        {.every_steps = 1});
    (void)checkpoints.resume();
    train::EpochLog log(run + ".jsonl");
    train::FitOptions options{.epochs = 6, .plateau = &plateau, .top_k = 1, .progress = false};
    options.callbacks = {&log, &checkpoints};
    if (end) options.callbacks.push_back(end);
    try {
      (void)train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, options);
    } catch (const Crash&) {
    }
    return weights_of(setup.net);
  };
  const std::vector<float> whole = train_in(folder / "whole", nullptr);
  const std::string log = read_file(folder / "whole.jsonl");
  REQUIRE(has(log, "\"lr\": 0.001"));     // the plateau had something to do
  for (int64_t step : {5, 13, 14, 39}) {  // 13 steps make an epoch
    CAPTURE(step);
    StopAt stop(step);
    CrashAt crash(step);
    for (train::Callback* end :
         {static_cast<train::Callback*>(&stop), static_cast<train::Callback*>(&crash)}) {
      const std::string run = folder / join_text(end == &stop ? "stop-" : "crash-", step);
      (void)train_in(run, end);
      CHECK(train_in(run, nullptr) == whole);
      CHECK(read_file(run + ".jsonl") == log);
    }
  }
}

TEST_CASE("a checkpoint from before the sums of its epoch were saved loads; spoilt numbers are refused") {
  const TemporaryFolder folder;
  Setup setup;
  const std::string path = folder / "checkpoint.safetensors";
  train::save_checkpoint(path, setup.snapshot(), {.epoch = 1, .step = 20});
  const io::TensorFile saved = io::load_safetensors(path);
  const auto load_with = [&](const char* name, std::optional<Tensor> instead) {
    NamedTensors tensors;
    for (const NamedTensor& named : saved.tensors) {
      if (named.name != name) tensors.push_back(named);
      if (named.name == name && instead) tensors.push_back({name, *instead});
    }
    REQUIRE(tensors.size() + (instead ? 0 : 1) == saved.tensors.size());
    io::save_safetensors(path, tensors, saved.metadata);
    return train::load_checkpoint(path, setup.snapshot());
  };
  const train::Progressed old = load_with("epoch.counts", std::nullopt);
  CHECK(old.step == 20);
  CHECK(old.so_far.loss.count() == 0);
  const auto numbers = [](std::vector<int64_t> list) {
    return from_values<int64_t>(list, static_cast<int64_t>(list.size()));
  };
  CHECK(fails_with(ErrorKind::value, {"checkpoint.safetensors", "counters", "-1"},
                   [&] { (void)load_with("counters", numbers({1, -1, 0})); }));
  CHECK(fails_with(ErrorKind::value, {"checkpoint.safetensors", "epoch.counts", "-7"},
                   [&] { (void)load_with("epoch.counts", numbers({8, 1, -7, 0, 0, 0})); }));
}

TEST_CASE("a damaged checkpoint stops a training that would go on, and is named with what there is instead") {
  const TemporaryFolder folder;
  Setup setup;
  train::Checkpoints checkpoints(folder / "run", setup.snapshot());
  for (int64_t step : {13, 26}) checkpoints.save({.epoch = step / 13, .step = step});
  const auto cut = [&](const char* name) {
    const std::string path = folder / join_text("run/", name);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  };
  cut("step-000000026.safetensors");
  CHECK(fails_with(ErrorKind::value,
                   {"damaged", "(rm ", "run/step-000000026.safetensors)", "goes on from", "step-000000013"},
                   [&] { (void)checkpoints.resume(); }));
  std::filesystem::remove(folder / "run/step-000000026.safetensors");
  CHECK(checkpoints.resume()->step == 13);
  cut("step-000000013.safetensors");
  CHECK(fails_with(ErrorKind::value, {"step-000000013.safetensors", "begins anew"},
                   [&] { (void)checkpoints.resume(); }));
  for (int64_t every : {0, -1})
    CHECK(fails_with(ErrorKind::value, {"every_steps", join_text(every).c_str()},
                     [&] { train::Checkpoints(folder / "run", {}, {.every_steps = every}); }));
}

TEST_CASE("checkpoints: the last ones and the best one stay; wrong files are refused") {
  const TemporaryFolder folder;
  Setup setup;
  train::Checkpoints checkpoints(folder / "run", setup.snapshot(), {.keep_last = 2, .config = "lr = 0.01"});
  CHECK_FALSE(checkpoints.resume());
  train::FitOptions options = setup.options(5);
  options.callbacks = {&checkpoints};
  (void)train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, options);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "run"))
    files += entry.is_regular_file();
  CHECK(files == 3);
  REQUIRE(checkpoints.newest().has_value());
  CHECK(has(*checkpoints.newest(), "step-000000065"));
  manual_seed(7);
  CHECK(checkpoints.progressed()->step == 65);
  CHECK(default_generator().state().seed == 7);  // a look takes nothing over
  CHECK(train::load_checkpoint(*checkpoints.newest(), {}).config == "lr = 0.01");

  io::save_tensors(folder / "weights.safetensors", setup.net.state_dict());
  CHECK(fails_with(ErrorKind::value, {"weights.safetensors", "no checkpoint"},
                   [&] { (void)train::load_checkpoint(folder / "weights.safetensors", setup.snapshot()); }));
  models::Mlp other({.sizes = {2, 3}});
  CHECK(fails_with(ErrorKind::runtime, {"Mlp", "hidden.weight"},
                   [&] { (void)train::load_checkpoint(*checkpoints.newest(), {.model = &other}); }));
}
