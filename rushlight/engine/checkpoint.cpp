// Checkpointing: a function whose ops save nothing; its backward runs it again.
#include "rushlight/engine/apply.h"
#include "rushlight/engine/backward.h"
#include "rushlight/engine/context.h"
#include "rushlight/engine/function.h"

namespace rushlight {

namespace {

// Sets the default generator back to where the first run found it, for as long as the second run takes.
class SameRandomNumbers {
 public:
  explicit SameRandomNumbers(PhiloxKey state) : now_(default_generator().state()) {
    default_generator().set_state(state);
  }
  ~SameRandomNumbers() { default_generator().set_state(now_); }
  SameRandomNumbers(const SameRandomNumbers&) = delete;
  SameRandomNumbers& operator=(const SameRandomNumbers&) = delete;

 private:
  PhiloxKey now_;
};

class RunAgain final : public CustomBackward {
 public:
  RunAgain(Ref<CheckpointRule> rule, PhiloxKey random) : rule_(std::move(rule)), random_(random) {}
  const char* name() const override { return "checkpoint"; }

  std::vector<Tensor> operator()(std::span<const Tensor> gradients, std::span<const Tensor> saved) override {
    std::vector<Tensor> inputs, results, roots, root_gradients;
    for (const Tensor& tensor : saved) {
      inputs.push_back(alias(tensor));
      if (tensor.requires_grad()) inputs.back().requires_grad_();
    }
    {
      EnableGrad guard;
      SameRandomNumbers same(random_);
      results = rule_->run(inputs);
    }
    for (size_t i = 0; i < results.size(); ++i) {
      if (!results[i].requires_grad() || !gradients[i].defined()) continue;
      roots.push_back(results[i]);
      root_gradients.push_back(gradients[i]);
    }
    backward(roots, root_gradients);
    std::vector<Tensor> input_gradients;
    for (const Tensor& input : inputs) input_gradients.push_back(input.grad());
    return input_gradients;
  }

 private:
  Ref<CheckpointRule> rule_;
  PhiloxKey random_;
};

}  // namespace

std::vector<Tensor> run_checkpoint(Ref<CheckpointRule> rule, TensorList inputs) {
  PhiloxKey random = default_generator().state();
  std::vector<Tensor> results;
  {
    NoGrad guard;
    results = rule->run(inputs);
  }
  RecordOptions options;
  options.saved.assign(inputs.begin(), inputs.end());
  record_function(Ref<CustomBackward>::adopt(new RunAgain(std::move(rule), random)), inputs, results,
                  options);
  return results;
}

}  // namespace rushlight
