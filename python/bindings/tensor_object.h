// How a Tensor lives in Python: one object per tensor while anybody there holds it, found through
// TensorImpl::foreign.
#pragma once

#include <nanobind/nanobind.h>

#include "rushlight/core/tensor.h"

namespace rushlight::python {

namespace nb = nanobind;

// What an instance of Python's Tensor holds. Made and destroyed under the GIL, as `foreign` is read.
struct TensorObject {
  Tensor tensor;   // undefined only in a subclass instance that was never given a tensor
  PyObject* self;  // borrowed: the instance around this

  ~TensorObject() {
    if (tensor.defined() && tensor.impl()->foreign == self) tensor.impl()->foreign = nullptr;
  }
};

// The Python type; set once by bind_tensor.
extern PyTypeObject* tensor_type;

inline bool is_tensor(PyObject* object) {
  return Py_TYPE(object) == tensor_type || PyType_IsSubtype(Py_TYPE(object), tensor_type);
}
[[noreturn]] void complain_empty(PyObject* object);
// REQUIRES: is_tensor(object). Throws where a subclass's instance was never given a tensor.
inline const Tensor& tensor_of(PyObject* object) {
  const Tensor& tensor = nb::inst_ptr<TensorObject>(object)->tensor;
  if (!tensor.defined()) complain_empty(object);
  return tensor;
}

// A new reference to the tensor's Python object; None for an undefined tensor.
PyObject* wrap(Tensor tensor);
// A new object of a subclass for a tensor that has none yet.
PyObject* wrap_as(PyTypeObject* type, Tensor tensor);

// Sets Python's error from the C++ exception that is being handled.
void set_python_error() noexcept;

// For slots and other functions that CPython calls directly: a C++ exception becomes Python's.
template <class F>
auto guarded(F&& f, decltype(f()) failed = {}) noexcept -> decltype(f()) {
  try {
    return f();
  } catch (...) {
    set_python_error();
    return failed;
  }
}

// Throws what Python's pending error says.
inline PyObject* checked(PyObject* object) {
  if (!object) throw nb::python_error();
  return object;
}
inline nb::object owned(PyObject* object) { return nb::steal<nb::object>(checked(object)); }

[[noreturn]] void complain_uninitialized(nb::handle object);
// The C++ object in an instance of its class; null for anything else, None included. Throws where the
// __init__ of a subclass left it out.
template <class T>
T* instance_of(nb::handle object) {
  if (!nb::isinstance<T>(object)) return nullptr;
  if (!nb::inst_ready(object)) complain_uninitialized(object);
  return nb::inst_ptr<T>(object);
}

// The GIL is let go for work that takes longer than handing it over, about 20 µs.
class ReleaseGil {
 public:
  explicit ReleaseGil(bool really) : state_(really ? PyEval_SaveThread() : nullptr) {}
  ~ReleaseGil() {
    if (state_) PyEval_RestoreThread(state_);
  }
  ReleaseGil(const ReleaseGil&) = delete;
  ReleaseGil& operator=(const ReleaseGil&) = delete;

 private:
  PyThreadState* state_;
};

// A Python object that C++ keeps, and may drop on any thread.
class KeptObject {
 public:
  explicit KeptObject(nb::object object) : object_(object.release()) {}
  ~KeptObject() {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    object_.dec_ref();
  }
  KeptObject(const KeptObject&) = delete;
  KeptObject& operator=(const KeptObject&) = delete;
  nb::handle get() const { return object_; }

 private:
  nb::handle object_;
};

}  // namespace rushlight::python

namespace nanobind::detail {

template <>
struct type_caster<rushlight::Tensor> {
  NB_TYPE_CASTER(rushlight::Tensor, const_name("Tensor"))

  bool from_python(handle source, uint32_t, cleanup_list*) noexcept {
    if (!rushlight::python::is_tensor(source.ptr())) return false;
    value = inst_ptr<rushlight::python::TensorObject>(source)->tensor;
    return value.defined();
  }
  static handle from_cpp(const rushlight::Tensor& tensor, rv_policy, cleanup_list*) noexcept {
    return rushlight::python::guarded([&] { return rushlight::python::wrap(tensor); });
  }
};

}  // namespace nanobind::detail
