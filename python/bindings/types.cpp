// The small types around Tensor: dtype, device, Size, Generator, Slot.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <array>
#include <cstring>
#include <random>

#include "arguments.h"
#include "module.h"
#include "rushlight/core/generator.h"

namespace rushlight::python {

// -- dtype ----------------------------------------------------------------------------------------

namespace {

struct DTypeObject {
  DType value;
};
std::array<nb::object, kDTypeCount>* dtype_objects;  // one object each, for ever: compared by identity

// The module's own name for it: Python's types keep theirs.
std::string global_name(DType dtype) {
  return dtype == DType::boolean ? "bool_" : std::string(name_of(dtype));
}

void bind_dtype(nb::module_& m) {
  nb::class_<DTypeObject>(m, "dtype", "The type of a tensor's elements")
      .def_prop_ro("is_floating_point", [](const DTypeObject& d) { return is_floating(d.value); })
      .def_prop_ro("is_complex", [](const DTypeObject&) { return false; })
      .def_prop_ro("is_signed", [](const DTypeObject& d) { return is_signed(d.value); })
      .def_prop_ro("itemsize", [](const DTypeObject& d) { return size_of(d.value); })
      .def("__repr__", [](const DTypeObject& d) { return join_text("rushlight.", d.value); })
      .def("__reduce__",
           [](const DTypeObject& d) { return global_name(d.value); });  // pickled as the name of a global
  dtype_objects = new std::array<nb::object, kDTypeCount>;
  for (int i = 0; i < kDTypeCount; ++i) {
    nb::object& object = (*dtype_objects)[static_cast<size_t>(i)];
    object = nb::cast(DTypeObject{static_cast<DType>(i)});
    m.attr(global_name(static_cast<DType>(i)).c_str()) = object;
  }
}

}  // namespace

PyObject* dtype_object(DType dtype) { return Py_NewRef((*dtype_objects)[static_cast<size_t>(dtype)].ptr()); }

bool to_dtype(PyObject* object, DType& dtype) {
  if (auto* known = instance_of<DTypeObject>(object))
    dtype = known->value;
  else if (object == reinterpret_cast<PyObject*>(&PyFloat_Type))
    dtype = DType::float64;
  else if (object == reinterpret_cast<PyObject*>(&PyLong_Type))
    dtype = DType::int64;
  else if (object == reinterpret_cast<PyObject*>(&PyBool_Type))
    dtype = DType::boolean;
  else
    return false;
  return true;
}

// -- device ---------------------------------------------------------------------------------------

namespace {

Device parse_device(std::string_view text) {
  if (text == "cpu" || text == "cpu:0") return {};
  if (text == "cuda") return {DeviceType::cuda, 0};
  bool has_index = text.size() == 6 && text.starts_with("cuda:") && text[5] >= '0' && text[5] <= '9';
  if (has_index) return {DeviceType::cuda, static_cast<int8_t>(text[5] - '0')};
  fail(ErrorKind::runtime, "[device] expected cpu or cuda[:index], but got '", text, "'");
}

void bind_device(nb::module_& m) {
  nb::class_<Device>(m, "device", "Where a tensor's memory is")
      .def(
          "__init__",
          [](Device* self, std::string_view type, std::optional<int> index) {
            new (self) Device(parse_device(index ? join_text(type, ":", *index) : std::string(type)));
          },
          nb::arg("type"), nb::arg("index") = nb::none())
      .def(
          "__init__", [](Device* self, const Device& device) { new (self) Device(device); },
          nb::arg("device"))
      .def_prop_ro("type", [](Device d) { return d.type == DeviceType::cpu ? "cpu" : "cuda"; })
      .def_prop_ro(
          "index",
          [](Device d) { return d.type == DeviceType::cpu ? nb::object(nb::none()) : nb::cast(d.index); })
      .def("__str__", [](Device d) { return join_text(d); })
      .def("__repr__",
           [](Device d) {
             return d.type == DeviceType::cpu ? std::string("device(type='cpu')")
                                              : join_text("device(type='cuda', index=", d.index, ")");
           })
      .def(
          "__eq__",
          [](Device d, nb::object other) {
            if (auto* same = instance_of<Device>(other)) return d == *same;
            return nb::isinstance<nb::str>(other) && join_text(d) == nb::cast<std::string>(other);
          },
          nb::arg("other").none())
      .def("__hash__", [](Device d) { return nb::hash(nb::cast(join_text(d))); })
      .def("__reduce__",
           [](Device d) { return nb::make_tuple(nb::type<Device>(), nb::make_tuple(join_text(d))); });
}

}  // namespace

void expect_host_device(PyObject* object) {
  if (object == Py_None) return;
  Device device;
  if (auto* known = instance_of<Device>(object))
    device = *known;
  else if (PyLong_Check(object))
    device = {DeviceType::cuda, 0};
  else if (PyUnicode_Check(object))
    device = parse_device(nb::cast<std::string_view>(nb::handle(object)));
  else
    fail(ErrorKind::type, "argument 'device' must be device or str, not ", type_name(object));
  if (device.type != DeviceType::cpu)
    fail(ErrorKind::runtime, "device ", device, " is not available in this build");
}

// -- Size -----------------------------------------------------------------------------------------

namespace {

PyTypeObject* size_type;

// The tuple as a Size; takes the reference.
PyObject* as_size(PyObject* tuple) {
  if (!tuple || !PyTuple_CheckExact(tuple)) return tuple;
  PyObject* size = PyObject_CallOneArg(reinterpret_cast<PyObject*>(size_type), tuple);
  Py_DECREF(tuple);
  return size;
}
PyObject* size_subscript(PyObject* self, PyObject* index) {
  return as_size(PyTuple_Type.tp_as_mapping->mp_subscript(self, index));
}
PyObject* size_concat(PyObject* self, PyObject* other) {
  return as_size(PyTuple_Type.tp_as_sequence->sq_concat(self, other));
}
PyObject* size_repr(PyObject* self) {
  nb::object list = nb::steal(PySequence_List(self));
  return list.is_valid() ? PyUnicode_FromFormat("rushlight.Size(%R)", list.ptr()) : nullptr;
}
PyObject* size_numel(PyObject* self, PyObject*) {
  long long product = 1;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self); ++i)
    product *= PyLong_AsLongLong(PyTuple_GET_ITEM(self, i));
  return PyErr_Occurred() ? nullptr : PyLong_FromLongLong(product);
}

void bind_size(nb::module_& m) {
  static PyMethodDef methods[] = {
      {"numel", size_numel, METH_NOARGS, "numel() -> int\n\nThe product of the sizes"}, {}};
  PyType_Slot slots[] = {{Py_mp_subscript, reinterpret_cast<void*>(size_subscript)},
                         {Py_sq_concat, reinterpret_cast<void*>(size_concat)},
                         {Py_tp_repr, reinterpret_cast<void*>(size_repr)},
                         {Py_tp_methods, methods},
                         {Py_tp_doc, const_cast<char*>("A tensor's shape: a tuple of ints")},
                         {0, nullptr}};
  PyType_Spec spec{"rushlight._C.Size", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  nb::object type = owned(PyType_FromSpecWithBases(&spec, reinterpret_cast<PyObject*>(&PyTuple_Type)));
  size_type = reinterpret_cast<PyTypeObject*>(type.ptr());
  m.attr("Size") = type;
}

}  // namespace

PyObject* size_object(IntSpan sizes) {
  nb::object size = owned(size_type->tp_alloc(size_type, static_cast<Py_ssize_t>(sizes.size())));
  for (size_t i = 0; i < sizes.size(); ++i)
    PyTuple_SET_ITEM(size.ptr(), static_cast<Py_ssize_t>(i), checked(PyLong_FromLongLong(sizes[i])));
  return size.release().ptr();
}

// -- Generator, Slot ------------------------------------------------------------------------------

namespace {

// Negative seeds wrap, as PyTorch's do.
uint64_t seed_from(nb::handle number) {
  if (!PyNumber_Check(number.ptr()))
    fail(ErrorKind::type, "argument 'seed' must be int, not ", type_name(number.ptr()));
  nb::object seed = owned(PyNumber_Long(number.ptr()));
  bool negative = PyObject_RichCompareBool(seed.ptr(), nb::int_(0).ptr(), Py_LT) == 1;
  uint64_t value =
      negative ? static_cast<uint64_t>(PyLong_AsLongLong(seed.ptr())) : PyLong_AsUnsignedLongLong(seed.ptr());
  if (PyErr_Occurred()) throw nb::python_error();
  return value;
}

Generator& generator_of(nb::handle object) {
  Generator* generator = instance_of<Generator>(object);
  if (!generator) fail(ErrorKind::type, "expected a Generator, not ", type_name(object.ptr()));
  return *generator;
}

// C++'s copies share their state; Python's don't.
Generator copy_of(const Generator& generator) {
  Generator copy(0);
  copy.set_state(generator.state());
  return copy;
}

void bind_generator(nb::module_& m) {
  nb::class_<Generator>(m, "Generator", "A source of random numbers: a seed and a counter")
      .def(
          "__init__",
          [](Generator* self, nb::object device) {
            expect_host_device(device.ptr());
            new (self) Generator(0);
          },
          nb::arg("device") = "cpu")
      .def(
          "manual_seed",
          [](nb::object self, nb::object seed) {
            generator_of(self).seed(seed_from(seed));
            return self;
          },
          nb::arg("seed"))
      .def("initial_seed", [](const Generator& g) { return g.state().seed; })
      .def("get_state",
           [](const Generator& g) {
             PhiloxKey key = g.state();
             uint8_t bytes[sizeof key];
             std::memcpy(bytes, &key, sizeof key);
             return from_values<uint8_t>(bytes, {sizeof key});
           })
      .def(
          "seed",
          [](Generator& g) {
            std::random_device device;
            uint64_t seed = static_cast<uint64_t>(device()) << 32 | device();
            g.seed(seed);
            return seed;
          },
          "Takes a seed that nobody can guess, and returns it")
      .def_prop_ro("device", [](const Generator&) { return Device(); })
      .def(
          "set_state",
          [](nb::object self, const Tensor& state) {
            PhiloxKey key;
            if (state.dtype() != DType::uint8 || state.numel() != static_cast<int64_t>(sizeof key))
              fail(ErrorKind::type, "[set_state] the state must come from get_state(), but it is ", state);
            std::memcpy(&key, state.to_vector<uint8_t>().data(), sizeof key);
            generator_of(self).set_state(key);
            return self;
          },
          nb::arg("new_state"))
      .def("clone_state", copy_of, "A generator of its own in this one's state")
      .def("__copy__", copy_of)
      .def(
          "__deepcopy__", [](const Generator& g, nb::object) { return copy_of(g); }, nb::arg("memo"))
      .def("__getstate__",
           [](const Generator& g) { return nb::make_tuple(g.state().seed, g.state().counter); })
      .def("__setstate__",
           [](Generator& g, std::pair<uint64_t, uint64_t> state) {
             new (&g) Generator(0);
             g.set_state({state.first, state.second});
           })
      .def("fork", &Generator::fork, "An independent generator; this one moves on")
      .def("__eq__", [](const Generator& a, const Generator& b) { return a == b; }, nb::is_operator());
  m.def(
      "manual_seed",
      [](nb::object seed) {
        manual_seed(seed_from(seed));
        return default_generator();
      },
      nb::arg("seed"), "Seeds the default generator");
  m.attr("default_generator") = default_generator();
}

std::string slot_text(const Slot& slot) { return join_text("Slot(", slot.get(), ")"); }

void bind_slot(nb::module_& m) {
  nb::class_<Slot>(m, "Slot", "A number that a recorded graph reads anew at every replay")
      .def(nb::init<double>(), nb::arg("value") = 0.0)
      .def_prop_rw("value", &Slot::get, &Slot::set)
      .def("__float__",
           [](const Slot& slot) {
             if (watch())
               fail(ErrorKind::trace, "[trace] ", slot_text(slot),
                    " stands for a plain number, which a recorded graph would keep as it is now. A Slot is "
                    "read anew only by ops that take one (optimizer steps); elsewhere pass what changes as a "
                    "tensor, or say .value where a constant is meant");
             return slot.get();
           })
      .def("__repr__", slot_text);
}

}  // namespace

void bind_types(nb::module_& m) {
  bind_dtype(m);
  bind_device(m);
  bind_size(m);
  bind_generator(m);
  bind_slot(m);
}

}  // namespace rushlight::python
