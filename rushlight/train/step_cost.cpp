#include "rushlight/train/step_cost.h"

#include "rushlight/base/memory.h"
#include "rushlight/base/memory_account.h"
#include "rushlight/base/readable.h"
#include "rushlight/engine/op_costs.h"

namespace rushlight::train {

namespace {

uint64_t bytes_of(const Tensor& tensor) {
  return static_cast<uint64_t>(tensor.numel()) * size_of(tensor.dtype());
}

}  // namespace

void train_step(Task& task, optim::Optimizer& optimizer, const data::Example& batch) {
  optimizer.zero_grad();
  const Tensor loss = task.loss(task.predict(batch.input), batch.target);
  (void)memory_stats();  // as fit() does: the peak sees small objects when one looks
  loss.backward();
  optimizer.step();
}

StepCost cost_of_step(Task&& task, optim::Optimizer& optimizer, const data::Example& batch) {
  StepCost cost;
  DryRun first;
  train_step(task, optimizer, batch);  // from now on there are gradients and what the optimizer remembers
  for (const NamedTensor& remembered : optimizer.state_dict())
    cost.optimizer_bytes += bytes_of(remembered.tensor);
  const uint64_t resting = memory_stats().live_bytes;
  DryRun usual;
  reset_peak_memory();
  train_step(task, optimizer, batch);
  cost.flops = usual.cost().flops;
  cost.live_bytes = memory_stats().peak_bytes;
  for (const Tensor& parameter : task.module().parameters()) {
    cost.parameter_bytes += bytes_of(parameter);
    if (parameter.requires_grad()) cost.gradient_bytes += bytes_of(parameter);
  }
  for (const Tensor& buffer : task.module().buffers()) cost.parameter_bytes += bytes_of(buffer);
  cost.activation_bytes = cost.live_bytes - resting;
  return cost;
}

std::string in_words(const StepCost& cost) {
  return join_text("a step is ", readable_count(cost.flops, "FLOP"), "; parameters ",
                   readable_bytes(cost.parameter_bytes), ", gradients ", readable_bytes(cost.gradient_bytes),
                   ", optimizer ", readable_bytes(cost.optimizer_bytes), ", the rest of a step ",
                   readable_bytes(cost.activation_bytes), "\n");
}

}  // namespace rushlight::train
