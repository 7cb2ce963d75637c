// A run's folder, runs/mlp-1: config.json, metrics.jsonl, checkpoints/ and, once it has ended,
// model.safetensors.
#pragma once

#include <string>
#include <string_view>

namespace rushlight::cli {

// runs/mlp-1, or the next that is free. It is made here, so that no other training that begins now takes it.
std::string fresh_folder(const std::string& runs, std::string_view recipe);
std::string config_in(const std::string& run);  // throws where there is none
inline std::string log_in(const std::string& run) { return run + "/metrics.jsonl"; }
inline std::string model_in(const std::string& run) { return run + "/model.safetensors"; }
// A file of a model: this one, or that of this run.
std::string model_file(const std::string& file_or_run);

// While one lives, no other process goes on with this run. Throws where one does.
class RunLock {
 public:
  explicit RunLock(const std::string& run);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int folder_;
};

}  // namespace rushlight::cli
