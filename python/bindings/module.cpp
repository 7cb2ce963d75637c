// The extension module _C: what `import rushlight` is made of.
#include <cstring>

#include "module.h"

namespace rushlight::python {

PyObject *trace_error = nullptr, *linear_algebra_error = nullptr;

namespace {

void bind_errors(nb::module_& m) {
  auto add = [&](const char* name, const char* doc) {
    PyObject* error = checked(PyErr_NewExceptionWithDoc(name, doc, PyExc_RuntimeError, nullptr));
    m.attr(std::strrchr(name, '.') + 1) = nb::handle(error);
    return error;
  };
  trace_error = add("rushlight.TraceError", "What a recorded graph cannot hold");
  linear_algebra_error =
      add("rushlight.linalg.LinAlgError", "A matrix that has no inverse, or no Cholesky factor");
  nb::register_exception_translator([](const std::exception_ptr& error, void*) {
    try {
      std::rethrow_exception(error);
    } catch (const Error&) {
      set_python_error();
    }
  });
}

}  // namespace

}  // namespace rushlight::python

NB_MODULE(_C, m) {
  using namespace rushlight::python;
  nanobind::set_leak_warnings(false);  // tensors kept by modules until the very end are no leak
  bind_errors(m);
  bind_types(m);
  bind_tensor(m);
  bind_arrays(m);
  bind_autograd(m);
  bind_trace(m);
  bind_runtime(m);
  bind_foreign_backend(m);
  bind_ops(m);
  bind_op_table(m);
  bind_saved_tensors(m);
}
