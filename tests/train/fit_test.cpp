// fit() beside the loop by hand: its steps, its ends, its numbers, and what it refuses.
#include "rushlight/train/fit.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <thread>

#include "rushlight/base/files.h"
#include "rushlight/base/progress.h"
#include "rushlight/optim/clip.h"
#include "rushlight/train/checkpoint.h"
#include "rushlight/train/epoch_log.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"
#include "tests/train/small_training.h"

using namespace rushlight;
using namespace small_training;

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

TEST_CASE("fit() clips as the loop by hand does") {
  Setup by_hand, fitted;
  manual_seed(9);
  for (const auto& [x, y] : by_hand.loader) {
    by_hand.optimizer.zero_grad();
    cross_entropy(by_hand.net(x), y).backward();
    (void)optim::clip_grad_norm_(by_hand.optimizer.parameters(), 0.1);
    by_hand.optimizer.step();
    by_hand.schedule.step();
  }
  manual_seed(9);
  train::FitOptions options = fitted.options(1);
  options.clip_norm = 0.1;
  (void)train::fit(train::classifier(fitted.net), fitted.optimizer, fitted.loader, options);
  CHECK(weights_of(by_hand.net) == weights_of(fitted.net));
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
