#include "arguments.h"

#include <nanobind/stl/string.h>

#include <cstring>
#include <string_view>

#include "rushlight/core/generator.h"
#include "rushlight/generated/functions.h"

namespace rushlight::python {

namespace {

// numpy.bool has neither __index__ nor a bool's type.
bool is_bool(PyObject* object) {
  return PyBool_Check(object) || std::string_view(Py_TYPE(object)->tp_name).starts_with("numpy.bool");
}

// A scalar of some other library (numpy.float32): no array, no string.
bool is_foreign_float(PyObject* object) {
  PyNumberMethods* number = Py_TYPE(object)->tp_as_number;
  return number && number->nb_float && !PyLong_Check(object) && !PySequence_Check(object);
}

// An int of Python's own; null: the object is none.
nb::object index_of(PyObject* object, Match match) {
  if (is_tensor(object) ? match == Match::strict : !PyIndex_Check(object)) return {};
  nb::object index = nb::steal<nb::object>(PyNumber_Index(object));
  if (!index.is_valid()) PyErr_Clear();
  return index;
}

// Numbers of up to 64 bits, signed or not. Of a larger one Python's error is left for the caller to find.
Tensor number_from(PyObject* index) {
  int overflow;
  int64_t value = PyLong_AsLongLongAndOverflow(index, &overflow);
  if (overflow <= 0) return overflow ? Tensor(PyLong_AsLongLong(index)) : Tensor(value);
  return Tensor(PyLong_AsUnsignedLongLong(index));
}

}  // namespace

bool to_integer(PyObject* object, Match match, int64_t& value) {
  nb::object index = index_of(object, match);
  if (!index.is_valid()) return false;
  value = PyLong_AsLongLong(index.ptr());
  if (value == -1 && PyErr_Occurred()) throw nb::python_error();
  return true;
}

bool to_tensor(PyObject* object, Match match, Tensor& tensor) {
  if (is_tensor(object)) {
    tensor = tensor_of(object);
    return true;
  }
  if (match == Match::strict) return false;
  if (PyFloat_Check(object))
    tensor = PyFloat_AS_DOUBLE(object);
  else if (is_bool(object))
    tensor = PyObject_IsTrue(object) == 1;
  else if (nb::object index = index_of(object, match); index.is_valid())
    tensor = number_from(index.ptr());
  else if (is_foreign_float(object))
    tensor = PyFloat_AsDouble(object);
  else
    return false;
  if (PyErr_Occurred()) throw nb::python_error();
  return true;
}

bool to_ints(std::span<PyObject* const> objects, Match match, Ints& values, bool optional_items) {
  values.clear();
  for (PyObject* object : objects) {
    int64_t value;
    if (object == Py_None && optional_items) {
      values.push_back(kUnsaid);
      continue;
    }
    if (PyBool_Check(object) || !to_integer(object, match, value)) return false;
    values.push_back(value);
  }
  return true;
}

bool to_ints(PyObject* object, Match match, Ints& values, bool optional_items) {
  if (PyIndex_Check(object) && !PySequence_Check(object)) return to_ints({&object, 1}, match, values);
  if (!PySequence_Check(object) || PyUnicode_Check(object)) return false;
  nb::object list = owned(PySequence_Fast(object, "expected a sequence of ints"));
  return to_ints(
      {PySequence_Fast_ITEMS(list.ptr()), static_cast<size_t>(PySequence_Fast_GET_SIZE(list.ptr()))}, match,
      values, optional_items);
}

namespace {

bool to_real(PyObject* object, Match match, double& value) {
  if (PyUnicode_Check(object)) return false;
  if (is_tensor(object) && (match == Match::strict || tensor_of(object).numel() != 1)) return false;
  value = PyFloat_AsDouble(object);
  if (value != -1 || !PyErr_Occurred()) return true;
  if (PyErr_ExceptionMatches(PyExc_TypeError)) return PyErr_Clear(), false;
  throw nb::python_error();
}

bool to_reals(PyObject* object, Match match, Reals& values) {
  double value;
  if (!PySequence_Check(object)) return to_real(object, match, value) && (values.push_back(value), true);
  if (PyUnicode_Check(object)) return false;
  nb::object list = owned(PySequence_Fast(object, "expected a sequence of floats"));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.ptr()); ++i) {
    if (!to_real(PySequence_Fast_GET_ITEM(list.ptr(), i), match, value)) return false;
    values.push_back(value);
  }
  return true;
}

template <class T>
bool to_instance(PyObject* object, Attr& attr) {
  T* instance = instance_of<T>(object);
  if (!instance) return false;
  attr = Attr(*instance);
  return true;
}

bool to_slot(PyObject* object, Match match, Attr& attr) {
  if (to_instance<Slot>(object, attr)) return true;
  double value;
  if (!to_real(object, match, value)) return false;
  attr = Attr(Slot(value));
  return true;
}

bool to_text(PyObject* object, Attr& attr) {
  if (!PyUnicode_Check(object)) return false;
  Py_ssize_t length;
  const char* text = PyUnicode_AsUTF8AndSize(object, &length);
  if (!text) throw nb::python_error();
  attr = Attr(std::string_view(text, static_cast<size_t>(length)));
  return true;
}

// A value as the C++ type T, put into an attribute where the conversion takes it.
template <class T, class Convert>
bool put(Attr& attr, Convert convert) {
  T value{};
  if (!convert(value)) return false;
  attr = Attr(value);
  return true;
}

}  // namespace

bool to_attr(PyObject* object, const Argument& argument, Match match, Attr& attr) {
  if (object == Py_None) {
    attr = Attr();
    return argument.optional;
  }
  switch (argument.kind) {
    case ArgKind::real: return put<double>(attr, [&](double& v) { return to_real(object, match, v); });
    case ArgKind::integer:
      return !PyBool_Check(object) &&
             put<int64_t>(attr, [&](int64_t& v) { return to_integer(object, match, v); });
    case ArgKind::boolean:
      return is_bool(object) &&
             put<bool>(attr, [&](bool& v) { return v = PyObject_IsTrue(object) == 1, true; });
    case ArgKind::ints:
      return put<Ints>(attr, [&](Ints& v) { return to_ints(object, match, v, argument.optional_items); });
    case ArgKind::reals: return put<Reals>(attr, [&](Reals& v) { return to_reals(object, match, v); });
    case ArgKind::dtype: return put<DType>(attr, [&](DType& v) { return to_dtype(object, v); });
    case ArgKind::text: return to_text(object, attr);
    case ArgKind::slot: return to_slot(object, match, attr);
    case ArgKind::generator: return to_instance<Generator>(object, attr);
    default: return false;
  }
}

Tensor in_memory_format(const char* op, const Tensor& tensor, nb::handle memory_format) {
  if (memory_format.is_none()) return tensor;
  const char* text = PyUnicode_Check(memory_format.ptr()) ? PyUnicode_AsUTF8(memory_format.ptr()) : "";
  if (!text) throw nb::python_error();  // half a surrogate pair
  const std::string_view word = text;
  if (word == "preserve") return tensor;
  if (word == "contiguous") return contiguous(tensor);
  if (word != "channels_last")
    fail(ErrorKind::value, "[", op,
         "] memory_format is \"preserve\", \"contiguous\" or \"channels_last\", not ",
         nb::cast<std::string>(nb::repr(memory_format)));
  if (tensor.layout().is_channels_last()) return tensor;
  return clone(tensor, {.memory_format = "channels_last"});
}

namespace {

// "add_" is called add in errors.
std::string_view plain_name(std::string_view op) {
  return op.ends_with('_') ? op.substr(0, op.size() - 1) : op;
}

}  // namespace

Error named_error(std::string_view op, const Error& error) {
  std::string_view text = error.what();
  size_t end = text.starts_with('[') ? text.find("] ") : text.npos;
  if (error.kind() == ErrorKind::trace || text.starts_with(join_text(op, "()"))) return error;
  if (end == text.npos) return Error(error.kind(), join_text("[", op, "] ", text));
  std::string_view inner = plain_name(text.substr(1, end - 1));
  if (inner == plain_name(op)) return error;
  return Error(error.kind(), join_text("[", op, "] in ", inner, ": ", text.substr(end + 2)));
}

const char* type_name(PyObject* object) {
  const char* name = Py_TYPE(object)->tp_name;
  const char* dot = std::strrchr(name, '.');
  return dot ? dot + 1 : name;
}

}  // namespace rushlight::python
