// The type Tensor: what a tensor is and how it converts. Its operators are in operators.cpp, its ops in
// ops.cpp.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <cstring>

#include "arguments.h"
#include "module.h"
#include "operators.h"
#include "rushlight/generated/functions.h"

namespace rushlight::python {

namespace {

// Tensor(), Tensor(2, 3) and Tensor(data): PyTorch's old constructors. A subclass gets its tensor from
// _make_subclass.
PyObject* new_tensor(PyTypeObject* type, PyObject* args, PyObject*) {
  return guarded([&]() -> PyObject* {
    if (type != tensor_type) return nb::inst_alloc_zero(reinterpret_cast<PyObject*>(type)).release().ptr();
    Ints sizes;
    PyObject* first = PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : nullptr;
    if (first && is_tensor(first)) return wrap(alias(tensor_of(first)));
    if (first && !PyIndex_Check(first)) return wrap(tensor_from(first, default_dtype()));
    if (first && PySequence_Check(first)) return wrap(tensor_from(first, default_dtype()));
    if (!to_ints(args, Match::lenient, sizes)) fail(ErrorKind::type, "Tensor() takes sizes or data");
    if (sizes.empty()) sizes.push_back(0);
    return wrap(empty(sizes, default_dtype()));
  });
}
int init_nothing(PyObject*, PyObject*, PyObject*) { return 0; }

Tensor cast_to(const Tensor& tensor, DType dtype, nb::handle memory_format = nb::none()) {
  return in_memory_format("to", tensor.dtype() == dtype ? tensor : tensor.to(dtype), memory_format);
}

// to(dtype), to(device), to(device, dtype), to(other), each with copy= and memory_format=.
Tensor to_anything(const Tensor& self, nb::args args, nb::kwargs options) {
  DType dtype = self.dtype();
  auto take = [&](nb::handle wanted) {
    DType found;
    if (wanted.is_none()) return;
    if (is_tensor(wanted.ptr()))
      dtype = tensor_of(wanted.ptr()).dtype();
    else if (to_dtype(wanted.ptr(), found))
      dtype = found;
    else if (!PyBool_Check(wanted.ptr()))
      expect_host_device(wanted.ptr());  // a bool is non_blocking
  };
  bool copy = args.size() == 4 || (args.size() == 3 && PyBool_Check(args[1].ptr()));
  if (copy)
    copy = PyObject_IsTrue(args[args.size() - 1].ptr()) == 1;  // to(device, dtype, non_blocking, copy)
  nb::object memory_format = nb::none();
  for (nb::handle arg : args) take(arg);
  for (auto [name, value] : options) {
    std::string keyword = nb::cast<std::string>(name);
    if (keyword == "copy" && PyBool_Check(value.ptr()))
      copy = nb::cast<bool>(value);
    else if (keyword == "copy")
      fail(ErrorKind::type, "to(): argument 'copy' must be bool, not ", type_name(value.ptr()));
    else if (keyword == "dtype" || keyword == "device" || keyword == "other")
      take(value);
    else if (keyword == "memory_format")
      memory_format = nb::borrow(value);
    else if (keyword != "non_blocking")
      fail(ErrorKind::type, "to() got an unexpected keyword argument '", keyword, "'");
  }
  Tensor result = cast_to(self, dtype, memory_format);
  return copy && result.is_same(self) ? self.clone() : result;
}

int dims_of(const Tensor& tensor) { return tensor.rank(); }

nb::object sizes_or_one(IntSpan values, nb::object dim, const char* op, bool as_size) {
  if (!dim.is_none()) {
    int64_t at;
    if (!to_integer(dim.ptr(), Match::lenient, at))
      fail(ErrorKind::type, op, "(): argument 'dim' must be int");
    return nb::int_(values[static_cast<size_t>(wrap_dim(at, static_cast<int>(values.size()), op))]);
  }
  nb::object size = nb::steal(size_object(values));
  return as_size ? size : nb::object(nb::tuple(size));
}

bool is_contiguous(const Tensor& tensor, const std::string& memory_format) {
  if (memory_format == "channels_last") return tensor.layout().is_channels_last();
  if (memory_format != "contiguous")
    fail(ErrorKind::value, "[is_contiguous] memory_format is contiguous or channels_last, not ",
         memory_format);
  return tensor.is_contiguous();
}

// The same bits as elements of another type; wider or narrower ones change the size of the last dimension.
Tensor view_bits(const Tensor& tensor, nb::object object) {
  DType dtype;
  if (!to_dtype(object.ptr(), dtype)) fail(ErrorKind::type, "[view] expected a dtype");
  auto old_size = static_cast<int64_t>(tensor.element_size()),
       new_size = static_cast<int64_t>(size_of(dtype));
  Ints shape(tensor.shape().begin(), tensor.shape().end());
  Ints strides(tensor.strides().begin(), tensor.strides().end());
  int64_t offset = tensor.storage_offset() * old_size;
  if (old_size != new_size) {
    if (shape.empty() || (strides.back() != 1 && shape.back() != 1))
      fail(ErrorKind::runtime, "[view] ", tensor, " cannot be seen as ", dtype,
           ": elements of another size need a last dimension that is contiguous");
    shape.back() = shape.back() * old_size / new_size;
    bool even = (tensor.size(-1) * old_size) % new_size == 0 && offset % new_size == 0;
    for (size_t d = 0; d + 1 < strides.size(); ++d) {
      even &= strides[d] * old_size % new_size == 0;
      strides[d] = strides[d] * old_size / new_size;
    }
    if (!even)
      fail(ErrorKind::runtime, "[view] ", tensor, " cannot be seen as ", dtype,
           ": its rows or their starts are no multiple of ", new_size, " bytes");
    strides.back() = 1;
  }
  Tensor bits = alias(tensor);
  bits.impl()->dtype = dtype;
  bits.impl()->layout =
      Layout({shape.data(), shape.size()}, {strides.data(), strides.size()}, offset / new_size);
  return bits;
}

Tensor reversed_dims(const Tensor& tensor) {
  IntList dims;
  for (int d = tensor.rank(); d-- > 0;) dims.push_back(d);
  return tensor.permute(dims);
}

Tensor matrix_transposed(const Tensor& tensor) {
  if (tensor.rank() < 2)
    fail(ErrorKind::runtime, "tensor.mT is only supported on matrices or batches of matrices. Got ",
         tensor.rank(), "-D tensor");
  return tensor.transpose(-2, -1);
}

// resize_(2, 3), resize_((2, 3)), resize_(size=(2, 3))
Tensor resize_as_called(const Tensor& tensor, nb::args size, nb::kwargs options) {
  nb::object list =
      size.size() == 1 && PySequence_Check(nb::object(size[0]).ptr()) ? nb::object(size[0]) : size;
  for (auto [name, value] : options)
    if (nb::cast<std::string>(name) == "size" && size.size() == 0)
      list = nb::borrow(value);
    else
      fail(ErrorKind::type, "resize_() got an unexpected keyword argument '", nb::cast<std::string>(name),
           "'");
  if (size.size() == 0 && options.size() == 0)
    fail(ErrorKind::type, "resize_() missing 1 required argument: 'size'");
  Ints shape;
  if (!to_ints(list.ptr(), Match::lenient, shape))
    fail(ErrorKind::type, "resize_(): argument 'size' must be ints or a tuple of ints");
  resize(tensor, {shape.data(), shape.size()}, "resize_");
  return tensor;
}

PyObject* iterate(PyObject* self) {
  return guarded([&] {
    const Tensor& tensor = tensor_of(self);
    if (tensor.rank() == 0) fail(ErrorKind::type, "iteration over a 0-d tensor");
    nb::list rows;
    for (int64_t i = 0; i < tensor.size(0); ++i) rows.append(tensor.select(0, i));
    return PyObject_GetIter(rows.ptr());
  });
}

void bind_facts(nb::class_<TensorObject>& tensor) {
  tensor.def_prop_ro("shape", [](const Tensor& t) { return nb::steal(size_object(t.shape())); })
      .def(
          "size", [](const Tensor& t, nb::object dim) { return sizes_or_one(t.shape(), dim, "size", true); },
          nb::arg("dim") = nb::none())
      .def(
          "stride",
          [](const Tensor& t, nb::object dim) { return sizes_or_one(t.strides(), dim, "stride", false); },
          nb::arg("dim") = nb::none())
      .def("dim", &dims_of)
      .def("ndimension", &dims_of)
      .def_prop_ro("ndim", &dims_of)
      .def("numel", [](const Tensor& t) { return t.numel(); })
      .def("nelement", [](const Tensor& t) { return t.numel(); })
      .def_prop_ro("dtype", [](const Tensor& t) { return nb::steal(dtype_object(t.dtype())); })
      .def_prop_ro("device", [](const Tensor& t) { return t.device(); })
      .def_prop_ro("itemsize", [](const Tensor& t) { return t.element_size(); })
      .def_prop_ro("nbytes", [](const Tensor& t) { return t.nbytes(); })
      .def("element_size", [](const Tensor& t) { return t.element_size(); })
      .def("data_ptr",
           [](const Tensor& t) {
             t.touch_elements("data_ptr");
             return reinterpret_cast<uintptr_t>(t.raw_data());
           })
      .def("storage_offset", [](const Tensor& t) { return t.storage_offset(); })
      .def("is_contiguous", is_contiguous, nb::arg("memory_format") = "contiguous")
      .def("is_floating_point", [](const Tensor& t) { return t.is_floating_point(); })
      .def("is_complex", [](const Tensor&) { return false; })
      .def("resize_", resize_as_called)
      .def("is_signed", [](const Tensor& t) { return is_signed(t.dtype()); })
      .def("get_device",
           [](const Tensor& t) { return t.device().type == DeviceType::cpu ? -1 : t.device().index; })
      .def(
          "is_set_to",
          [](const Tensor& a, const Tensor& b) { return a.shares_storage(b) && a.layout() == b.layout(); },
          nb::arg("tensor"))
      .def_prop_ro("is_cuda", [](const Tensor& t) { return t.device().type == DeviceType::cuda; })
      .def_prop_ro("_version", [](const Tensor& t) { return t.version(); })
      .def_prop_ro("T", reversed_dims)
      .def_prop_ro("mT", matrix_transposed);
  tensor.def("_shares_memory", [](const Tensor& a, const Tensor& b) { return a.shares_storage(b); })
      .def("_storage_bytes", [](const Tensor& t) { return t.storage()->bytes(); })
      .def("_storage_address",
           [](const Tensor& t) {
             t.touch_elements("data_ptr");
             return reinterpret_cast<uintptr_t>(t.storage()->data());
           })
      // Tells storages apart; no way to their elements.
      .def("_storage_id", [](const Tensor& t) { return reinterpret_cast<uintptr_t>(t.storage().get()); })
      .def("_view_bits", view_bits, nb::arg("dtype"));
}

void bind_conversions(nb::class_<TensorObject>& tensor) {
  tensor.def("to", to_anything)
      .def(
          "type_as", [](const Tensor& a, const Tensor& b) { return cast_to(a, b.dtype()); }, nb::arg("other"))
      .def(
          "cpu", [](const Tensor& t, nb::object format) { return in_memory_format("cpu", t, format); },
          nb::arg("memory_format") = nb::none());
  constexpr std::pair<const char*, DType> casts[] = {{"float", DType::float32}, {"double", DType::float64},
                                                     {"half", DType::float16},  {"bfloat16", DType::bfloat16},
                                                     {"long", DType::int64},    {"int", DType::int32},
                                                     {"short", DType::int16},   {"char", DType::int8},
                                                     {"byte", DType::uint8},    {"bool", DType::boolean}};
  for (auto [name, dtype] : casts)
    tensor.def(
        name, [dtype = dtype](const Tensor& t, nb::object format) { return cast_to(t, dtype, format); },
        nb::arg("memory_format") = nb::none());
}

}  // namespace

void resize(const Tensor& tensor, IntSpan sizes, const char* op) {
  if (tensor.requires_grad())
    fail(ErrorKind::runtime, "[", op, "] cannot resize a tensor that requires grad; resize its detach()");
  int64_t wanted = checked_numel(sizes, op), offset = tensor.storage_offset();
  int64_t there = static_cast<int64_t>(tensor.storage()->bytes() / tensor.element_size()) - offset;
  if (there >= wanted) {
    tensor.set_data(alias(tensor, Layout(sizes).with_offset(offset)));
  } else {
    Tensor grown = zeros(wanted, {.dtype = tensor.dtype()});
    narrow(grown, 0, 0, there).copy_(alias(tensor, Layout(IntSpan(&there, 1)).with_offset(offset)));
    tensor.set_data(view(grown, sizes));
  }
  tensor.storage()->bump_version(static_cast<uint16_t>(OpId::as_strided));  // for what saved it
}

void bind_tensor(nb::module_& m) {
  std::vector<PyType_Slot> slots = tensor_slots();
  slots.insert(slots.begin(), {{Py_tp_new, reinterpret_cast<void*>(new_tensor)},
                               {Py_tp_init, reinterpret_cast<void*>(init_nothing)},
                               {Py_tp_iter, reinterpret_cast<void*>(iterate)}});
  nb::class_<TensorObject> tensor(m, "Tensor", nb::type_slots(slots.data()), nb::dynamic_attr(),
                                  nb::is_weak_referenceable(), nb::pooled(256),
                                  "An array of numbers that can be differentiated");
  tensor_type = reinterpret_cast<PyTypeObject*>(tensor.ptr());
  tensor.attr("__array_priority__") = 1000;  // NumPy's operators step back
  bind_facts(tensor);
  bind_conversions(tensor);
  tensor.def_static(
      "_make_subclass",
      [](nb::handle type, const Tensor& data, bool requires_grad) {
        if (!PyType_Check(type.ptr()) ||
            !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type.ptr()), tensor_type))
          fail(ErrorKind::type, "[_make_subclass] expected a subclass of Tensor");
        Tensor fresh = alias(data);
        if (requires_grad) fresh.requires_grad_();
        return nb::steal(wrap_as(reinterpret_cast<PyTypeObject*>(type.ptr()), fresh));
      },
      nb::arg("cls"), nb::arg("data"), nb::arg("requires_grad") = false);
}

}  // namespace rushlight::python
