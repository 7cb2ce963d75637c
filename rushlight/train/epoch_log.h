// EpochLog: a run's metrics.jsonl, a line for each epoch and one for the test at the end.
#pragma once

#include "rushlight/train/fit.h"
#include "rushlight/train/run_log.h"

namespace rushlight::train {

class EpochLog : public Callback {
 public:
  // Goes on at the end of the file, if there is one.
  explicit EpochLog(const std::string& path) : log_(path) {}
  // {"epoch": 1, "step": 938, "loss": 0.26, "accuracy": 0.92, "lr": 0.004}, and "validation_loss" and
  // "validation_accuracy" where fit() has measured them, "top_k" and "validation_top_k" where it was asked
  // to. No accuracies where nothing is classified.
  void after_epoch(FitState& state) override;
  // {"epochs": 5, "test_loss": 0.07, "test_accuracy": 0.98, "confusion": [[977, 0, ...], ...]}
  void write_test(int64_t epochs, const Measured& measured, const ConfusionMatrix& confusion);

 private:
  RunLog log_;
};

// The last such line, if there is one.
struct TestResult {
  int64_t epochs = 0;
  double loss = 0, accuracy = 0;
  ConfusionMatrix confusion;
};
std::optional<TestResult> test_result(const std::string& path);

}  // namespace rushlight::train
