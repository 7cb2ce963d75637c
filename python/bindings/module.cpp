// The extension module _C: what `import rushlight` is made of.
#include "module.h"

namespace rushlight::python {

PyObject* trace_error = nullptr;

namespace {

void bind_errors(nb::module_& m) {
  trace_error = checked(PyErr_NewExceptionWithDoc("rushlight.TraceError", "What a recorded graph cannot hold",
                                                  PyExc_RuntimeError, nullptr));
  m.attr("TraceError") = nb::handle(trace_error);
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
