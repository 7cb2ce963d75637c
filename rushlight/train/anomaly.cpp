#include "rushlight/train/anomaly.h"

#include "rushlight/generated/functions.h"

namespace rushlight::train {

namespace {

// Whether any element is so, computed past ourselves.
template <class Test>
bool has(const Tensor& tensor, Test test) {
  if (!tensor.defined() || !tensor.is_floating_point() || tensor.numel() == 0) return false;
  const Scoped<Interpreter*> eager(context().interpreter, nullptr);
  NoGrad guard;
  return any(test(tensor)).template item<bool>();
}
bool has_nan(const Tensor& tensor) {
  return has(tensor, [](const Tensor& x) { return isnan(x); });
}
bool has_infinity(const Tensor& tensor) {
  return has(tensor, [](const Tensor& x) { return isinf(x); });
}

template <class List>
bool any_of(const List& tensors, bool (*test)(const Tensor&)) {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (test(tensors[i])) return true;
  return false;
}

std::string name_of(const OpCall& call) {
  return join_text(call.part == Part::forward ? "" : "the gradient of ", call.name());
}

std::string inputs_of(const OpCall& call) {
  std::string inputs;
  for (size_t i = 0; i < call.in.size(); ++i)
    if (call.in[i].defined()) inputs += join_text(inputs.empty() ? "" : ", ", call.in[i]);
  return inputs;
}

}  // namespace

// Runs the call and looks at what it made. What came in is not its fault; where results are written over
// inputs, these are looked at before.
template <class Run>
bool DetectAnomaly::watch(OpCall& call, Run run) {
  const bool overwrites = call.into_targets;
  bool nan_came_in = overwrites && any_of(call.in, has_nan);
  bool infinity_came_in = overwrites && any_of(call.in, has_infinity);
  if (!run(call)) return false;
  if (any_of(call.out, has_nan)) {
    nan_came_in |= !overwrites && any_of(call.in, has_nan);
    if (!nan_came_in)
      fail(ErrorKind::runtime, "[detect anomaly] ", name_of(call), " made a NaN of ", inputs_of(call),
           last_infinity_.empty() ? "" : ". The last infinity before was made by " + last_infinity_);
  } else if (any_of(call.out, has_infinity)) {
    infinity_came_in |= !overwrites && any_of(call.in, has_infinity);
    if (!infinity_came_in) last_infinity_ = join_text(name_of(call), " of ", inputs_of(call));
  }
  return true;
}

void DetectAnomaly::run(OpCall& call) {
  watch(call, [](OpCall& c) { return run_eager(c), true; });
}

bool DetectAnomaly::run_fused(OpCall& call) { return watch(call, run_fused_eager); }

}  // namespace rushlight::train
