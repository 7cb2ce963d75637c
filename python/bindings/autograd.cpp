// Autograd from Python: grad mode, backward, grad, hooks, nodes.
#include "rushlight/engine/backward.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <cctype>

#include "arguments.h"
#include "module.h"
#include "rushlight/engine/context.h"
#include "rushlight/engine/function.h"
#include "rushlight/engine/record.h"
#include "rushlight/generated/functions.h"

namespace rushlight::python {

namespace {

// One tensor or a sequence of them; None stands for an undefined one.
std::vector<Tensor> tensors_from(nb::handle object, const char* argument) {
  std::vector<Tensor> list;
  if (object.is_none()) return list;
  if (is_tensor(object.ptr())) return {tensor_of(object.ptr())};
  bool many = PySequence_Check(object.ptr()) || PyIter_Check(object.ptr());
  nb::object items = many ? owned(PySequence_Tuple(object.ptr())) : nb::none();
  if (!each_tensor(items.ptr(), Match::strict, [&](Tensor tensor) { list.push_back(std::move(tensor)); }))
    fail(ErrorKind::type, "argument '", argument, "' must be a Tensor or a sequence of Tensors");
  return list;
}

BackwardOptions options_from(std::optional<bool> retain_graph, bool create_graph, nb::handle inputs) {
  BackwardOptions options{
      .retain_graph = retain_graph, .create_graph = create_graph, .inputs = tensors_from(inputs, "inputs")};
  if (!inputs.is_none() && options.inputs.empty())
    fail(ErrorKind::runtime, "[backward] argument 'inputs' is empty; leave it out to reach every leaf");
  return options;
}

void backward_method(const Tensor& self, nb::object gradient, std::optional<bool> retain_graph,
                     bool create_graph, nb::object inputs) {
  BackwardOptions options = options_from(retain_graph, create_graph, inputs);
  auto given = tensors_from(gradient, "gradient");
  if (!given.empty()) options.gradient = given[0];
  nb::gil_scoped_release release;
  self.backward(options);
}

void backward_function(nb::object tensors, nb::object gradients, std::optional<bool> retain_graph,
                       bool create_graph, nb::object inputs) {
  BackwardOptions options = options_from(retain_graph, create_graph, inputs);
  auto roots = tensors_from(tensors, "tensors"), given = tensors_from(gradients, "grad_tensors");
  nb::gil_scoped_release release;
  backward(roots, given, options);
}

void set_grad(const Tensor& tensor, nb::object grad) {
  if (grad.is_none()) return tensor.set_grad({});
  if (!is_tensor(grad.ptr()))
    fail(ErrorKind::type, "[grad] a gradient is a Tensor or None, not ", type_name(grad.ptr()));
  tensor.set_grad(tensor_of(grad.ptr()));
}

bool retains_grad(const Tensor& tensor) {
  if (tensor.is_leaf()) return false;
  const Edge edge = edge_of(tensor);
  return edge.node->extras() && edge.node->extras()->retained_at(edge.output);
}

void set_data(const Tensor& tensor, nb::object data) {
  if (!is_tensor(data.ptr()))
    fail(ErrorKind::type, "[data] a tensor's data is a Tensor, not ", type_name(data.ptr()));
  tensor.set_data(tensor_of(data.ptr()));
}

void set_requires_grad(const Tensor& tensor, nb::object on) {
  if (!PyBool_Check(on.ptr()))
    fail(ErrorKind::type, "[requires_grad] must be a bool, not ", type_name(on.ptr()));
  tensor.requires_grad_(on.is(nb::handle(Py_True)));
}

nb::tuple grad_function(nb::object outputs, nb::object inputs, nb::object grad_outputs,
                        std::optional<bool> retain_graph, bool create_graph, std::optional<bool> allow_unused,
                        bool materialize_grads) {
  auto roots = tensors_from(outputs, "outputs"), targets = tensors_from(inputs, "inputs");
  if (targets.empty())
    fail(ErrorKind::runtime, "[grad] argument 'inputs' is empty: there is nothing to differentiate by");
  GradOptions options{.grad_outputs = tensors_from(grad_outputs, "grad_outputs"),
                      .retain_graph = retain_graph,
                      .create_graph = create_graph,
                      .allow_unused = allow_unused.value_or(materialize_grads)};
  std::vector<Tensor> gradients;
  {
    nb::gil_scoped_release release;
    gradients = grad(roots, targets, options);
  }
  nb::list list;
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined() && materialize_grads)
      gradients[i] = full(targets[i].shape(), 0.0, {.dtype = targets[i].dtype()});
    list.append(gradients[i]);
  }
  return nb::tuple(list);
}

// -- hooks ----------------------------------------------------------------------------------------

class PythonHook final : public Hook {
 public:
  explicit PythonHook(nb::object function) : function_(std::move(function)) {}
  Tensor operator()(const Tensor& gradient) override {
    nb::gil_scoped_acquire gil;
    nb::object result = function_.get()(gradient);
    if (result.is_none()) return {};
    if (!is_tensor(result.ptr()))
      fail(ErrorKind::type, "[hook] expected a Tensor or None, got ", type_name(result.ptr()));
    return tensor_of(result.ptr());
  }

 private:
  KeptObject function_;
};

// Sees the tensor whose gradient was added up; knows it weakly, or it would keep itself alive.
class PythonAfterHook final : public Hook {
 public:
  PythonAfterHook(nb::object function, nb::object tensor)
      : function_(std::move(function)),
        tensor_(nb::steal(checked(PyWeakref_NewRef(tensor.ptr(), nullptr)))) {}
  Tensor operator()(const Tensor&) override {
    nb::gil_scoped_acquire gil;
    nb::object tensor = tensor_.get()();
    if (!tensor.is_none()) function_.get()(tensor);
    return {};
  }

 private:
  KeptObject function_, tensor_;
};

nb::list list_of(std::span<const Tensor> tensors) {
  nb::list list;
  for (const Tensor& tensor : tensors) list.append(tensor);
  return list;
}

// Of a node: as a prehook it is given the gradients of the results, else those of the inputs too.
class PythonNodeHook final : public NodeHook {
 public:
  PythonNodeHook(nb::object function, bool is_before)
      : function_(std::move(function)), is_before_(is_before) {}
  std::vector<Tensor> operator()(std::span<const Tensor> of_inputs,
                                 std::span<const Tensor> of_results) override {
    nb::gil_scoped_acquire gil;
    nb::tuple inputs(list_of(of_inputs)), results(list_of(of_results));
    nb::object replaced = is_before_ ? function_.get()(results) : function_.get()(inputs, results);
    return tensors_from(replaced, "the result of a node's hook");
  }

 private:
  KeptObject function_;
  bool is_before_;
};

// Knows the node, not the tensor: a write in place gives the tensor another one.
struct HookHandle {
  void remove() {
    if (node) node->remove_hook(id);
    node = {};
  }
  Ref<Node> node;
  int64_t id;
};

// -- functions of the user's own ------------------------------------------------------------------

class PythonBackward final : public CustomBackward {
 public:
  PythonBackward(std::string name, nb::object rule) : name_(std::move(name)), rule_(std::move(rule)) {}
  const char* name() const override { return name_.c_str(); }
  std::vector<Tensor> operator()(std::span<const Tensor> gradients, std::span<const Tensor> saved) override {
    nb::gil_scoped_acquire gil;
    return tensors_from(rule_.get()(list_of(gradients), list_of(saved)), "the result of backward");
  }

 private:
  std::string name_;
  KeptObject rule_;
};

void record(std::string name, nb::object rule, nb::object inputs, nb::object results, nb::object saved,
            nb::object not_differentiable, bool materialize_grads) {
  record_function(Ref<CustomBackward>::adopt(new PythonBackward(std::move(name), std::move(rule))),
                  tensors_from(inputs, "inputs"), tensors_from(results, "results"),
                  {.saved = tensors_from(saved, "saved"),
                   .not_differentiable = tensors_from(not_differentiable, "not_differentiable"),
                   .materialize_grads = materialize_grads});
}

// The tensor as it was, for a view of it to take its place: x.unsqueeze_(0).
Tensor twin_of(const Tensor& tensor) {
  if (tensor.requires_grad() && (tensor.is_leaf() || !context().grad_mode))
    fail(ErrorKind::runtime,
         tensor.is_leaf() ? "a leaf Variable that requires grad" : "a tensor with history, under no_grad,",
         " is being used in an in-place operation that changes its shape. Use the form that returns a view");
  if (Watch* w = watch()) w->memory_shared(tensor, *tensor.storage());  // a trace sees it before its twin
  Tensor twin = alias(tensor);
  Edge edge = tensor.requires_grad() ? edge_of(tensor) : Edge();
  if (edge) set_history(twin, edge.node, edge.output);
  return twin;
}

// A new version: what saved the tensor in its old shape cannot use it any more.
Tensor take_place(const Tensor& tensor, const Tensor& view) {
  Edge edge = view.requires_grad() ? edge_of(view) : Edge();
  tensor.storage()->bump_version(static_cast<uint16_t>(OpId::as_strided));
  if (ViewHistory* history = view_history(tensor)) {
    history->edge = edge;
    history->version = tensor.version();
  } else if (edge) {
    renew_history(tensor, edge.node, edge.output);
  }
  tensor.impl()->layout = view.layout();
  return tensor;
}

Tensor detach_in_place(const Tensor& tensor) {
  if (view_history(tensor))
    fail(ErrorKind::runtime, "[detach_] Can't detach views in-place. Use detach() instead");
  if (tensor.is_leaf())
    tensor.requires_grad_(false);
  else
    set_history(tensor, {}, 0);
  return tensor;
}

// -- nodes ----------------------------------------------------------------------------------------

struct NodeHandle {
  Ref<Node> node;
};

nb::tuple next_functions(const NodeHandle& handle) {
  nb::list list;
  for (const Edge& edge : handle.node->edges())
    list.append(nb::make_tuple(edge ? nb::cast(NodeHandle{edge.node}) : nb::object(nb::none()), edge.output));
  return nb::tuple(list);
}

}  // namespace

std::string name_of_node(const Node& node) {
  if (node.is_leaf()) return "AccumulateGrad";
  if (!node.op()) return node.name();
  std::string name;
  bool upper = true;
  for (const char* at = node.name(); *at; ++at) {
    if (*at != '_') name += upper ? static_cast<char>(std::toupper(*at)) : *at;
    upper = *at == '_';
  }
  return name + "Backward0";
}

namespace {

template <bool is_before>
HookHandle hook_node(const NodeHandle& handle, nb::object hook) {
  auto kept = Ref<NodeHook>::adopt(new PythonNodeHook(std::move(hook), is_before));
  return {handle.node, handle.node->register_hook(std::move(kept), is_before)};
}

void bind_node(nb::module_& m) {
  nb::class_<NodeHandle>(m, "Node", "One recorded op of the graph that backward walks")
      .def("name", [](const NodeHandle& n) { return name_of_node(*n.node); })
      .def_prop_ro("next_functions", next_functions)
      .def("register_hook", hook_node<false>, nb::arg("hook"),
           "hook(grad_inputs, grad_outputs) is called behind this node and may return other grad_inputs")
      .def("register_prehook", hook_node<true>, nb::arg("hook"),
           "hook(grad_outputs) is called before this node runs and may return others")
      .def(
          "__eq__", [](const NodeHandle& a, const NodeHandle& b) { return a.node == b.node; },
          nb::is_operator())
      .def("__hash__", [](const NodeHandle& n) { return reinterpret_cast<uintptr_t>(n.node.get()); })
      .def("__repr__", [](const NodeHandle& n) { return "<" + name_of_node(*n.node) + ">"; });
}

void bind_modes(nb::module_& m) {
  m.def("is_grad_enabled", [] { return context().grad_mode; });
  m.def("_set_grad_enabled", [](bool on) { context().grad_mode = on; }, nb::arg("mode"));
  m.def("is_inference_mode_enabled", [] { return context().inference_mode; });
  m.def("_set_inference_mode", [](bool on) { context().inference_mode = on; }, nb::arg("mode"));
}

}  // namespace

void bind_autograd(nb::module_& m) {
  bind_node(m);
  bind_modes(m);
  nb::class_<HookHandle>(m, "RemovableHandle", "A hook that was registered")
      .def("remove", &HookHandle::remove, "Takes the hook off")
      .def("__enter__", [](nb::object self) { return self; })
      .def("__exit__", [](HookHandle& handle, nb::args) { handle.remove(); });
  m.def("_twin", twin_of, nb::arg("tensor"));
  m.def("_take_place", take_place, nb::arg("tensor"), nb::arg("view"));
  m.def("_backward", backward_function, nb::arg("tensors"), nb::arg("grad_tensors") = nb::none(),
        nb::arg("retain_graph") = nb::none(), nb::arg("create_graph") = false,
        nb::arg("inputs") = nb::none());
  m.def("_grad", grad_function, nb::arg("outputs"), nb::arg("inputs"), nb::arg("grad_outputs") = nb::none(),
        nb::arg("retain_graph") = nb::none(), nb::arg("create_graph") = false,
        nb::arg("allow_unused") = nb::none(), nb::arg("materialize_grads") = false);
  m.def("_record_function", record, nb::arg("name"), nb::arg("rule"), nb::arg("inputs"), nb::arg("results"),
        nb::arg("saved"), nb::arg("not_differentiable"), nb::arg("materialize_grads"));
  auto tensor = nb::borrow<nb::class_<TensorObject>>(reinterpret_cast<PyObject*>(tensor_type));
  tensor
      .def("backward", backward_method, nb::arg("gradient") = nb::none(),
           nb::arg("retain_graph") = nb::none(), nb::arg("create_graph") = false,
           nb::arg("inputs") = nb::none(), "Computes the gradients of the leaves")
      .def_prop_rw(
          "requires_grad", [](const Tensor& t) { return t.requires_grad(); }, set_requires_grad)
      .def(
          "requires_grad_", [](const Tensor& t, bool on) { return t.requires_grad_(on); },
          nb::arg("requires_grad") = true)
      .def_prop_rw(
          "grad", [](const Tensor& t) { return t.grad(); }, set_grad, nb::for_setter(nb::arg("grad").none()))
      .def_prop_rw(
          "data", [](const Tensor& t) { return t.data(); }, set_data, nb::for_setter(nb::arg("data").none()))
      .def_prop_ro("is_leaf", [](const Tensor& t) { return t.is_leaf(); })
      .def_prop_ro("grad_fn",
                   [](const Tensor& t) {
                     return t.grad_fn() ? nb::cast(NodeHandle{t.grad_fn()}) : nb::object(nb::none());
                   })
      .def("detach_", detach_in_place)
      .def("retain_grad", [](const Tensor& t) { t.retain_grad(); })
      .def_prop_ro("retains_grad", retains_grad)
      .def_prop_ro("_base",
                   [](const Tensor& t) { return view_history(t) ? view_history(t)->base : Tensor(); })
      .def("_is_view", [](const Tensor& t) { return view_history(t) != nullptr; })
      .def(
          "register_hook",
          [](const Tensor& t, nb::object hook) {
            int64_t id = t.register_hook(Ref<Hook>::adopt(new PythonHook(std::move(hook))));
            return HookHandle{edge_of(t).node, id};
          },
          nb::arg("hook"), "hook(grad) is called with this tensor's gradient and may return another")
      .def(
          "register_post_accumulate_grad_hook",
          [](nb::object self, nb::object hook) {
            const Tensor& t = tensor_of(self.ptr());
            auto after = Ref<Hook>::adopt(new PythonAfterHook(std::move(hook), self));
            int64_t id = t.register_post_accumulate_grad_hook(std::move(after));
            return HookHandle{edge_of(t).node, id};
          },
          nb::arg("hook"), "hook(tensor) is called when backward has added to tensor.grad")
      .def_prop_ro("output_nr", [](const Tensor& t) { return t.impl()->output_index; })
      .def("is_inference", [](const Tensor& t) { return t.impl()->inference; });
  tensor.attr("grad") =
      tensor.attr("grad").attr("deleter")(nb::cpp_function([](const Tensor& t) { t.set_grad({}); }));
}

}  // namespace rushlight::python
