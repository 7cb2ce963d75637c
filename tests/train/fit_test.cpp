// fit() beside the loop by hand, and trainings that stop and go on without losing a bit.
#include "rushlight/train/fit.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <thread>

#include "rushlight/base/files.h"
#include "rushlight/base/progress.h"
#include "rushlight/data/data.h"
#include "rushlight/io/safetensors.h"
#include "rushlight/models/mlp.h"
#include "rushlight/rushlight.h"
#include "rushlight/train/checkpoint.h"
#include "rushlight/train/epoch_log.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

constexpr int64_t kExamples = 100;

// Two moons of points would do as well: points, and on which side of a parabola they lie.
data::Dataset examples(uint64_t seed) {
  const Tensor x = randn({kExamples, 2}, {.generator = Generator(seed)});
  const Tensor labels = (x.select(1, 1) > square(x.select(1, 0)) - 0.5).to(DType::int64);
  return data::TensorDataset(x, labels);
}

// A model with dropout, so that the random numbers matter too.
struct Net : nn::Layer<Net> {
  nn::Linear hidden = child("hidden", nn::Linear(2, 16));
  nn::Dropout dropout = child("dropout", nn::Dropout(0.2));
  nn::Linear output = child("output", nn::Linear(16, 2));
  Tensor forward(const Tensor& x) const { return output(dropout(tanh(hidden(x)))); }
};

struct Setup {
  Net net = (manual_seed(5), Net());  // all begin alike
  optim::AdamW optimizer{net.parameters(), {.lr = 0.01}};
  optim::CosineAnnealingLR schedule{optimizer, 60};
  data::DataLoader loader{examples(1), {.batch_size = 8, .shuffle = true, .seed = 3}};
  data::DataLoader validation{examples(2), {.batch_size = 50}};

  train::Snapshot snapshot() { return {&net, &optimizer, &schedule, &loader, nullptr}; }
  train::FitOptions options(int64_t epochs) {
    return {.epochs = epochs, .schedule = &schedule, .validation = &validation, .progress = false};
  }
};

struct StopAt : train::Callback {
  explicit StopAt(int64_t s) : step(s) {}
  void after_step(train::FitState& state) override { state.stop |= state.step == step; }
  int64_t step;
};

// What a crash leaves: nothing runs behind it.
struct Crash {};
struct CrashAt : train::Callback {
  explicit CrashAt(int64_t s) : step(s) {}
  void after_step(train::FitState& state) override {
    if (state.step == step) throw Crash();
  }
  int64_t step;
};

std::vector<float> weights_of(const nn::Module& module) {
  std::vector<float> all;
  for (const Tensor& p : module.parameters())
    for (float v : p.detach().to_vector<float>()) all.push_back(v);
  return all;
}

}  // namespace

TEST_CASE("fit() makes the steps that the loop by hand makes") {
  Setup by_hand, fitted;
  manual_seed(9);
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (const auto& [x, y] : by_hand.loader) {
      by_hand.optimizer.zero_grad();
      cross_entropy(by_hand.net(x), y).backward();
      by_hand.optimizer.step();
      by_hand.schedule.step();
    }
  }
  manual_seed(9);
  const train::FitResult result =
      train::fit(train::classifier(fitted.net), fitted.optimizer, fitted.loader, fitted.options(3));
  CHECK(weights_of(by_hand.net) == weights_of(fitted.net));
  CHECK(result.steps == 3 * 13);
  CHECK(result.epochs == 3);
  CHECK(result.training.count == kExamples);
  REQUIRE(result.validation.has_value());
  CHECK(result.validation->accuracy > 0.5);
  CHECK(fitted.net.is_training());
}

TEST_CASE("fit() adds up gradients, clips them, and stops where it is told") {
  Setup whole, parts;
  for (Setup* setup : {&whole, &parts}) setup->net.dropout = nn::Dropout(0);
  data::DataLoader large(examples(1), {.batch_size = 20}), small(examples(1), {.batch_size = 5});
  (void)train::fit(train::classifier(whole.net), whole.optimizer, large,
                   {.clip_norm = 0.1, .progress = false});
  const train::FitResult result = train::fit(train::classifier(parts.net), parts.optimizer, small,
                                             {.accumulate = 4, .clip_norm = 0.1, .progress = false});
  CHECK(result.steps == 5);
  const std::vector<float> a = weights_of(whole.net), b = weights_of(parts.net);
  for (size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-3).scale(0.01));

  // The batches that are left of an epoch make a step of their mean gradient too.
  Setup by_hand, left;
  for (Setup* setup : {&by_hand, &left}) setup->net.dropout = nn::Dropout(0);
  data::DataLoader twelve(examples(1), {.batch_size = 8, .drop_last = true});
  (void)train::fit(train::classifier(left.net), left.optimizer, twelve, {.accumulate = 7, .progress = false});
  int64_t seen = 0;
  by_hand.optimizer.zero_grad();
  for (const auto& [x, y] : twelve) {
    (cross_entropy(by_hand.net(x), y) / (seen < 7 ? 7.0 : 5.0)).backward();
    if (++seen != 7 && seen != 12) continue;
    by_hand.optimizer.step();
    by_hand.optimizer.zero_grad();
  }
  CHECK(weights_of(by_hand.net) == weights_of(left.net));

  Setup limited;
  CHECK(train::fit(train::classifier(limited.net), limited.optimizer, limited.loader,
                   {.epochs = 9, .steps = 17, .progress = false})
            .steps == 17);
  Setup stopped;
  StopAt stop(4);
  train::FitOptions options = stopped.options(9);
  options.callbacks = {&stop};
  CHECK(train::fit(train::classifier(stopped.net), stopped.optimizer, stopped.loader, options).steps == 4);
}

TEST_CASE("fit() ends when the validation loss has not fallen for long") {
  Setup setup;
  setup.optimizer.set_lr(0);
  train::FitOptions options = setup.options(50);
  options.schedule = nullptr;
  options.patience = 3;
  const train::FitResult result =
      train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, options);
  CHECK(result.epochs == 4);  // the first was the best
}

TEST_CASE("fit() that ended for want of progress has ended when it is called again") {
  const TemporaryFolder folder;
  for (int64_t epochs : {4, 4}) {
    Setup setup;
    setup.optimizer.set_lr(0);
    train::FitOptions options = setup.options(50);
    options.schedule = nullptr;
    options.patience = 3;
    train::Checkpoints checkpoints(folder / "run", {&setup.net, &setup.optimizer, nullptr, &setup.loader});
    (void)checkpoints.resume();
    options.callbacks = {&checkpoints};
    CHECK(train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, options).epochs == epochs);
  }
}

TEST_CASE("fit() tells a plateau of each epoch, and a checkpoint keeps what it remembers") {
  const TemporaryFolder folder;
  const auto lr_after = [&](const char* run, int64_t epochs) {
    Setup setup;
    optim::ReduceLROnPlateau plateau(setup.optimizer, {.patience = 2, .threshold = 10});  // never good enough
    train::FitOptions options = setup.options(epochs);
    options.schedule = nullptr;
    options.plateau = &plateau;
    train::Checkpoints checkpoints(
        folder / run,
        {.model = &setup.net, .optimizer = &setup.optimizer, .loader = &setup.loader, .plateau = &plateau});
    (void)checkpoints.resume();
    options.callbacks = {&checkpoints};
    (void)train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, options);
    return setup.optimizer.lr();
  };
  CHECK(lr_after("whole", 3) == 0.01);
  CHECK(lr_after("whole", 4) == doctest::Approx(0.001));
  CHECK(lr_after("straight", 4) == doctest::Approx(0.001));
}

TEST_CASE("a loop by hand with the parts of fit(): the same weights, log and checkpoints") {
  const TemporaryFolder folder;
  Setup fitted, by_hand;
  {
    manual_seed(9);
    train::EpochLog log(folder / "fitted.jsonl");
    train::Checkpoints checkpoints(folder / "fitted", fitted.snapshot());
    (void)train::fit(train::classifier(fitted.net), fitted.optimizer, fitted.loader,
                     {.epochs = 2, .schedule = &fitted.schedule, .callbacks = {&log, &checkpoints}});
  }
  manual_seed(9);
  train::RunLog log(folder / "by_hand.jsonl");
  train::Checkpoints checkpoints(folder / "by_hand", by_hand.snapshot());
  int64_t step = 0;
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    Progress bar(join_text("epoch ", epoch + 1), by_hand.loader.size());
    train::Mean loss;
    train::Accuracy accuracy;
    for (const auto& [x, y] : by_hand.loader) {
      by_hand.optimizer.zero_grad();
      const Tensor scores = by_hand.net(x), wrong = cross_entropy(scores, y);
      wrong.backward();
      by_hand.optimizer.step();
      by_hand.schedule.step();
      loss.add(wrong.item<double>(), y.size(0));
      accuracy.add(scores, y);
      bar.advance();
      ++step;
    }
    log.write({{"epoch", epoch + 1},
               {"step", step},
               {"loss", loss.value()},
               {"accuracy", accuracy.value()},
               {"lr", by_hand.optimizer.lr()}});
    checkpoints.save({.epoch = epoch + 1, .step = step});
  }
  CHECK(weights_of(by_hand.net) == weights_of(fitted.net));
  CHECK(read_file(folder / "by_hand.jsonl") == read_file(folder / "fitted.jsonl"));
  for (const char* file : {"step-000000013.safetensors", "step-000000026.safetensors"})
    CHECK(read_file(folder / join_text("by_hand/", file)) == read_file(folder / join_text("fitted/", file)));
}

TEST_CASE("fit() counts how often the label is among the highest, too") {
  Setup setup;
  train::FitOptions options = setup.options(1);
  options.top_k = 2;
  const train::FitResult result =
      train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, options);
  CHECK(result.training.top_k == 1);  // there are but two classes
  CHECK(result.validation->top_k == 1);
  CHECK(result.training.accuracy < 1);
  options.top_k = 0;
  CHECK_FALSE(
      train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, options).training.top_k);
}

TEST_CASE("fit() refuses what makes no sense, and says why") {
  Setup setup;
  const auto refuses = [&](train::FitOptions options, std::initializer_list<const char*> words) {
    options.progress = false;
    const auto call = [&] {
      (void)train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, options);
    };
    return fails_with(ErrorKind::value, words, call);
  };
  CHECK(refuses({.epochs = -1}, {"[fit]", "epochs", "-1"}));
  CHECK(refuses({.steps = -2}, {"steps", "-2"}));
  CHECK(refuses({.accumulate = 0}, {"accumulate", "1 or more", "0"}));
  CHECK(refuses({.clip_norm = -1}, {"clip_norm", "greater than 0", "-1"}));
  CHECK(refuses({.clip_norm = NAN}, {"clip_norm", "nan"}));
  CHECK(refuses({.patience = -1}, {"patience", "-1"}));
  CHECK(refuses({.patience = 2}, {"patience 2", "`validation`"}));
  CHECK(refuses({.top_k = -1}, {"top_k", "-1"}));
  data::DataLoader empty(examples(1), {.batch_size = 101, .drop_last = true});
  CHECK(refuses({.validation = &empty},
                {"validation", "no batch", "100 examples", "a batch 101", "drop_last"}));
  CHECK(fails_with(ErrorKind::value, {"[fit]", "no batch"}, [&] {
    (void)train::fit(train::classifier(setup.net), setup.optimizer, empty, {.progress = false});
  }));
  CHECK(fails_with(ErrorKind::value, {"[evaluate]", "no batch"},
                   [&] { (void)train::evaluate(train::classifier(setup.net), empty); }));
}

TEST_CASE("fit() in two threads, and in a callback of another") {
  Setup alone, outer, inner;
  for (Setup* setup : {&alone, &outer, &inner}) setup->net.dropout = nn::Dropout(0);
  const auto train = [](Setup& setup, train::FitOptions options) {
    (void)train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, options);
  };
  train(alone, alone.options(2));
  struct TrainInside : train::Callback {
    std::function<void()> work;
    void after_epoch(train::FitState& state) override {
      if (state.epoch == 1) work();
    }
  } inside;
  inside.work = [&] { std::thread([&] { train(inner, inner.options(2)); }).join(); };
  train::FitOptions options = outer.options(2);
  options.callbacks = {&inside};
  train(outer, options);
  CHECK(weights_of(outer.net) == weights_of(alone.net));
  CHECK(weights_of(inner.net) == weights_of(alone.net));
}

TEST_CASE("fit() stops at a loss that is no number, and says what may help") {
  Setup setup;
  {
    NoGrad guard;
    setup.net.output.bias.fill_(NAN);
  }
  CHECK(fails_with(ErrorKind::runtime, {"step 0", "nan", "--detect-anomaly"}, [&] {
    (void)train::fit(train::classifier(setup.net), setup.optimizer, setup.loader, setup.options(1));
  }));
}

TEST_CASE("a loss of one's own") {
  manual_seed(1);
  nn::Linear line(1, 1);
  const Tensor x = randn({64, 1}), y = x * 3.0 + 1.0;
  optim::SGD optimizer(line.parameters(), {.lr = 0.1});
  data::DataLoader loader(data::TensorDataset(x, y), {.batch_size = 16, .shuffle = true});
  const auto distance = [](const Tensor& scores, const Tensor& target) { return mse_loss(scores, target); };
  const train::FitResult result =
      train::fit(train::task(line, distance), optimizer, loader, {.epochs = 30, .progress = false});
  CHECK(result.training.loss < 1e-3);
  CHECK(line.weight.item<double>() == doctest::Approx(3).epsilon(0.02));
  CHECK_FALSE(result.training.accuracy);  // nothing is classified
}

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
  CHECK(train::load_checkpoint(*checkpoints.newest(), {}).config == "lr = 0.01");

  io::save_tensors(folder / "weights.safetensors", setup.net.state_dict());
  CHECK(fails_with(ErrorKind::value, {"weights.safetensors", "no checkpoint"},
                   [&] { (void)train::load_checkpoint(folder / "weights.safetensors", setup.snapshot()); }));
  models::Mlp other({.sizes = {2, 3}});
  CHECK(fails_with(ErrorKind::runtime, {"Mlp", "hidden.weight"},
                   [&] { (void)train::load_checkpoint(*checkpoints.newest(), {.model = &other}); }));
}
