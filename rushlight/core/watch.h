// Watch: sees what a thread does with tensors beside calling ops. A recording trace is one; else none.
#pragma once

namespace rushlight {

class Storage;
class Tensor;

class Watch {
 public:
  virtual void storage_made(const Storage& storage) = 0;
  virtual void storage_freed(const Storage& storage) noexcept = 0;
  // Host code is about to read or write elements; `how` is the function that it called.
  virtual void elements_touched(const Tensor& tensor, const char* how) = 0;
  // `tensor`'s gradient is about to be looked at, or replaced.
  virtual void grad_touched(const Tensor& tensor, bool replaced) = 0;
  // `shared` lies over the memory of `tensor`: another storage, or its own before the tensor gets another one
  // or a flag of it changes.
  virtual void memory_shared(const Tensor& tensor, const Storage& shared) = 0;

 protected:
  ~Watch() = default;
};

namespace internal {
extern thread_local constinit Watch* thread_watch;
}
inline Watch* watch() { return internal::thread_watch; }

}  // namespace rushlight
