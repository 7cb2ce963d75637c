// Interpreters run op calls: eager computes now, others (recording, a foreign framework) do more or something
// else.
#pragma once

#include "rushlight/engine/context.h"
#include "rushlight/engine/op_def.h"

namespace rushlight {

class Interpreter {
 public:
  virtual ~Interpreter() = default;
  // Fills call.out: allocates what is missing there and computes. May decline by calling run_eager.
  virtual void run(OpCall& call) = 0;
  // The whole backward of a composite as one kernel, its results allocated. False: declined, its rule runs op
  // by op.
  virtual bool run_fused(OpCall& call) = 0;
  // A view was made: nothing to compute.
  virtual void note_view(const OpCall&, const Tensor&) {}
};

// The backend's kernel, else the composite's body, else the reference kernel (counted, warned about once).
void run_eager(OpCall& call);
// Memory for the results that have none yet, from the backend that runs host tensors.
void allocate_results(OpCall& call);
// By the thread's interpreter.
inline void run_call(OpCall& call) {
  Interpreter* interpreter = context().interpreter;
  interpreter ? interpreter->run(call) : run_eager(call);
}
bool run_fused_eager(OpCall& call);

}  // namespace rushlight
