// Data in and out of tensors: tensor(), lists, NumPy and DLPack (shared, not copied).
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

#include <cstring>
#include <optional>

#include "arguments.h"
#include "module.h"
#include "operators.h"
#include "rushlight/core/number_fits.h"
#include "rushlight/generated/functions.h"

namespace rushlight::python {

namespace {

// -- memory shared with NumPy and others ----------------------------------------------------------

nb::dlpack::dtype dlpack_type(DType dtype) {
  using Code = nb::dlpack::dtype_code;
  Code code = dtype == DType::boolean    ? Code::Bool
              : dtype == DType::bfloat16 ? Code::Bfloat
              : is_floating(dtype)       ? Code::Float
              : is_signed(dtype)         ? Code::Int
                                         : Code::UInt;
  return {static_cast<uint8_t>(code), static_cast<uint8_t>(size_of(dtype) * 8), 1};
}

std::optional<DType> dtype_from(nb::dlpack::dtype type) {
  for (int i = 0; i < kDTypeCount; ++i) {
    nb::dlpack::dtype known = dlpack_type(static_cast<DType>(i));
    if (known.code == type.code && known.bits == type.bits && type.lanes == 1) return static_cast<DType>(i);
  }
  return {};
}

bool is_read_only(nb::handle array) {
  return nb::hasattr(array, "flags") && nb::hasattr(array, "copy") &&
         nb::hasattr(array.attr("flags"), "writeable") &&
         !nb::cast<bool>(array.attr("flags").attr("writeable"));
}

// A NumPy array with a copy of the values, of NumPy's numbers too, whose own copy() cannot be written either.
nb::object numpy_copy(PyObject* object) {
  return nb::module_::import_("numpy").attr("array")(nb::handle(object));
}

using HostArray = nb::ndarray<nb::device::cpu>;

// An array that a tensor shows. May be dropped on any thread.
struct KeptArray {
  HostArray array;
  static void drop(void* kept) {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    delete static_cast<KeptArray*>(kept);
  }
};

[[noreturn]] void complain_type(nb::handle array) {
  nb::object type = nb::getattr(array, "dtype", nb::str("these"));
  fail(ErrorKind::type, "an array of ", nb::cast<std::string>(nb::str(type)),
       " has no tensor: there are bool, integers and floats to 64 bits; cast it to one of them");
}

// NumPy's arrays that DLPack cannot describe.
void expect_shareable(nb::handle array) {
  nb::object type = array.attr("dtype");
  std::string kind = nb::cast<std::string>(type.attr("kind"));
  auto size = nb::cast<int64_t>(type.attr("itemsize"));
  if (kind.find_first_of("biuf") == kind.npos || size > 8) complain_type(array);
  if (!nb::cast<bool>(type.attr("isnative")))
    fail(ErrorKind::value, "an array of ", nb::cast<std::string>(nb::str(type)),
         " has another byte order than this machine; call astype(dtype.newbyteorder('=')) first");
  for (nb::handle stride : array.attr("strides"))
    if (nb::cast<int64_t>(stride) % size)
      fail(ErrorKind::value, "the strides of the array are no multiples of its element size, ", size,
           " bytes; copy() it first");
}

[[noreturn]] void complain_grad() {
  throw nb::buffer_error("Can't share the memory of a Tensor that requires grad; use its detach()");
}

// Why it is no array whose memory a tensor can show.
[[noreturn]] void complain_array(nb::handle object) {
  if (PyCapsule_CheckExact(object.ptr()))
    fail(ErrorKind::runtime, "the capsule holds no array in host memory, or gave it away: it does so once");
  if (nb::hasattr(object, "__array_interface__")) expect_shareable(object);
  fail(ErrorKind::type, "expected a writable array in host memory (NumPy, or anything with __dlpack__), not ",
       type_name(object.ptr()));
}

bool requires_grad(nb::handle object) {
  return nb::hasattr(object, "requires_grad") &&
         PyObject_IsTrue(nb::object(object.attr("requires_grad")).ptr()) == 1;
}

// A tensor over the array's memory, which it keeps alive. What must not be written is copied.
Tensor share_array(PyObject* object) {
  if (is_read_only(object)) return share_array(numpy_copy(object).ptr());
  if (requires_grad(object)) complain_grad();
  HostArray array;
  if (!nb::try_cast(nb::handle(object), array)) complain_array(object);
  auto dtype = dtype_from(array.dtype());
  if (!dtype) complain_type(object);
  Shape shape(array.shape_ptr(), array.shape_ptr() + array.ndim());
  Layout layout({shape.data(), shape.size()});
  if (array.stride_ptr())
    layout = Layout({shape.data(), shape.size()}, {array.stride_ptr(), array.ndim()}, 0);
  // the storage starts at the lowest element, which negative strides put before the first
  int64_t before = -layout.first_element();
  auto* start = reinterpret_cast<char*>(array.data()) - before * static_cast<int64_t>(size_of(*dtype));
  return from_blob(start, layout.with_offset(before), *dtype, KeptArray::drop, new KeptArray{array});
}

template <class... Framework>
nb::object export_array(const Tensor& tensor, const char* what) {
  tensor.touch_elements(what);
  SmallVector<size_t, 5> shape;
  for (int64_t size : tensor.shape()) shape.push_back(static_cast<size_t>(size));
  nb::object owner = nb::cast(tensor);
  nb::ndarray<Framework...> array(tensor.raw_data(), shape.size(), shape.data(), owner,
                                  tensor.strides().data(), dlpack_type(tensor.dtype()),
                                  nb::device::cpu::value);
  return nb::cast(array, nb::rv_policy::reference);
}

nb::object to_numpy(const Tensor& tensor, bool force) {
  if (!force && tensor.requires_grad())
    fail(
        ErrorKind::runtime,
        "[numpy] Can't share the memory of a Tensor that requires grad. Use tensor.detach().numpy() instead");
  if (tensor.dtype() == DType::bfloat16)
    fail(ErrorKind::type, "[numpy] NumPy has no bfloat16; cast with to(float32) first");
  return export_array<nb::numpy>(tensor.requires_grad() ? tensor.detach() : tensor, "numpy");
}

// copy= of the exchange protocols: True, False (never), None (where it must be).
std::optional<bool> copy_wish(nb::handle copy) {
  if (copy.is_none()) return {};
  int truth = PyObject_IsTrue(copy.ptr());
  if (truth < 0) throw nb::python_error();
  return truth == 1;
}

nb::object to_array(const Tensor& tensor, nb::object dtype, nb::object copy) {
  auto wish = copy_wish(copy);
  nb::object array = to_numpy(tensor, false), wanted = array;
  if (!dtype.is_none()) wanted = array.attr("astype")(dtype, nb::arg("copy") = false);
  if (wish == false && !wanted.is(array))
    fail(ErrorKind::value, "[__array__] ", tensor, " has another dtype than is asked for; it takes a copy");
  return wish == true && wanted.is(array) ? nb::object(array.attr("copy")()) : wanted;
}

void expect_host_of_dlpack(nb::handle device) {
  if (!device.is_none() && !device.equal(nb::make_tuple(nb::device::cpu::value, 0)))
    throw nb::buffer_error("__dlpack__: the tensor is on the host; dl_device must be (1, 0) or None");
}

// max_version is what the caller reads at most: the capsule is of the first version, which all read.
nb::object to_dlpack(const Tensor& tensor, nb::object stream, nb::object, nb::object dl_device,
                     nb::object copy) {
  if (tensor.requires_grad()) complain_grad();
  if (!stream.is_none()) fail(ErrorKind::value, "[__dlpack__] stream must be None on the cpu");
  expect_host_of_dlpack(dl_device);
  return export_array<>(copy_wish(copy) == true ? tensor.clone() : tensor, "__dlpack__");
}

Tensor from_dlpack(nb::object array, nb::object device, nb::object copy) {
  expect_host_device(device.ptr());
  auto wish = copy_wish(copy);
  if (wish == false && is_read_only(array))
    fail(ErrorKind::value, "from_dlpack(): an array that is read-only must be copied; leave out copy=False");
  Tensor tensor = share_array(array.ptr());
  return wish == true ? tensor.clone() : tensor;
}

// -- Python numbers and nested lists --------------------------------------------------------------

bool is_array(PyObject* object) {
  return PyObject_HasAttrString(object, "__array_interface__") ||
         PyObject_HasAttrString(object, "__dlpack__");
}
bool is_list(PyObject* object) {
  return PySequence_Check(object) && !PyUnicode_Check(object) && !PyBytes_Check(object);
}

// Nested sequences, read twice: once for shape and type, once for the values.
class NestedList {
 public:
  explicit NestedList(PyObject* data) {
    for (nb::object at = nb::borrow(data); is_list(at.ptr()) && !is_tensor(at.ptr());) {
      Py_ssize_t length = PySequence_Size(at.ptr());
      if (length < 0) throw nb::python_error();
      shape_.push_back(length);
      if (length == 0) break;
      if (shape_.size() > 64)
        fail(ErrorKind::value, "[tensor] lists nested deeper than 64: is there one that contains itself?");
      at = owned(PySequence_GetItem(at.ptr(), 0));
    }
    depth_ = shape_.size();
    survey(data, 0);
  }

  Tensor make(PyObject* data, std::optional<DType> dtype) {
    Tensor tensor = empty(IntList(shape_), dtype ? *dtype : natural_.value_or(default_dtype()));
    visit(tensor.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      T* at = static_cast<T*>(tensor.raw_data());
      write(data, 0, at);
    });
    return tensor;
  }

 private:
  // Calls f(item) for each item of the sequence at this depth, which must be as long as its siblings.
  template <class F>
  void each(PyObject* list, size_t depth, F f) {
    nb::object items = owned(PySequence_Fast(list, "expected a sequence"));
    Py_ssize_t length = PySequence_Fast_GET_SIZE(items.ptr());
    if (length != shape_[depth])
      fail(ErrorKind::value, "expected sequence of length ", shape_[depth], " at dim ", depth, " (got ",
           length, ")");
    for (Py_ssize_t i = 0; i < length; ++i) f(PySequence_Fast_GET_ITEM(items.ptr(), i));
  }

  void survey(PyObject* data, size_t depth) {
    if (depth < depth_) {
      if (!is_list(data))
        fail(ErrorKind::type, "[tensor] expected a sequence at dim ", depth, ", not ", type_name(data));
      return each(data, depth, [&](PyObject* item) { survey(item, depth + 1); });
    }
    if (PyFloat_CheckExact(data))
      note(default_dtype());
    else if (PyBool_Check(data))
      note(DType::boolean);
    else if (PyLong_Check(data))
      note(DType::int64);
    else
      note(dtype_of_other(data));
  }
  void note(DType dtype) { natural_ = natural_ ? promote_types(*natural_, dtype) : dtype; }
  // NumPy's numbers and tensors of one element say what they are; other floats are as Python's.
  DType dtype_of_other(PyObject* data) {
    Tensor number;
    if (is_list(data) || !to_tensor(data, Match::lenient, number))
      fail(is_list(data) ? ErrorKind::value : ErrorKind::type,
           "[tensor] cannot make a number of an item of type ", type_name(data), " at dim ", depth_);
    if (number.numel() != 1)
      fail(ErrorKind::value, "only one element tensors can be converted to Python scalars, not ", number);
    if (is_tensor(data) || !is_array(data)) return number.dtype();
    if (Py_TYPE(data) != last_type_) {
      last_type_ = Py_TYPE(data);
      last_dtype_ = tensor_from(data, {}).dtype();
    }
    return last_dtype_;
  }

  template <class T>
  void write(PyObject* data, size_t depth, T*& at) {
    if (depth < depth_) return each(data, depth, [&](PyObject* item) { write(item, depth + 1, at); });
    *at++ = number<T>(data);
  }
  template <class T>
  static T number(PyObject* data) {
    if (std::is_same_v<T, uint64_t> && PyLong_CheckExact(data)) return static_cast<T>(unsigned_number(data));
    Tensor number;
    if (PyFloat_CheckExact(data))
      number = PyFloat_AS_DOUBLE(data);
    else
      to_tensor(data, Match::lenient, number);
    if constexpr (std::is_integral_v<T>) expect_number_fits("tensor", as_plain(number), dtype_of<T>);
    return number.item<T>();
  }
  static Tensor as_plain(const Tensor& number) {
    if (number.is_weak()) return number;
    return is_floating(number.dtype()) ? Tensor(number.item<double>()) : Tensor(number.item<int64_t>());
  }
  static uint64_t unsigned_number(PyObject* data) {
    uint64_t value = PyLong_AsUnsignedLongLong(data);
    if (PyErr_Occurred()) throw nb::python_error();
    return value;
  }

  Ints shape_;
  size_t depth_ = 0;
  std::optional<DType> natural_;       // what the numbers' types promote to
  PyTypeObject* last_type_ = nullptr;  // of NumPy's numbers, each type of which is one dtype
  DType last_dtype_{};
};

}  // namespace

Tensor tensor_from(PyObject* data, std::optional<DType> dtype) {
  Tensor source;
  if (is_tensor(data)) {
    to_tensor(data, Match::strict, source);
    source = source.detach();
  } else if (is_array(data)) {
    source = share_array(numpy_copy(data).ptr());
    return dtype && *dtype != source.dtype() ? source.to(*dtype) : source;
  } else {
    return NestedList(data).make(data, dtype);
  }
  return dtype && *dtype != source.dtype() ? source.to(*dtype) : source.clone();
}

namespace {

std::optional<DType> optional_dtype(nb::handle object) {
  DType dtype;
  if (object.is_none()) return {};
  if (!to_dtype(object.ptr(), dtype))
    fail(ErrorKind::type, "argument 'dtype' must be dtype, not ", type_name(object.ptr()));
  return dtype;
}

Tensor make_tensor(nb::object data, nb::object dtype, nb::object device, bool requires_grad, bool) {
  expect_host_device(device.ptr());
  Tensor tensor = tensor_from(data.ptr(), optional_dtype(dtype));
  if (requires_grad) tensor.requires_grad_();
  return tensor;
}

// Without a copy where data is a tensor or an array of this dtype already.
Tensor as_tensor(nb::object data, nb::object dtype, nb::object device) {
  expect_host_device(device.ptr());
  auto wanted = optional_dtype(dtype);
  Tensor tensor;
  if (is_tensor(data.ptr()))
    to_tensor(data.ptr(), Match::strict, tensor);
  else if (is_array(data.ptr()))
    tensor = share_array(data.ptr());
  else
    return tensor_from(data.ptr(), wanted);
  return wanted && *wanted != tensor.dtype() ? tensor.to(*wanted) : tensor;
}

Tensor from_numpy(nb::object array) {
  if (!nb::isinstance(array, nb::module_::import_("numpy").attr("ndarray")))
    fail(ErrorKind::type, "from_numpy(): expected np.ndarray, not ", type_name(array.ptr()),
         "; as_tensor() takes numbers and lists");
  return share_array(array.ptr());
}

nb::bytes to_bytes(const Tensor& tensor) {
  Tensor dense = tensor.detach().contiguous();
  dense.touch_elements("pickle");
  return nb::bytes(static_cast<const char*>(dense.raw_data()), dense.nbytes());
}

Tensor from_bytes(nb::bytes data, nb::object dtype, nb::object shape) {
  Ints sizes;
  if (!to_ints(shape.ptr(), Match::strict, sizes))
    fail(ErrorKind::type, "argument 'shape' must be a tuple of ints");
  Tensor tensor = empty(sizes, optional_dtype(dtype).value_or(default_dtype()));
  if (tensor.nbytes() != data.size()) fail(ErrorKind::value, data.size(), " bytes do not fill ", tensor);
  std::memcpy(tensor.raw_data(), data.data(), data.size());
  return tensor;
}

nb::object to_list(const Tensor& tensor, int dim, int64_t offset) {
  if (dim == tensor.rank()) return owned(item_of(alias(tensor, Layout(IntSpan(), IntSpan(), offset))));
  nb::list list;
  for (int64_t i = 0; i < tensor.layout().size(dim); ++i)
    list.append(to_list(tensor, dim + 1, offset + i * tensor.layout().stride(dim)));
  return list;
}

}  // namespace

void bind_arrays(nb::module_& m) {
  m.def("tensor", make_tensor, nb::arg("data"), nb::kw_only(), nb::arg("dtype") = nb::none(),
        nb::arg("device") = nb::none(), nb::arg("requires_grad") = false, nb::arg("pin_memory") = false,
        "A tensor with a copy of data");
  m.def("as_tensor", as_tensor, nb::arg("data"), nb::arg("dtype") = nb::none(),
        nb::arg("device") = nb::none(), "data as a tensor, sharing its memory where possible");
  m.def("from_numpy", from_numpy, nb::arg("ndarray"), "A tensor over the array's memory");
  m.def("from_dlpack", from_dlpack, nb::arg("ext_tensor"), nb::kw_only(), nb::arg("device") = nb::none(),
        nb::arg("copy") = nb::none(), "A tensor over the memory of another library's array");
  m.def("_tensor_to_bytes", to_bytes, nb::arg("tensor"));
  m.def("_tensor_from_bytes", from_bytes, nb::arg("data"), nb::arg("dtype"), nb::arg("shape"));
  auto tensor = nb::borrow<nb::class_<TensorObject>>(reinterpret_cast<PyObject*>(tensor_type));
  tensor.def("numpy", to_numpy, nb::kw_only(), nb::arg("force") = false, "A NumPy array over the same memory")
      .def("__array__", to_array, nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def("__dlpack__", to_dlpack, nb::kw_only(), nb::arg("stream") = nb::none(),
           nb::arg("max_version") = nb::none(), nb::arg("dl_device") = nb::none(),
           nb::arg("copy") = nb::none())
      .def("__dlpack_device__", [](const Tensor&) { return nb::make_tuple(1, 0); })
      .def(
          "item", [](const Tensor& t) { return owned(item_of(t)); }, "The one element as a Python number")
      .def(
          "tolist", [](const Tensor& t) { return to_list(t, 0, t.storage_offset()); },
          "The elements as nested lists");
}

}  // namespace rushlight::python
