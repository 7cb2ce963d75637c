// Layer<Self>: a module that is called. `layer(x)` is forward(x) with the hooks around it.
#pragma once

#include "rushlight/nn/module.h"

namespace rushlight::nn {

// "Linear" of rushlight::nn::Linear: without namespaces and template arguments.
template <class T>
constexpr std::string_view short_name() {
  std::string_view text = __PRETTY_FUNCTION__;  // "... [with T = rushlight::nn::Linear; ...]"
  text.remove_prefix(text.find("T = ") + 4);
  text = text.substr(0, text.find_first_of(";]<"));
  const size_t colon = text.rfind(':');
  return colon == text.npos ? text : text.substr(colon + 1);
}

template <class Self>
class Layer : public Module {
 public:
  template <class... Args>
  decltype(auto) operator()(Args&&... args) {
    return call(static_cast<Self&>(*this), std::forward<Args>(args)...);
  }
  template <class... Args>
  decltype(auto) operator()(Args&&... args) const {
    return call(static_cast<const Self&>(*this), std::forward<Args>(args)...);
  }

  // A copy that shares nothing with this one; what is tied here is tied there.
  Self clone() const {
    const TiedCopies tied;
    return Self(static_cast<const Self&>(*this));
  }
  std::string_view kind() const override { return short_name<Self>(); }

 private:
  size_t bytes() const override { return sizeof(Self); }

  template <class Me, class... Args>
  static decltype(auto) call(Me& me, Args&&... args) {
    static_assert(
        requires { me.forward(std::forward<Args>(args)...); },
        "this layer has no forward() that takes these arguments");
    using Result = decltype(me.forward(std::forward<Args>(args)...));
    if (!me.has_hooks()) [[likely]]
      return me.forward(std::forward<Args>(args)...);
    std::vector<Tensor> inputs;
    (add_if_tensor(inputs, args), ...);
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): a hook may remove hooks
    const ForwardHooks hooks = me.Module::hooks();
    Module& module = const_cast<std::remove_const_t<Me>&>(me);
    hooks.before(module, inputs);
    Result result = me.forward(std::forward<Args>(args)...);
    if constexpr (std::is_same_v<Result, Tensor>)
      return static_cast<Result>(hooks.after(module, inputs, std::move(result)));
    else if constexpr (requires { result.output = Tensor(); })
      return static_cast<Result>((result.output = hooks.after(module, inputs, result.output), result));
    else
      return static_cast<Result>((static_cast<void>(hooks.after(module, inputs, {})), result));
  }
  template <class Arg>
  static void add_if_tensor(std::vector<Tensor>& inputs, const Arg& arg) {
    if constexpr (std::is_convertible_v<const Arg&, const Tensor&> && !std::is_arithmetic_v<Arg>)
      inputs.push_back(arg);
  }
};

}  // namespace rushlight::nn
