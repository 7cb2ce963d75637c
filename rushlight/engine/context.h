// What one thread has set: grad mode, the interpreter, the kernels that run host tensors. Fetched once per op
// call.
#pragma once

#include "rushlight/backend/backend.h"

namespace rushlight {

class Interpreter;
class SavedTensorHooks;

struct Context {
  bool grad_mode = true;
  bool inference_mode = false;
  Interpreter* interpreter = nullptr;     // null: eager
  const Backend* host_backend = nullptr;  // null: the process's default
  SavedTensorHooks* saved_tensor_hooks = nullptr;
};

namespace internal {
extern thread_local constinit Context thread_context;
}
inline Context& context() { return internal::thread_context; }

// The backend of host tensors on this thread: set_backend's, else the best in the build.
const Backend& host_backend();
// set_backend("reference"): which kernels run host tensors, from now on, on this thread.
void set_backend(std::string_view name);

// Restores a field of the context at the end of a scope.
template <class T>
class Scoped {
 public:
  Scoped(T& field, T value) : field_(field), before_(field) { field_ = value; }
  ~Scoped() { field_ = before_; }
  Scoped(const Scoped&) = delete;
  Scoped& operator=(const Scoped&) = delete;

 private:
  T& field_;
  T before_;
};

// { NoGrad guard; ... }: results carry no history.
class NoGrad {
  Scoped<bool> off_{context().grad_mode, false};
};
class EnableGrad {
  Scoped<bool> on_{context().grad_mode, true};
};
// No history and no way to get one: what is made here joins no graph later.
class InferenceMode {
  Scoped<bool> grad_{context().grad_mode, false};
  Scoped<bool> mode_{context().inference_mode, true};
};
inline bool is_grad_enabled() { return context().grad_mode; }
inline void set_grad_enabled(bool on) { context().grad_mode = on; }

}  // namespace rushlight
