// From Python objects to what an op takes: tensors, numbers, lists of ints, dtypes ...
#pragma once

#include <span>

#include "rushlight/core/attr.h"
#include "rushlight/core/schema.h"
#include "tensor_object.h"

namespace rushlight::python {

// How willing a conversion is. `strict` comes first where a name has several forms: a tensor argument takes
// tensors only and an int no tensor, so that max(x, 1) and max(x, y) find their own form.
enum class Match : uint8_t { strict, lenient };

// Each returns false, with no Python error set, where the object is not of the kind; throws where it is but
// cannot be had (an int beyond 64 bits).
bool to_tensor(PyObject* object, Match match, Tensor& tensor);
bool to_integer(PyObject* object, Match match, int64_t& value);
// 3, (3, 4), [3], Size. optional_items: None among them is kUnsaid.
bool to_ints(PyObject* object, Match match, Ints& values, bool optional_items = false);
bool to_ints(std::span<PyObject* const> objects, Match match, Ints& values, bool optional_items = false);
bool to_dtype(PyObject* object, DType& dtype);  // rushlight.float32, float, int, bool
bool to_attr(PyObject* object, const Argument& argument, Match match, Attr& attr);

// A fresh tensor without history from a tensor, an array, a number or nested lists of those (arrays.cpp).
Tensor tensor_from(PyObject* data, std::optional<DType> dtype);

// The items of a list or tuple of tensors; None stands for an undefined one.
template <class Push>
bool each_tensor(PyObject* object, Match match, Push push) {
  if (!PyList_Check(object) && !PyTuple_Check(object)) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object); ++i) {
    Tensor tensor;
    PyObject* item = PySequence_Fast_GET_ITEM(object, i);
    if (item != Py_None && !to_tensor(item, match, tensor)) return false;
    push(std::move(tensor));
  }
  return true;
}

// Accepts None, "cpu", device("cpu"); complains about others, which this build does not have.
void expect_host_device(PyObject* device);

// The tensor itself where it lies as `memory_format` (None, preserve, contiguous, channels_last) says, else a
// copy.
Tensor in_memory_format(const char* op, const Tensor& tensor, nb::handle memory_format);

// Another shape over the same memory, or over more of it that begins with the same elements.
void resize(const Tensor& tensor, IntSpan sizes, const char* op);

// The error of a call of `op`, as it was called, whichever op inside it failed: "[one_hot] in scatter_value:
// ...".
Error named_error(std::string_view op, const Error& error);

PyObject* dtype_object(DType dtype);   // a new reference to its one object
PyObject* size_object(IntSpan sizes);  // a new Size
// "int", "Tensor", "tuple of ints": how a message calls what was given.
const char* type_name(PyObject* object);

}  // namespace rushlight::python
