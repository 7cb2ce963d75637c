// Replay: a recording made ready to run again: memory planned, kernels found, their calls prepared.
#pragma once

#include <vector>

#include "rushlight/jit/memory_plan.h"
#include "rushlight/jit/recording.h"

namespace rushlight {

// One thread at a time. REQUIRES of run(): recording().mismatch(arguments) is null.
class Replay {
 public:
  explicit Replay(Recording recording);
  // No host code of the function, no shape inference. Results and gradients are fresh tensors.
  Results run(Inputs arguments);
  const Recording& recording() const { return recording_; }
  size_t arena_bytes() const { return plan_.bytes; }

 private:
  struct Step {
    Kernel kernel;
    KernelCall call;
  };
  // A tensor over an outer or escaping buffer, which gets another storage at every run.
  struct Bound {
    TensorImpl* impl;
    int64_t offset;  // in the recording
  };
  struct Filled {
    uint32_t buffer;
    const std::byte* content;
    size_t bytes;
  };

  void make_tensors();
  void make_steps();
  bool is_written(uint32_t buffer) const;
  void bind(uint32_t buffer, const Ref<Storage>& storage, int64_t start = 0);
  void bind_all(Inputs arguments);
  void unbind_all() noexcept;
  void run_steps();
  static void run_slowly(const Step& step);
  Tensor fresh_tensor(ValueId id) const;
  void set_gradients(Inputs arguments);

  Recording recording_;
  MemoryPlan plan_;
  Ref<Storage> arena_;
  std::vector<Ref<Storage>>
      fixed_;  // of each buffer that is the same at every run: in the arena, or constant
  std::vector<std::vector<Bound>> bound_;  // of each other buffer
  std::vector<Tensor> tensors_;            // of each value
  std::vector<const Tensor*> inputs_;      // of all steps in a row
  std::vector<Tensor> outputs_;            // of all steps in a row
  std::vector<Step> steps_;
  std::vector<Filled> filled_;  // constants that the graph writes to or hands out
};

}  // namespace rushlight
