// trace(fn): a Python function of tensors that is recorded and replayed.
#include "rushlight/jit/trace.h"

#include <nanobind/stl/string.h>

#include "arguments.h"
#include "module.h"
#include "rushlight/generated/functions.h"

namespace rushlight::python {

namespace {

// How the function's result looks, so that a replay, which does not call it, returns the same.
enum class ResultForm : uint8_t { nothing, tensor, tuple, list };

// Runs the Python function; called by the trace without the GIL.
class PythonBody final : public TraceBody {
 public:
  PythonBody(nb::handle function, ResultForm& form) : function_(function), form_(form) {}

  Results run(Inputs arguments) override {
    nb::gil_scoped_acquire gil;
    nb::list list;
    for (size_t i = 0; i < arguments.size(); ++i) list.append(arguments[i]);
    nb::object result = function_(*nb::tuple(list));
    form_ = form_of(result);
    Results tensors;
    if (form_ == ResultForm::tensor) tensors.push_back(tensor_of(result.ptr()));
    auto push = [&](Tensor tensor) { tensors.push_back(std::move(tensor)); };
    if (form_ >= ResultForm::tuple && !each_tensor(result.ptr(), Match::strict, push)) complain(result);
    for (const Tensor& tensor : tensors)
      if (!tensor.defined()) complain(nb::none());
    return tensors;
  }

 private:
  [[noreturn]] static void complain(nb::handle result) {
    fail(ErrorKind::trace,
         "[trace] the function must return a Tensor, a tuple or list of them, or None, not ",
         type_name(result.ptr()));
  }
  static ResultForm form_of(nb::handle result) {
    if (result.is_none()) return ResultForm::nothing;
    if (is_tensor(result.ptr())) return ResultForm::tensor;
    if (PyTuple_Check(result.ptr())) return ResultForm::tuple;
    if (PyList_Check(result.ptr())) return ResultForm::list;
    complain(result);
  }

  nb::handle function_;
  ResultForm& form_;
};

class TracedFunction {
 public:
  explicit TracedFunction(nb::object function) : function_(std::move(function)) {}

  nb::object call(nb::args args) {
    SmallVector<Tensor, 4> tensors;
    auto push = [&](Tensor tensor) { tensors.push_back(std::move(tensor)); };
    if (!each_tensor(args.ptr(), Match::strict, push))
      fail(ErrorKind::type,
           "[trace] the arguments of a traced function are Tensors; a number that changes is a Slot");
    SmallVector<const Tensor*, 4> pointers;
    for (const Tensor& tensor : tensors) pointers.push_back(&tensor);
    PythonBody body(function_, form_);
    Results results;
    {
      nb::gil_scoped_release release;
      results = trace_.call({pointers.data(), pointers.size()}, body);
    }
    return shaped(results);
  }
  std::string graph() const { return join_text(trace_.graph()); }
  uint64_t replay_count() const { return trace_.replay_count(); }
  nb::object function() const { return function_; }

 private:
  nb::object shaped(const Results& results) const {
    if (form_ == ResultForm::nothing) return nb::none();
    if (form_ == ResultForm::tensor) return nb::cast(results[0]);
    nb::list list;
    for (const Tensor& tensor : results) list.append(tensor);
    return form_ == ResultForm::list ? nb::object(list) : nb::object(nb::tuple(list));
  }

  nb::object function_;
  ResultForm form_ = ResultForm::nothing;
  Trace trace_;
};

}  // namespace

void bind_trace(nb::module_& m) {
  nb::class_<TracedFunction>(m, "TracedFunction", "A function that is recorded twice and then replayed")
      .def("__call__", &TracedFunction::call)
      .def("graph", &TracedFunction::graph, "The latest recording as text, one line per op")
      .def_prop_ro("replay_count", &TracedFunction::replay_count)
      .def_prop_ro("__wrapped__", &TracedFunction::function);
  m.def(
      "trace",
      [](nb::object function) {
        if (is_tensor(function.ptr())) return nb::cast(linalg_trace(tensor_of(function.ptr())));
        return nb::cast(new TracedFunction(std::move(function)), nb::rv_policy::take_ownership);
      },
      nb::arg("function"),
      "Records a function of tensors while it runs, and replays it from the fourth call on; of a matrix, the "
      "sum of its diagonal");
}

}  // namespace rushlight::python
