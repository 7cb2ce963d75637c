#include "rushlight/train/checkpoint.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "rushlight/base/files.h"
#include "rushlight/core/generator.h"
#include "rushlight/generated/functions.h"
#include "rushlight/io/safetensors.h"

namespace rushlight::train {

namespace {

constexpr const char* kFormat = "rushlight checkpoint 1";

void add(NamedTensors& all, const char* prefix, const NamedTensors& part) {
  for (const NamedTensor& named : part) all.push_back({prefix + named.name, named.tensor});
}
NamedTensors part_of(const NamedTensors& all, std::string_view prefix) {
  NamedTensors part;
  for (const NamedTensor& named : all)
    if (named.name.starts_with(prefix)) part.push_back({named.name.substr(prefix.size()), named.tensor});
  return part;
}

template <class T>
Tensor numbers(std::initializer_list<T> values) {
  const std::vector<T> list(values);
  return from_values<T>(list, static_cast<int64_t>(list.size()));
}
template <class T>
std::vector<T> read_numbers(const std::string& path, const NamedTensors& all, const char* name,
                            size_t count) {
  const Tensor* found = find_tensor(all, name);
  if (!found || found->dtype() != dtype_of<T> || found->numel() != static_cast<int64_t>(count))
    fail(ErrorKind::value, "[checkpoint] ", path, " has no \"", name, "\" of ", count, " numbers");
  return found->to_vector<T>();
}

void add(NamedTensors& all, const Meter& meter) {
  all.push_back({"epoch.loss", numbers<double>({meter.loss.sum()})});
  all.push_back(
      {"epoch.counts", numbers<int64_t>({meter.loss.count(), meter.accuracy.right(), meter.accuracy.count(),
                                         meter.top_k.k(), meter.top_k.right(), meter.top_k.count()})});
}

void expect_counts(const std::string& path, const char* name, const std::vector<int64_t>& counts) {
  for (int64_t count : counts)
    if (count < 0) fail(ErrorKind::value, "[checkpoint] ", path, ": \"", name, "\" has a count of ", count);
}

// Nothing where it was saved before checkpoints held it.
Meter meter_of(const std::string& path, const NamedTensors& all) {
  if (!find_tensor(all, "epoch.counts")) return {};
  const auto counts = read_numbers<int64_t>(path, all, "epoch.counts", 6);
  expect_counts(path, "epoch.counts", counts);
  return {{read_numbers<double>(path, all, "epoch.loss", 1)[0], counts[0]},
          Accuracy(1, counts[1], counts[2]),
          TopK(counts[3], counts[4], counts[5])};
}

std::string metadata_of(const io::TensorFile& file, std::string_view key) {
  for (const auto& [name, value] : file.metadata)
    if (name == key) return value;
  return {};
}

}  // namespace

void save_checkpoint(const std::string& path, const Snapshot& snapshot, const Progressed& p) {
  NamedTensors all;
  if (snapshot.model) add(all, "model.", snapshot.model->state_dict());
  if (snapshot.optimizer) add(all, "optimizer.", snapshot.optimizer->state_dict());
  if (snapshot.schedule) add(all, "schedule.", snapshot.schedule->state_dict());
  if (snapshot.average) add(all, "average.", snapshot.average->state_dict());
  if (snapshot.plateau) add(all, "plateau.", snapshot.plateau->state_dict());
  if (snapshot.loader)
    all.push_back(
        {"loader", numbers<int64_t>({snapshot.loader->position().epoch, snapshot.loader->position().batch})});
  const PhiloxKey random = default_generator().state();
  all.push_back({"random", numbers<uint64_t>({random.seed, random.counter})});
  all.push_back({"counters", numbers<int64_t>({p.epoch, p.step, p.epochs_without_progress})});
  all.push_back({"lowest", numbers<double>({p.lowest})});
  add(all, p.so_far);
  io::save_safetensors(path, all, {{"format", kFormat}, {"config", p.config}});
}

namespace {

io::TensorFile load_file(const std::string& path) {
  io::TensorFile file = io::load_safetensors(path);
  if (metadata_of(file, "format") != kFormat)
    fail(ErrorKind::value, "[checkpoint] ", path, " is a file of tensors, but no checkpoint of a training");
  return file;
}

Progressed progress_in(const std::string& path, const io::TensorFile& file) {
  const NamedTensors& all = file.tensors;
  const auto counters = read_numbers<int64_t>(path, all, "counters", 3);
  expect_counts(path, "counters", counters);
  return {.epoch = counters[0],
          .step = counters[1],
          .lowest = read_numbers<double>(path, all, "lowest", 1)[0],
          .epochs_without_progress = counters[2],
          .so_far = meter_of(path, all),
          .config = metadata_of(file, "config")};
}

void take_over(const std::string& path, const io::TensorFile& file, const Snapshot& snapshot) {
  const NamedTensors& all = file.tensors;
  const auto random = read_numbers<uint64_t>(path, all, "random", 2);
  if (snapshot.model) snapshot.model->load_state_dict(part_of(all, "model."));
  if (snapshot.optimizer) snapshot.optimizer->load_state_dict(part_of(all, "optimizer."));
  if (snapshot.schedule) snapshot.schedule->load_state_dict(part_of(all, "schedule."));
  if (snapshot.average) snapshot.average->load_state_dict(part_of(all, "average."));
  if (snapshot.plateau) snapshot.plateau->load_state_dict(part_of(all, "plateau."));
  if (snapshot.loader) {
    const auto position = read_numbers<int64_t>(path, all, "loader", 2);
    snapshot.loader->set_position({position[0], position[1]});
  }
  default_generator().set_state({random[0], random[1]});
}

}  // namespace

Progressed load_checkpoint(const std::string& path, const Snapshot& snapshot) {
  const io::TensorFile file = load_file(path);
  const Progressed progressed = progress_in(path, file);
  take_over(path, file, snapshot);
  return progressed;
}

// -- beside fit()

Checkpoints::Checkpoints(std::string folder, const Snapshot& snapshot, const CheckpointOptions& options)
    : folder_(std::move(folder)), snapshot_(snapshot), options_(options) {
  if (options.keep_last < 1)
    fail(ErrorKind::value, "[checkpoint] keep_last: at least one must be kept, not ", options.keep_last);
  if (options.every_steps && *options.every_steps < 1)
    fail(ErrorKind::value, "[checkpoint] every_steps must be 1 or more, not ", *options.every_steps,
         "; left out, there is a checkpoint after each epoch");
  std::filesystem::create_directories(folder_);
}

std::vector<std::string> Checkpoints::saved() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(".safetensors")) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::optional<std::string> Checkpoints::newest() const {
  const std::vector<std::string> names = saved();
  if (names.empty()) return std::nullopt;
  return folder_ + "/" + names.back();
}

std::optional<Progressed> Checkpoints::load_newest(const Snapshot* into) const {
  const std::vector<std::string> names = saved();
  if (names.empty()) return std::nullopt;
  const std::string path = folder_ + "/" + names.back();
  io::TensorFile file;
  Progressed progressed;
  try {
    file = load_file(path);
    progressed = progress_in(path, file);
  } catch (const Error& damage) {
    if (damage.kind() == ErrorKind::out_of_memory) throw;
    fail(damage.kind(), damage.what(), ". It is the newest checkpoint; if it is damaged, remove it (rm ",
         path, "), and training ",
         names.size() > 1 ? "goes on from the one before, " + names[names.size() - 2] : "begins anew");
  }
  if (into) take_over(path, file, *into);
  return progressed;
}

std::optional<Progressed> Checkpoints::progressed() const { return load_newest(nullptr); }

std::optional<Progressed> Checkpoints::resume() {
  remove_leftovers(folder_);
  return resumed_ = load_newest(&snapshot_);
}

void Checkpoints::before_training(FitState& state) {
  if (!resumed_) return;
  state.epoch = resumed_->epoch, state.step = resumed_->step;
  state.lowest = resumed_->lowest, state.epochs_without_progress = resumed_->epochs_without_progress;
  state.so_far = resumed_->so_far;
  saved_step_ = state.step;
  resumed_.reset();
}

void Checkpoints::save(const FitState& state) {
  save({state.epoch, state.step, state.lowest, state.epochs_without_progress, state.so_far, options_.config},
       state.best);
}

void Checkpoints::save(const Progressed& progressed, bool best) {
  char name[40];
  std::snprintf(name, sizeof name, "step-%09lld.safetensors", static_cast<long long>(progressed.step));
  save_checkpoint(folder_ + "/" + name, snapshot_, progressed);
  if (best) save_checkpoint(folder_ + "/best.safetensors", snapshot_, progressed);
  saved_step_ = progressed.step;
  std::vector<std::string> names = saved();
  for (size_t i = 0; i + static_cast<size_t>(options_.keep_last) < names.size(); ++i)
    std::filesystem::remove(folder_ + "/" + names[i]);
}

void Checkpoints::after_step(FitState& state) {
  state.best = false;
  if (options_.every_steps && state.step % *options_.every_steps == 0) save(state);
}

void Checkpoints::after_epoch(FitState& state) { save(state); }

void Checkpoints::after_training(FitState& state) {
  if (state.step != saved_step_) save(state);
}

}  // namespace rushlight::train
