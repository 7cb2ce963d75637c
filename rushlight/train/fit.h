// fit(): the loop that everybody writes, with what everybody forgets. Its parts work the same in a loop by
// hand.
//
//   optim::AdamW optimizer(model.parameters(), {.lr = 3e-3});
//   data::DataLoader loader(data::mnist(data::Split::train), {.batch_size = 64, .shuffle = true});
//   train::fit(train::classifier(model), optimizer, loader, {.epochs = 5});
#pragma once

#include <limits>
#include <optional>

#include "rushlight/data/loader.h"
#include "rushlight/nn/module.h"
#include "rushlight/optim/optimizer.h"
#include "rushlight/optim/schedule.h"
#include "rushlight/train/metrics.h"

namespace rushlight::train {

// What is trained: a module and what is asked of it.
class Task {
 public:
  explicit Task(nn::Module& module) : module_(module) {}
  virtual ~Task() = default;
  nn::Module& module() const { return module_; }
  // The scores of a batch, and how wrong they are.
  virtual Tensor predict(const Tensor& input) = 0;
  virtual Tensor loss(const Tensor& scores, const Tensor& target) = 0;

 private:
  nn::Module& module_;
};

// A model is a module, or holds one, as models::Network does.
template <class Model>
nn::Module& module_of(Model& model) {
  if constexpr (requires { model.module(); })
    return model.module();
  else
    return model;
}

template <class Model, class Loss>
class TaskOf final : public Task {
 public:
  TaskOf(Model& model, Loss loss) : Task(module_of(model)), model_(model), loss_(std::move(loss)) {}
  Tensor predict(const Tensor& input) override { return model_(input); }
  Tensor loss(const Tensor& scores, const Tensor& target) override { return loss_(scores, target); }

 private:
  Model& model_;
  Loss loss_;
};

// A model with a loss of its own: task(model, [](const Tensor& y, const Tensor& target) { return mse_loss(y,
// target); })
template <class Model, class Loss>
TaskOf<Model, Loss> task(Model& model, Loss loss) {
  return {model, std::move(loss)};
}

Tensor loss_of_classes(const Tensor& scores, const Tensor& labels);  // cross_entropy
template <class Model>
auto classifier(Model& model) {
  return task(model, loss_of_classes);
}

// Where a training is; callbacks see it, and may stop it.
struct FitState {
  Task& task;
  optim::Optimizer& optimizer;
  int64_t epoch = 0;                                        // of this batch, the first is 0
  int64_t step = 0;                                         // of the optimizer, so far
  Meter so_far{};                                           // of this epoch, for a checkpoint
  Measured training{};                                      // what that comes to; the whole once it has ended
  std::optional<Measured> validation{};                     // of this epoch, once it has ended
  double lowest = std::numeric_limits<double>::infinity();  // validation loss so far, and how many
  int64_t epochs_without_progress = 0;                      // epochs ago
  bool best = false;                                        // it is this epoch's
  bool stop = false;                                        // set it to end after this step
};

class Callback {
 public:
  virtual ~Callback() = default;
  virtual void before_training(FitState&) {}
  virtual void after_step(FitState&) {}
  virtual void after_epoch(FitState&) {}
  virtual void after_training(FitState&) {}  // in the middle of an epoch, if it was stopped there
};

struct FitOptions {
  int64_t epochs = 1;
  std::optional<int64_t> steps{};  // stop after so many of the optimizer's, whatever the epoch
  int64_t accumulate = 1;  // batches whose mean gradient makes one step; fewer are left at an epoch's end
  std::optional<double> clip_norm{};    // of all gradients together, for the step; they stay as they are
  optim::Schedule* schedule = nullptr;  // told of each step
  optim::ReduceLROnPlateau* plateau =
      nullptr;  // told of each epoch's validation loss, without validation of its training loss
  data::DataLoader* validation = nullptr;
  int64_t patience = 0;  // epochs without a lower validation loss until training stops; 0: it never does
  int64_t top_k = 0;     // how often the label is among the k highest scores is measured too
  bool progress = true;  // a bar on stderr
  std::vector<Callback*> callbacks{};
};

struct FitResult {
  Measured training;  // of the last epoch
  std::optional<Measured> validation;
  int64_t epochs = 0, steps = 0;
  double seconds = 0;  // of this call: a checkpoint holds no time, so that equal trainings have equal files
  bool interrupted = false;  // by Ctrl-C
};

// Trains on from where the loader and the optimizer are. Ctrl-C ends it after the step that runs.
FitResult fit(Task&& task, optim::Optimizer& optimizer, data::DataLoader& loader,
              const FitOptions& options = {});

struct EvaluateOptions {
  ConfusionMatrix* confusion = nullptr;  // to be added to
  int64_t top_k = 0;
};
// Loss and accuracy over all batches, in evaluation mode and without gradients.
Measured evaluate(Task&& task, data::DataLoader& loader, const EvaluateOptions& options = {});

}  // namespace rushlight::train
