// Functions that are called before or after a module's forward.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "rushlight/core/tensor.h"

namespace rushlight::nn {

class Module;

// What a hook is told of a call: the arguments that are tensors, and the result (of several, the first).
class ForwardHook {
 public:
  virtual ~ForwardHook() = default;
  virtual void before(Module&, TensorList /*inputs*/) {}
  virtual Tensor after(Module&, TensorList /*inputs*/, const Tensor& /*output*/) {
    return {};
  }  // undefined: leave it
};

class ForwardHooks {
 public:
  bool empty() const { return hooks_.empty(); }

  // hook(module, inputs)
  template <class F>
  int64_t add_before(F hook) {
    struct Wrapped final : ForwardHook {
      explicit Wrapped(F f) : function(std::move(f)) {}
      void before(Module& module, TensorList inputs) override { function(module, inputs); }
      F function;
    };
    return add(std::make_shared<Wrapped>(std::move(hook)));
  }
  // hook(module, inputs, output); a tensor that it returns takes the output's place.
  template <class F>
  int64_t add_after(F hook) {
    struct Wrapped final : ForwardHook {
      explicit Wrapped(F f) : function(std::move(f)) {}
      Tensor after(Module& module, TensorList inputs, const Tensor& output) override {
        if constexpr (std::is_void_v<decltype(function(module, inputs, output))>) {
          function(module, inputs, output);
          return {};
        } else {
          return function(module, inputs, output);
        }
      }
      F function;
    };
    return add(std::make_shared<Wrapped>(std::move(hook)));
  }
  int64_t add(std::shared_ptr<ForwardHook> hook) {
    hooks_.emplace_back(++last_id_, std::move(hook));
    return last_id_;
  }
  void remove(int64_t id) {
    std::erase_if(hooks_, [id](const auto& entry) { return entry.first == id; });
  }

  // Copies of the list, as a hook may remove itself.
  void before(Module& module, TensorList inputs) const {
    for (const auto& [id, hook] : std::vector(hooks_)) hook->before(module, inputs);
  }
  Tensor after(Module& module, TensorList inputs, Tensor output) const {
    for (const auto& [id, hook] : std::vector(hooks_))
      if (Tensor changed = hook->after(module, inputs, output); changed.defined()) output = changed;
    return output;
  }

 private:
  std::vector<std::pair<int64_t, std::shared_ptr<ForwardHook>>> hooks_;
  int64_t last_id_ = 0;
};

}  // namespace rushlight::nn
