// Checkpoints: all that a training needs to go on, bit for bit, in one file.
#pragma once

#include "rushlight/optim/averaging.h"
#include "rushlight/train/fit.h"

namespace rushlight::train {

// What is saved and loaded together. What is null is left out.
struct Snapshot {
  nn::Module* model = nullptr;
  optim::Optimizer* optimizer = nullptr;
  optim::Schedule* schedule = nullptr;
  data::DataLoader* loader = nullptr;  // the batch that comes next
  optim::WeightAverage* average = nullptr;
  optim::ReduceLROnPlateau* plateau = nullptr;
};

// Where the training was, and with which settings (any text).
struct Progressed {
  int64_t epoch = 0, step = 0;
  double lowest = std::numeric_limits<double>::infinity();  // validation loss so far, and how many
  int64_t epochs_without_progress = 0;                      // epochs ago
  Meter so_far{};                                           // of an epoch that has not ended
  std::string config{};
};

// The default generator goes along. A crash while this writes leaves the file that was there before.
void save_checkpoint(const std::string& path, const Snapshot& snapshot, const Progressed& progressed);
// Throws with a list of what does not fit, and then nothing has been changed but what came before it in
// Snapshot.
Progressed load_checkpoint(const std::string& path, const Snapshot& snapshot);

struct CheckpointOptions {
  int64_t keep_last = 2;                 // older ones are removed
  std::optional<int64_t> every_steps{};  // besides one after each epoch
  std::string config{};                  // is saved along
};

// Saves to FOLDER/step-000042.safetensors as fit() goes and where it is stopped, and to
// FOLDER/best.safetensors when the validation loss is the lowest. With resume(), training goes on from the
// last one. A loop by hand calls save() itself, and begins where resume() says.
class Checkpoints : public Callback {
 public:
  Checkpoints(std::string folder, const Snapshot& snapshot, const CheckpointOptions& options = {});
  // The newest file in the folder, if there is one.
  std::optional<std::string> newest() const;
  // How far the newest got, if there is one. Where that is damaged, this and resume() throw and say what
  // there is instead: no step is lost in silence.
  std::optional<Progressed> progressed() const;
  // To be called before training: loads the newest, if there is one. Half-written files that a crash left are
  // removed.
  std::optional<Progressed> resume();
  // Writes FOLDER/step-..., and best.safetensors if it is the best; removes those beyond keep_last.
  void save(const Progressed& progressed, bool best = false);

  void before_training(FitState& state) override;
  void after_step(FitState& state) override;
  void after_epoch(FitState& state) override;
  void after_training(FitState& state) override;

 private:
  void save(const FitState& state);
  std::vector<std::string> saved() const;  // the oldest first
  std::optional<Progressed> load_newest(const Snapshot* into) const;

  std::string folder_;
  Snapshot snapshot_;
  CheckpointOptions options_;
  std::optional<Progressed> resumed_;
  int64_t saved_step_ = -1;  // the last
};

}  // namespace rushlight::train
