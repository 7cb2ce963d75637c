// Saved-tensor hooks from Python: what becomes of the tensors that a graph saves. Checkpoints save none.
#include "arguments.h"
#include "module.h"
#include "rushlight/engine/context.h"
#include "rushlight/engine/function.h"
#include "rushlight/engine/node.h"

namespace rushlight::python {

namespace {

class PythonPacked final : public PackedTensor {
 public:
  PythonPacked(nb::object packed, nb::object unpack)
      : packed_(std::move(packed)), unpack_(std::move(unpack)) {}
  Tensor unpack() override {
    nb::gil_scoped_acquire gil;
    nb::object tensor = unpack_.get()(packed_.get());
    if (!is_tensor(tensor.ptr()))
      fail(ErrorKind::type, "[saved_tensors_hooks] unpack_hook must return a Tensor, not ",
           type_name(tensor.ptr()));
    return tensor_of(tensor.ptr());
  }

 private:
  KeptObject packed_, unpack_;
};

class PythonHooks final : public SavedTensorHooks {
 public:
  PythonHooks(nb::object pack, nb::object unpack) : pack_(std::move(pack)), unpack_(std::move(unpack)) {}

  // The hook sees the values without history: it can neither record what it does nor close a cycle.
  Ref<PackedTensor> pack(const Tensor& tensor) override {
    nb::gil_scoped_acquire gil;
    NoGrad guard;
    Scoped<SavedTensorHooks*> off(context().saved_tensor_hooks, nullptr);
    nb::object packed = pack_.get()(alias(tensor));
    return Ref<PackedTensor>::adopt(new PythonPacked(std::move(packed), nb::borrow(unpack_.get())));
  }

 private:
  KeptObject pack_, unpack_;
};

// The hooks of this thread, the innermost last; context() points to it.
std::vector<std::unique_ptr<PythonHooks>>& stack() {
  static thread_local std::vector<std::unique_ptr<PythonHooks>> hooks;
  return hooks;
}

void use_innermost() { context().saved_tensor_hooks = stack().empty() ? nullptr : stack().back().get(); }

void push(nb::object pack, nb::object unpack) {
  stack().push_back(std::make_unique<PythonHooks>(std::move(pack), std::move(unpack)));
  use_innermost();
}

void pop() {
  if (stack().empty()) fail(ErrorKind::runtime, "[saved_tensors_hooks] there are no hooks to take off");
  stack().pop_back();
  use_innermost();
}

// A call of a Python function. What it returned is of interest once.
class PythonCall final : public CheckpointRule {
 public:
  PythonCall(nb::object function, nb::object args, nb::object kwargs, nb::object& result)
      : function_(std::move(function)),
        args_(std::move(args)),
        kwargs_(std::move(kwargs)),
        result_(&result) {}
  std::vector<Tensor> run() override {
    nb::gil_scoped_acquire gil;
    nb::object result = owned(PyObject_Call(function_.get().ptr(), args_.get().ptr(), kwargs_.get().ptr()));
    if (result_) *std::exchange(result_, nullptr) = std::move(result);
    return {};
  }

 private:
  KeptObject function_, args_, kwargs_;
  nb::object* result_;
};

std::vector<Tensor> tensors_among(nb::tuple args, nb::dict kwargs) {
  std::vector<Tensor> tensors;
  const auto keep = [&](nb::handle value) {
    if (is_tensor(value.ptr())) tensors.push_back(tensor_of(value.ptr()));
  };
  for (nb::handle value : args) keep(value);
  for (auto [name, value] : kwargs) keep(value);
  return tensors;
}

nb::object checkpoint(nb::object function, nb::tuple args, nb::dict kwargs, bool preserve_rng_state) {
  nb::object result;
  const std::vector<Tensor> inputs = tensors_among(args, kwargs);
  run_checkpoint(Ref<CheckpointRule>::adopt(
                     new PythonCall(std::move(function), std::move(args), std::move(kwargs), result)),
                 inputs, preserve_rng_state);
  return result;
}

}  // namespace

void bind_saved_tensors(nb::module_& m) {
  m.def("_push_saved_tensors_hooks", push, nb::arg("pack_hook"), nb::arg("unpack_hook"));
  m.def("_pop_saved_tensors_hooks", pop);
  m.def("_checkpoint", checkpoint, nb::arg("function"), nb::arg("args"), nb::arg("kwargs"),
        nb::arg("preserve_rng_state"));
}

}  // namespace rushlight::python
