// The slots of Python's Tensor type that CPython calls directly: operators, truth, numbers, comparison.
#pragma once

#include <vector>

#include "tensor_object.h"

namespace rushlight::python {

// Ends with the null slot that CPython expects. Operators whose op is not in the list answer NotImplemented.
std::vector<PyType_Slot> tensor_slots();

// x[...], x[...] = y (indexing.cpp).
PyObject* get_item(PyObject* self, PyObject* key);
int set_item(PyObject* self, PyObject* key, PyObject* value);

// The one element as a Python number.
PyObject* item_of(const Tensor& tensor);

}  // namespace rushlight::python
