// trace(fn): a function of tensors that is recorded while it runs, and from the fourth call on replayed.
//
//   auto step = trace([&](const Tensor& x, const Tensor& y) {
//     Tensor loss = cross_entropy(model(x), y);
//     loss.backward();
//     adamw_step(...);
//     return loss;
//   });
//   Tensor loss = step(x, y);
//
// Call 1 runs plainly, so that state such as an optimizer's comes to be. Calls 2 and 3 run and are recorded,
// and must do the same with the same constants. From call 4 on the graph runs and `fn` does not.
//
// - What changes from call to call is an argument, or lives in a tensor that exists before the call (its
//   memory is read anew each time), or comes from a Generator, or is a Slot where an op takes one (optimizer
//   steps). Other numbers are constants, and generators are seeded outside.
// - Tensors from outside keep their memory, shape and requires_grad: write to them by ops. What changes
//   on another tensor over the same memory is not seen.
// - Arguments and captured tensors that look otherwise (shape, strides, dtype, requires_grad; a gradient
//   that was not there before) start another graph, from call 1 on; so do another grad mode, backend or
//   default dtype.
// - Results carry no history: call backward() inside. After it p.grad is what it would be without the trace.
// - Any other tensor that is made inside and kept is an error, and so is host code that looks at elements
//   (item, data, printing).
// - One call at a time: calls from several threads wait for each other. Inside another traced function, a
//   traced function is a plain function.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "rushlight/engine/op_def.h"
#include "rushlight/jit/graph.h"

namespace rushlight {

// What a trace calls.
class TraceBody {
 public:
  virtual Results run(Inputs arguments) = 0;

 protected:
  ~TraceBody() = default;
};

// The recordings of one function. Traced below is its face for C++ callables.
class Trace {
 public:
  Trace();
  ~Trace();
  Trace(Trace&&) noexcept;
  Trace& operator=(Trace&&) noexcept;

  Results call(Inputs arguments, TraceBody& body);
  // The latest recording; throws before the second call.
  const Graph& graph() const;
  // How many calls were replays.
  uint64_t replay_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Wraps a callable of `const Tensor&...` that returns a Tensor, a std::vector<Tensor> or nothing.
template <class F>
class Traced {
 public:
  explicit Traced(F function) : function_(std::move(function)) {}

  template <class... Arguments>
    requires std::is_invocable_v<F&, std::conditional_t<true, const Tensor&, Arguments>...>
  auto operator()(const Arguments&... arguments) {
    const Tensor tensors[] = {Tensor(arguments)..., Tensor()};
    return call(tensors, std::index_sequence_for<Arguments...>());
  }
  const Graph& graph() const { return trace_.graph(); }
  uint64_t replay_count() const { return trace_.replay_count(); }

 private:
  template <size_t... I>
  auto call(const Tensor* tensors, std::index_sequence<I...>) {
    using Returned = decltype(function_(tensors[I]...));
    using Result = std::conditional_t<std::is_base_of_v<Tensor, Returned>, Tensor, Returned>;
    struct Body final : TraceBody {
      explicit Body(F& f) : function(f) {}
      Results run(Inputs in) override {
        if constexpr (std::is_void_v<Result>) {
          function(in[I]...);
          return {};
        } else if constexpr (std::is_same_v<Result, Tensor>) {
          return {function(in[I]...)};
        } else {
          auto list = function(in[I]...);
          return Results(list.begin(), list.end());
        }
      }
      F& function;
    } body(function_);
    const Tensor* const pointers[] = {&tensors[I]..., nullptr};
    Results results = trace_.call({pointers, sizeof...(I)}, body);
    if constexpr (std::is_same_v<Result, Tensor>)
      return std::move(results[0]);
    else if constexpr (!std::is_void_v<Result>)
      return Result(results.begin(), results.end());
  }

  F function_;
  Trace trace_;
};

template <class F>
Traced<F> trace(F function) {
  return Traced<F>(std::move(function));
}

}  // namespace rushlight
