// Finds the first op that made a NaN of numbers that were none.
#pragma once

#include "rushlight/engine/interpreter.h"

namespace rushlight::train {

// While one lives, every op of this thread is looked at, forward and backward; the first that makes a NaN of
// finite inputs throws an error that names it, and the op that last made an infinity, which masks may do on
// purpose. Slow: every result is read twice more.
class DetectAnomaly : public Interpreter {
 public:
  DetectAnomaly() : scope_(context().interpreter, this) {}
  void run(OpCall& call) override;
  bool run_fused(OpCall& call) override;

 private:
  template <class Run>
  bool watch(OpCall& call, Run run);

  std::string last_infinity_;  // who made it, and of what: a NaN may come of it
  Scoped<Interpreter*> scope_;
};

}  // namespace rushlight::train
