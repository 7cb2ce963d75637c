// Functions of the user's own: any computation, with the gradient that he says it has.
#pragma once

#include <span>
#include <vector>

#include "rushlight/core/tensor.h"

namespace rushlight {

// How gradients pass one call of such a function. Kept by the call's node.
class CustomBackward : public RefCounted<CustomBackward> {
 public:
  virtual ~CustomBackward() = default;
  static void destroy(CustomBackward* rule) noexcept { delete rule; }
  virtual const char* name() const { return "custom"; }
  // One gradient per input (undefined: none) from one per result. `saved` is what record_function was given.
  virtual std::vector<Tensor> operator()(std::span<const Tensor> gradients,
                                         std::span<const Tensor> saved) = 0;
};

struct RecordOptions {
  std::vector<Tensor> saved{};               // what the rule will read: inputs, results or anything else
  std::vector<Tensor> not_differentiable{};  // results that take no history
  bool materialize_grads = true;             // zeros stand for the gradients of results that were not used
};

// Says that `results`, computed under no_grad, come from `inputs`, and that `rule` differentiates them. A
// result that is also an input was written in place. Does nothing where no gradient can be asked for.
void record_function(Ref<CustomBackward> rule, TensorList inputs, TensorList results,
                     const RecordOptions& options = {});

// What checkpoint() wraps.
class CheckpointRule : public RefCounted<CheckpointRule> {
 public:
  virtual ~CheckpointRule() = default;
  static void destroy(CheckpointRule* rule) noexcept { delete rule; }
  virtual std::vector<Tensor> run() = 0;
};
// `inputs` are what it reads, and must still hold when it runs again.
std::vector<Tensor> run_checkpoint(Ref<CheckpointRule> rule, TensorList inputs,
                                   bool same_random_numbers = true);

// fn(inputs) without what its ops would save: backward runs fn again. It takes whatever fn takes: tensors
// that fn reads besides its inputs get their gradients too, checkpoints nest, and random numbers fall alike.
template <class F>
std::vector<Tensor> checkpoint(F fn, TensorList inputs) {
  struct Again final : CheckpointRule {
    Again(F f, TensorList list) : function(std::move(f)), arguments(list.begin(), list.end()) {}
    std::vector<Tensor> run() override { return function(TensorList(arguments)); }
    F function;
    std::vector<Tensor> arguments;
  };
  return run_checkpoint(Ref<CheckpointRule>::adopt(new Again(std::move(fn), inputs)), inputs);
}

}  // namespace rushlight
