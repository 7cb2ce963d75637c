// Layer<Self>: a module that is called. `layer(x)` is forward(x) with the hooks around it.
#pragma once

#include <tuple>

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

// "3", "(3, 2)": sizes in details()
template <class List>
std::string sizes_in_words(const List& list) {
  if (list.size() == 1) return join_text(list[0]);
  std::string text = "(";
  for (size_t i = 0; i < list.size(); ++i) text += join_text(i ? ", " : "", list[i]);
  return text + ")";
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
    const Tensor* next = inputs.data();  // braces: from the first argument to the last
    std::tuple<decltype(or_input(std::forward<Args>(args), next))...> taken{
        or_input(std::forward<Args>(args), next)...};
    Result result = std::apply(
        [&me](auto&&... all) { return me.forward(std::forward<decltype(all)>(all)...); }, std::move(taken));
    const Tensor output = hooks.after(module, inputs, output_of(result));
    if constexpr (kHasOutput<Result>)
      output_of(result) = output;
    else if (output.defined())
      fail(ErrorKind::type, "[nn] a forward hook of ", me.kind(), " can not change what it gives back");
    return static_cast<Result>(result);
  }

  template <class Arg>
  static constexpr bool kIsTensor =
      std::is_convertible_v<const Arg&, const Tensor&> && !std::is_arithmetic_v<Arg>;
  template <class Arg>
  static void add_if_tensor(std::vector<Tensor>& inputs, const Arg& arg) {
    if constexpr (kIsTensor<Arg>) inputs.push_back(arg);
  }
  // The next of the inputs for a tensor, which a hook may have changed; anything else as it is.
  template <class Arg>
  static decltype(auto) or_input(Arg&& arg, const Tensor*& next) {
    if constexpr (kIsTensor<std::remove_cvref_t<Arg>>)
      return *next++;
    else
      return std::forward<Arg>(arg);
  }
  template <class Result>
  static constexpr bool kHasOutput =
      std::is_same_v<Result, Tensor> || requires(Result r) { r.output; } || requires(Result r) { r.hidden; };
  // The tensor, or the first of several.
  template <class Result>
  static decltype(auto) output_of(Result& result) {
    if constexpr (std::is_same_v<Result, Tensor>)
      return (result);
    else if constexpr (requires { result.output; })
      return (result.output);
    else if constexpr (requires { result.hidden; })
      return (result.hidden);
    else
      return Tensor();
  }
};

}  // namespace rushlight::nn
