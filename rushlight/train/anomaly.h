// Finds the first op that made a NaN or an infinity of numbers that were none.
#pragma once

#include "rushlight/engine/interpreter.h"

namespace rushlight::train {

// While one lives, every op of this thread is looked at, forward and backward; the first that makes a NaN of
// finite inputs throws an error that names it. Slow: every result is read once more.
class DetectAnomaly : public Interpreter {
 public:
  DetectAnomaly() : scope_(context().interpreter, this) {}
  void run(OpCall& call) override;
  bool run_fused(OpCall& call) override;

 private:
  Scoped<Interpreter*> scope_;
};

}  // namespace rushlight::train
