// Functions that are called before or after a module's forward.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "rushlight/core/tensor.h"

namespace rushlight::nn {

class Module;

// What a hook is told of a call: the arguments that are tensors, and the result (of several, the first). What
// it gives back takes their place; nothing, or an undefined tensor, leaves them.
class ForwardHook {
 public:
  virtual ~ForwardHook() = default;
  virtual std::vector<Tensor> before(Module&, TensorList /*inputs*/) { return {}; }
  virtual Tensor after(Module&, TensorList /*inputs*/, const Tensor& /*output*/) { return {}; }
};

class ForwardHooks {
 public:
  bool empty() const { return hooks_.empty(); }

  // hook(module, inputs); it may return the tensor, or the std::vector of tensors, to go on with.
  template <class F>
  int64_t add_before(F hook) {
    struct Wrapped final : ForwardHook {
      explicit Wrapped(F f) : function(std::move(f)) {}
      std::vector<Tensor> before(Module& module, TensorList inputs) override {
        using Result = decltype(function(module, inputs));
        if constexpr (std::is_void_v<Result>) {
          function(module, inputs);
          return {};
        } else if constexpr (std::is_same_v<Result, Tensor>) {
          const Tensor changed = function(module, inputs);
          return changed.defined() ? std::vector{changed} : std::vector<Tensor>();
        } else {
          return function(module, inputs);
        }
      }
      F function;
    };
    return add(std::make_shared<Wrapped>(std::move(hook)));
  }
  // hook(module, inputs, output); it may return the tensor to go on with.
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
  void before(Module& module, std::vector<Tensor>& inputs) const;
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
