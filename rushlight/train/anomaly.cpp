#include "rushlight/train/anomaly.h"

#include "rushlight/generated/functions.h"

namespace rushlight::train {

namespace {

// Computed past ourselves.
bool has_nan(const Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_floating_point() || tensor.numel() == 0) return false;
  const Scoped<Interpreter*> eager(context().interpreter, nullptr);
  NoGrad guard;
  return any(isnan(tensor)).item<bool>();
}

bool has_nan(const Inputs& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (has_nan(inputs[i])) return true;
  return false;
}

void complain(const OpCall& call, const Tensor& result) {
  std::string inputs;
  for (size_t i = 0; i < call.in.size(); ++i)
    if (call.in[i].defined()) inputs += join_text(inputs.empty() ? "" : ", ", call.in[i]);
  fail(ErrorKind::runtime, "[detect anomaly] ", call.part == Part::forward ? "" : "the gradient of ",
       call.name(), " made a NaN in its result ", result, " of ", inputs);
}

// Runs the call and looks at what it made. A NaN that came in is not its fault; where results are written
// over inputs, these are looked at before.
template <class Run>
bool watched(OpCall& call, Run run) {
  const bool overwrites = call.into_targets;
  const bool came_in = overwrites && has_nan(call.in);
  if (!run(call)) return false;
  for (const Tensor& result : call.out)
    if (has_nan(result) && !came_in && (overwrites || !has_nan(call.in))) complain(call, result);
  return true;
}

}  // namespace

void DetectAnomaly::run(OpCall& call) {
  watched(call, [](OpCall& c) { return run_eager(c), true; });
}

bool DetectAnomaly::run_fused(OpCall& call) { return watched(call, run_fused_eager); }

}  // namespace rushlight::train
