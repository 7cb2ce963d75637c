#include "rushlight/train/fit.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "rushlight/base/clock.h"
#include "rushlight/base/interrupt.h"
#include "rushlight/base/memory.h"
#include "rushlight/base/progress.h"
#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"
#include "rushlight/train/curve.h"

namespace rushlight::train {

namespace {

std::string formatted(const char* format, double number) {
  char text[32];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

std::vector<std::string> postfix_of(const Measured& m, double lr) {
  std::vector<std::string> texts{formatted("loss %.4f", m.loss)};
  if (m.accuracy) texts.push_back(formatted("accuracy %.2f %%", 100 * *m.accuracy));
  texts.push_back(formatted("lr %.2g", lr));
  return texts;
}

void expect_batches(const char* whose, const data::DataLoader& loader) {
  if (loader.size() > 0) return;
  fail(ErrorKind::value, "[", whose, "] the loader has no batch: its dataset has ", loader.dataset().size(),
       " examples, a batch ", loader.options().batch_size,
       loader.options().drop_last ? ", and drop_last leaves out what is fewer" : "");
}

void expect_sensible(const FitOptions& o, const data::DataLoader& loader) {
  const auto expect = [](bool sensible, const char* name, auto value, const char* rule) {
    if (!sensible) fail(ErrorKind::value, "[fit] ", name, " must be ", rule, ", not ", value);
  };
  expect(o.epochs >= 0, "epochs", o.epochs, "0 or more");
  expect(o.steps.value_or(0) >= 0, "steps", o.steps.value_or(0), "0 or more");
  expect(o.accumulate >= 1, "accumulate", o.accumulate, "1 or more");
  expect(o.clip_norm.value_or(1) > 0, "clip_norm", o.clip_norm.value_or(1), "greater than 0");
  expect(o.patience >= 0, "patience", o.patience, "0 (endless) or more");
  expect(o.top_k >= 0, "top_k", o.top_k, "0 (not counted) or more");
  if (o.patience > 0 && !o.validation)
    fail(ErrorKind::value, "[fit] patience ", o.patience,
         " is about the validation loss: it needs a loader in `validation`");
  expect_batches("fit", loader);
  if (o.validation) expect_batches("fit: validation", *o.validation);
}

class Training {
 public:
  Training(Task& task, optim::Optimizer& optimizer, data::DataLoader& loader, const FitOptions& options)
      : options_(options), loader_(loader), state_{task, optimizer} {
    expect_sensible(options, loader);
  }

  FitResult run() {
    const FlushProgress last_state;
    const int64_t begin = monotonic_ns();
    for (Callback* callback : options_.callbacks) callback->before_training(state_);
    FitResult result;
    while (!is_over()) {
      run_epoch();
      result.training = state_.training, result.validation = state_.validation;
    }
    for (Callback* callback : options_.callbacks) callback->after_training(state_);
    result.epochs = state_.epoch, result.steps = state_.step;
    result.seconds = static_cast<double>(monotonic_ns() - begin) * 1e-9;
    result.interrupted = interrupt_.requested();
    return result;
  }

 private:
  bool is_over() const {
    return state_.stop || interrupt_.requested() || state_.epoch >= options_.epochs ||
           (options_.steps && state_.step >= *options_.steps) ||
           (options_.patience > 0 && state_.epochs_without_progress >= options_.patience);
  }

  void run_epoch() {
    std::optional<Progress> bar;
    if (options_.progress) {
      bar.emplace(join_text("epoch ", state_.epoch + 1, "/", options_.epochs), loader_.size());
      bar->resume_at(loader_.start().batch);
    }
    const bool complete = run_batches(bar ? &*bar : nullptr);
    if (bar) describe(*bar);
    if (complete) end_epoch();
  }

  // False where it stopped before the last batch.
  bool run_batches(Progress* bar) {
    state_.task.module().train();
    Meter& meter = state_.so_far;
    if (loader_.start().batch == 0) meter = {};
    if (meter.top_k.k() != options_.top_k) meter.top_k = TopK(options_.top_k);
    state_.training = meter.measured();
    int64_t waiting = 0;  // batches whose gradients no step has used yet
    int64_t left = loader_.size() - loader_.start().batch, together = 0;
    for (const auto& [input, target] : loader_) {
      if (waiting == 0) {
        state_.optimizer.zero_grad();
        together = std::min(options_.accumulate, left);
      }
      --left;
      learn(input, target, together);
      state_.training = meter.measured();
      if (bar && bar->is_due()) describe(*bar);
      if (bar) bar->advance();
      if (++waiting < together) continue;
      waiting = 0;
      step();
      if (is_over() && loader_.position().batch < loader_.size()) return false;
    }
    return true;
  }

  void describe(Progress& bar) const {
    bar.set_postfix(postfix_of(state_.training, state_.optimizer.lr()));
    bar.set_curve(losses_.draw());
  }

  // One of so many batches that a step takes together.
  void learn(const Tensor& input, const Tensor& target, int64_t together) {
    const Tensor scores = state_.task.predict(input), loss = state_.task.loss(scores, target);
    const double value = loss.item<double>();
    (void)memory_stats();  // the peak sees small objects when one looks: here, where the tape is whole
    if (!std::isfinite(value))
      fail(ErrorKind::runtime, "[fit] the loss of step ", state_.step, " is ", value,
           ". A lower learning rate or clipped gradients may help; --detect-anomaly names the op that made "
           "it");
    (together > 1 ? loss / static_cast<double>(together) : loss).backward();
    state_.so_far.add(value, scores, target);
    losses_.add(value);
  }

  void step() {
    if (options_.clip_norm)
      (void)state_.optimizer.clipped_step(*options_.clip_norm);
    else
      state_.optimizer.step();
    if (options_.schedule) options_.schedule->step();
    ++state_.step;
    for (Callback* callback : options_.callbacks) callback->after_step(state_);
  }

  void end_epoch() {
    state_.so_far = {};  // the checkpoint that follows is of the next epoch
    state_.validation.reset();
    if (options_.validation) {
      state_.validation = evaluate(std::move(state_.task), *options_.validation, {.top_k = options_.top_k});
      state_.best = state_.validation->loss < state_.lowest;
      state_.lowest = std::min(state_.lowest, state_.validation->loss);
      state_.epochs_without_progress = state_.best ? 0 : state_.epochs_without_progress + 1;
    }
    if (options_.plateau)
      options_.plateau->step(state_.validation ? state_.validation->loss : state_.training.loss);
    ++state_.epoch;
    for (Callback* callback : options_.callbacks) callback->after_epoch(state_);
  }

  const FitOptions& options_;
  data::DataLoader& loader_;
  FitState state_;
  Sparkline losses_{10};  // with loss, rate and time left it has room in a terminal of 80 columns
  Interrupt interrupt_;
};

}  // namespace

Tensor loss_of_classes(const Tensor& scores, const Tensor& labels) { return cross_entropy(scores, labels); }

FitResult fit(Task&& task, optim::Optimizer& optimizer, data::DataLoader& loader, const FitOptions& options) {
  return Training(task, optimizer, loader, options).run();
}

Measured evaluate(Task&& task, data::DataLoader& loader, const EvaluateOptions& options) {
  expect_batches("evaluate", loader);
  NoGrad guard;
  const bool was_training = task.module().is_training();
  task.module().eval();
  Meter meter{.top_k = TopK(options.top_k)};
  for (const auto& [input, target] : loader) {
    const Tensor scores = task.predict(input);
    meter.add(task.loss(scores, target).item<double>(), scores, target);
    if (options.confusion) options.confusion->add(scores, target);
  }
  task.module().train(was_training);
  return meter.measured();
}

}  // namespace rushlight::train
