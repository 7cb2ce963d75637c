// The ledger of a run: after every step, one hash of each parameter and buffer. Two ledgers tell at which
// step, and in which tensor, two runs that should be the same part.
#pragma once

#include "rushlight/train/fit.h"
#include "rushlight/train/run_log.h"

namespace rushlight::train {

// A line for the first weights, and one after each step: {"step": 1, "layers.0.weight": "0123456789abcdef"}.
class Ledger final : public Callback {
 public:
  explicit Ledger(const std::string& path) : log_(path) {}
  void before_training(FitState& state) override { write(state); }
  void after_step(FitState& state) override { write(state); }

 private:
  void write(const FitState& state);
  RunLog log_;
};

struct LedgerComparison {
  int64_t steps = 0;                 // that both have
  int64_t parted_at = -1;            // the first of them that differs; -1: none does
  std::vector<std::string> tensors;  // that differ there, or that one run lacks
};

// A step that stands twice, as one that was done again after a crash, counts as it stands last.
LedgerComparison compare_ledgers(const std::string& left, const std::string& right);

}  // namespace rushlight::train
