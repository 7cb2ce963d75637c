// What a process or thread has set: backends, memory, the default dtype, how tensors print.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "arguments.h"
#include "module.h"
#include "rushlight/backend/map_facts.h"
#include "rushlight/backend/shortcuts.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/core/print.h"
#include "rushlight/engine/interpreter.h"
#include "rushlight/engine/node.h"
#include "rushlight/engine/op_costs.h"

namespace rushlight::python {

namespace {

nb::dict stats_dict() {
  MemoryStats stats = memory_stats();
  nb::dict dict;
  dict["live_bytes"] = stats.live_bytes;
  dict["peak_bytes"] = stats.peak_bytes;
  dict["cached_bytes"] = stats.cached_bytes;
  dict["system_bytes"] = stats.system_bytes;
  dict["live_blocks"] = stats.live_blocks;
  dict["system_calls"] = stats.system_calls;
  return dict;
}

void set_print_options(std::optional<int> precision, std::optional<int64_t> threshold,
                       std::optional<int64_t> edgeitems, std::optional<int> linewidth, nb::object profile,
                       nb::object sci_mode) {
  PrintOptions& options = print_options();
  if (!profile.is_none()) {
    std::string name = nb::cast<std::string>(profile);
    options = PrintOptions();
    if (name == "short")
      options.precision = 2, options.edge_items = 2;
    else if (name == "full")
      options.threshold = INT64_MAX;
    else if (name != "default")
      fail(ErrorKind::value, "[set_printoptions] profile is default, short or full, not ", name);
  }
  options.precision = precision.value_or(options.precision);
  options.threshold = threshold.value_or(options.threshold);
  options.edge_items = edgeitems.value_or(options.edge_items);
  options.line_width = linewidth.value_or(options.line_width);
  options.scientific = sci_mode.is_none() ? std::nullopt : std::optional<bool>(nb::cast<bool>(sci_mode));
}

std::string repr(const Tensor& tensor) {
  if (tensor.grad_fn())
    return to_string(tensor, std::vector{"grad_fn=<" + name_of_node(*tensor.grad_fn()) + ">"});
  if (tensor.requires_grad()) return to_string(tensor, std::vector<std::string>{"requires_grad=True"});
  return to_string(tensor);
}

nb::list backend_names() {
  nb::list names;
  for (const Backend* backend : host_backends()) names.append(backend->name);
  return names;
}

DType dtype_argument(nb::handle object) {
  DType dtype;
  if (!to_dtype(object.ptr(), dtype))
    fail(ErrorKind::type, "expected a dtype, not ", type_name(object.ptr()));
  return dtype;
}

// Dtypes count as tensors of that dtype.
nb::object common_type(nb::args operands) {
  std::vector<Tensor> tensors;
  for (nb::handle operand : operands) {
    Tensor tensor;
    DType dtype;
    if (to_dtype(operand.ptr(), dtype))
      tensor = empty(0, dtype);
    else if (!to_tensor(operand.ptr(), Match::lenient, tensor))
      fail(ErrorKind::type, "result_type(): an argument must be Tensor, dtype or number, not ",
           type_name(operand.ptr()));
    tensors.push_back(std::move(tensor));
  }
  if (tensors.empty()) fail(ErrorKind::type, "result_type(): at least one argument is needed");
  std::vector<const Tensor*> pointers;
  for (const Tensor& tensor : tensors) pointers.push_back(&tensor);
  return nb::steal(dtype_object(result_type({pointers.data(), pointers.size()})));
}

constexpr const char* kPartNames[] = {"forward", "gradient of operand 0", "gradient of operand 1",
                                      "gradient of operand 2", "backward"};

nb::list op_costs() {
  nb::list rows;
  for (int id = 0; id < kOpCount; ++id)
    for (int part = 0; part < kPartCount; ++part) {
      OpCost cost = cost_of(static_cast<OpId>(id), static_cast<Part>(part));
      if (cost.calls + cost.fallbacks == 0) continue;
      nb::dict row;
      row["op"] = std::string(name_of(static_cast<OpId>(id)));
      row["part"] = kPartNames[part];
      row["calls"] = cost.calls;
      row["seconds"] = static_cast<double>(cost.nanoseconds) * 1e-9;
      row["flops"] = cost.flops;
      row["bytes"] = cost.bytes;
      row["allocations"] = cost.allocations;
      row["allocated_bytes"] = cost.allocated_bytes;
      row["fallbacks"] = cost.fallbacks;
      rows.append(row);
    }
  return rows;
}

void bind_costs(nb::module_& m) {
  m.def("count_costs", count_costs, nb::arg("on"),
        "Begins or ends to count what ops cost, in all threads; op_costs() tells");
  m.def("reset_costs", reset_costs, "Sets all that op_costs() tells to zero");
  m.def("op_costs", op_costs,
        "One dict for each computation of an op that ran while costs were counted: its calls, seconds, "
        "estimated "
        "flops, bytes read and written, allocations, fallbacks");
  m.def("fallback_count", fallback_count,
        "How often an op ran on the slow reference kernels because the backend had none");
}

void bind_dtype_rules(nb::module_& m) {
  m.def(
      "get_default_dtype", [] { return nb::steal(dtype_object(default_dtype())); },
      "The dtype of tensors made from Python floats");
  m.def(
      "set_default_dtype", [](nb::object dtype) { set_default_dtype(dtype_argument(dtype)); }, nb::arg("d"));
  m.def(
      "promote_types",
      [](nb::object a, nb::object b) {
        return nb::steal(dtype_object(promote_types(dtype_argument(a), dtype_argument(b))));
      },
      nb::arg("type1"), nb::arg("type2"), "The dtype that two dtypes meet in");
  m.def(
      "can_cast",
      [](nb::object from, nb::object to) { return can_cast(dtype_argument(from), dtype_argument(to)); },
      nb::arg("from_"), nb::arg("to"), "Whether an in-place result may be cast so: never down a category");
  m.def("result_type", common_type, "The dtype that tensors, dtypes and plain numbers meet in");
}

}  // namespace

void bind_runtime(nb::module_& m) {
  bind_dtype_rules(m);
  bind_costs(m);
  m.def("get_num_threads", num_threads, "How many threads work on one op");
  m.def("set_num_threads", set_num_threads, nb::arg("int"), "How many threads work on one op, from now on");
  m.def("_set_host_backend", [](const std::string& name) { set_backend(name); }, nb::arg("name"));
  m.def("_host_backend", [] { return host_backend().name; });
  m.def("_host_backends", backend_names);
  m.def("_winograd_allowed", winograd_allowed);
  m.def("_allow_winograd", allow_winograd, nb::arg("allowed"));
  m.def("memory_stats", stats_dict, "Live, peak and cached bytes, and the calls to the system");
  m.def("reset_peak_memory", reset_peak_memory);
  m.def("empty_cache", empty_cache, "Gives free blocks back to the system");
  m.def("set_memory_limit", set_memory_limit, nb::arg("bytes"));
  m.def("set_printoptions", set_print_options, nb::arg("precision") = nb::none(),
        nb::arg("threshold") = nb::none(), nb::arg("edgeitems") = nb::none(),
        nb::arg("linewidth") = nb::none(), nb::arg("profile") = nb::none(), nb::arg("sci_mode") = nb::none());
  nb::borrow<nb::class_<TensorObject>>(reinterpret_cast<PyObject*>(tensor_type)).def("__repr__", repr);
  m.attr("__version__") = RUSHLIGHT_VERSION;
}

}  // namespace rushlight::python
