// x[...] and x[...] = y: Python's index objects become IndexItems.
#include "rushlight/ops/indexing.h"

#include "arguments.h"
#include "operators.h"
#include "rushlight/generated/functions.h"

namespace rushlight::python {

namespace {

std::optional<int64_t> bound_of(PyObject* object) {
  if (object == Py_None) return {};
  int64_t value;
  if (!to_integer(object, Match::lenient, value))
    fail(ErrorKind::type, "slice indices must be integers or None or have an __index__ method, not ",
         type_name(object));
  return value;
}

Slice slice_of(PyObject* object) {
  auto* slice = reinterpret_cast<PySliceObject*>(object);
  std::optional<int64_t> step = bound_of(slice->step);
  if (step == 0) fail(ErrorKind::value, "slice step cannot be zero");
  return Slice(bound_of(slice->start), bound_of(slice->stop), step.value_or(1));
}

bool is_integer_scalar(const Tensor& tensor) { return tensor.rank() == 0 && is_integral(tensor.dtype()); }

IndexItem item_from(PyObject* object) {
  if (object == Py_None) return None;
  if (object == Py_Ellipsis) return Ellipsis;
  if (PyBool_Check(object)) return object == Py_True;
  if (PySlice_Check(object)) return slice_of(object);
  if (is_tensor(object)) {
    const Tensor& tensor = tensor_of(object);
    return is_integer_scalar(tensor) ? IndexItem(tensor.item<int64_t>()) : IndexItem(tensor);
  }
  int64_t at;
  if (to_integer(object, Match::lenient, at)) return at;
  if (PySequence_Check(object) && !PyUnicode_Check(object)) {
    Tensor tensor = tensor_from(object, {});
    return tensor.numel() ? tensor : tensor.to(DType::int64);  // x[[]]: no floats meant
  }
  fail(ErrorKind::index,
       "only integers, slices (`:`), ellipsis (`...`), None and long or bool Tensors are valid indices (got ",
       type_name(object), ")");
}

// A list that holds what only a tuple of indices can: x[[[0, 1], [1, 0]]] is x[[0, 1], [1, 0]], as in
// PyTorch.
bool stands_for_tuple(PyObject* key) {
  constexpr Py_ssize_t kMost = 32;
  if (PyTuple_Check(key)) return true;
  if (!PyList_Check(key) || PyList_GET_SIZE(key) >= kMost) return false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(key); ++i) {
    PyObject* item = PyList_GET_ITEM(key, i);
    bool is_index = is_tensor(item) || PySequence_Check(item) || PySlice_Check(item);
    if (is_index || item == Py_Ellipsis || item == Py_None) return true;
  }
  return false;
}

std::vector<IndexItem> items_from(PyObject* key) {
  std::vector<IndexItem> items;
  if (!stands_for_tuple(key)) return {item_from(key)};
  nb::object tuple = owned(PySequence_Tuple(key));
  for (nb::handle item : tuple) items.push_back(item_from(item.ptr()));
  return items;
}

}  // namespace

PyObject* get_item(PyObject* self, PyObject* key) {
  return guarded([&] {
    const Tensor tensor = tensor_of(self);
    return wrap(tensor.index_by(items_from(key)));
  });
}

int set_item(PyObject* self, PyObject* key, PyObject* value) {
  return guarded(
      [&] {
        if (!value) fail(ErrorKind::type, "elements of a Tensor cannot be deleted");
        const Tensor tensor = tensor_of(self);
        Tensor values;
        if (!to_tensor(value, Match::lenient, values)) values = tensor_from(value, tensor.dtype());
        tensor.set_by(items_from(key), values);
        return 0;
      },
      -1);
}

}  // namespace rushlight::python
