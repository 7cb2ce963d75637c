#include "tensor_object.h"

#include <new>

#include "module.h"

namespace rushlight::python {

PyTypeObject* tensor_type = nullptr;

PyObject* wrap_as(PyTypeObject* type, Tensor tensor) {
  PyObject* self = nb::inst_alloc_zero(reinterpret_cast<PyObject*>(type)).release().ptr();
  tensor.impl()->foreign = self;
  new (nb::inst_ptr<TensorObject>(self)) TensorObject{std::move(tensor), self};
  return self;
}

PyObject* wrap(Tensor tensor) {
  if (!tensor.defined()) Py_RETURN_NONE;
  auto* known = static_cast<PyObject*>(tensor.impl()->foreign);
  // A count of zero: the object is being taken down, and a weak reference's callback got us here.
  if (known && Py_REFCNT(known) > 0) return Py_NewRef(known);
  return wrap_as(tensor_type, std::move(tensor));
}

void complain_empty(PyObject* object) {
  fail(ErrorKind::type, "this instance of ", Py_TYPE(object)->tp_name,
       " was never given a tensor; make it with Tensor._make_subclass");
}

void complain_uninitialized(nb::handle object) {
  fail(ErrorKind::type, "this instance of ", Py_TYPE(object.ptr())->tp_name,
       " was never initialized; its __init__ must call super().__init__()");
}

namespace {

PyObject* exception_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::value: return PyExc_ValueError;
    case ErrorKind::type: return PyExc_TypeError;
    case ErrorKind::index: return PyExc_IndexError;
    case ErrorKind::not_implemented: return PyExc_NotImplementedError;
    case ErrorKind::out_of_memory: return PyExc_MemoryError;
    case ErrorKind::trace: return trace_error;
    case ErrorKind::linear_algebra: return linear_algebra_error;
    case ErrorKind::runtime: break;
  }
  return PyExc_RuntimeError;
}

}  // namespace

void set_python_error() noexcept {
  try {
    throw;
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const Error& error) {
    PyErr_SetString(exception_for(error.kind()), error.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
}

}  // namespace rushlight::python
