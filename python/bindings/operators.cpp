#include "operators.h"

#include <array>
#include <utility>

#include "arguments.h"
#include "rushlight/engine/apply.h"
#include "rushlight/generated/call_op.h"

namespace rushlight::python {

namespace {

struct Operator {
  const char* op;
  int slot;
  int in_place_slot;  // 0: none
  PyObject* (*of_arrays)(PyObject*, PyObject*) = nullptr;
};
constexpr Operator kBinary[] = {
    {"add", Py_nb_add, Py_nb_inplace_add, PyNumber_Add},
    {"sub", Py_nb_subtract, Py_nb_inplace_subtract, PyNumber_Subtract},
    {"mul", Py_nb_multiply, Py_nb_inplace_multiply, PyNumber_Multiply},
    {"div", Py_nb_true_divide, Py_nb_inplace_true_divide, PyNumber_TrueDivide},
    {"floor_divide", Py_nb_floor_divide, Py_nb_inplace_floor_divide, PyNumber_FloorDivide},
    {"remainder", Py_nb_remainder, Py_nb_inplace_remainder, PyNumber_Remainder},
    {"matmul", Py_nb_matrix_multiply, 0, PyNumber_MatrixMultiply},
    {"bitwise_and", Py_nb_and, Py_nb_inplace_and, PyNumber_And},
    {"bitwise_or", Py_nb_or, Py_nb_inplace_or, PyNumber_Or},
    {"bitwise_xor", Py_nb_xor, Py_nb_inplace_xor, PyNumber_Xor},
    {"bitwise_left_shift", Py_nb_lshift, Py_nb_inplace_lshift, PyNumber_Lshift},
    {"bitwise_right_shift", Py_nb_rshift, Py_nb_inplace_rshift, PyNumber_Rshift},
};
constexpr size_t kBinaryCount = std::size(kBinary);
constexpr Operator kUnary[] = {{"neg", Py_nb_negative, 0},
                               {"abs", Py_nb_absolute, 0},
                               {"bitwise_not", Py_nb_invert, 0},
                               {"positive", Py_nb_positive, 0}};
constexpr size_t kUnaryCount = std::size(kUnary);
constexpr const char* kComparisons[] = {"lt", "le", "eq", "ne", "gt", "ge"};  // Python's order: Py_LT ...

// Which op of the list an operator calls, found once by name; none: the list has no such op (yet).
struct Target {
  const char* name = "";
  OpId id{};
  bool exists = false, in_place = false;
};
Target find_target(const char* name, int operands) {
  for (int i = 0; i < op_count(); ++i) {
    const Schema& schema = schema_of(static_cast<OpId>(i));
    if (schema.name != name || schema.tensor_count() != operands || schema.attr_count()) continue;
    return {name, schema.id, true, schema.arguments[0].in_place && schema.kind != OpKind::function};
  }
  return {};
}

std::array<Target, kBinaryCount> binary_targets;
std::array<Target, kUnaryCount> unary_targets;
std::array<Target, 6> comparison_targets;
Target pow_target;

// NumPy steps back where the other operand is a tensor (__array_priority__), so its operators are called from
// here. PyNumber_... or PyObject_RichCompare; what they make of arrays becomes a tensor again.
template <class F>
PyObject* by_numpy(PyObject* a, PyObject* b, F compute) {
  auto plain = [](PyObject* object) {
    return is_tensor(object) ? nb::object(nb::handle(object).attr("numpy")()) : nb::borrow(object);
  };
  return wrap(tensor_from(owned(compute(plain(a).ptr(), plain(b).ptr())).ptr(), {}));
}

bool is_numpy_array(PyObject* object) {
  return PyObject_CheckBuffer(object) && PyObject_HasAttrString(object, "__array_interface__");
}

constexpr size_t kLongWork = 64 * 1024;  // bytes of both operands; the result is about as many again

// A Tensor, or a number put into `number`; null: neither.
const Tensor* operand(PyObject* object, Tensor& number) {
  if (is_tensor(object)) return &tensor_of(object);
  return to_tensor(object, Match::lenient, number) ? &number : nullptr;
}

// What an operator does, under the name of its op where it fails.
template <class F>
PyObject* named(const char* op, F&& f) {
  return guarded([&] {
    try {
      return f();
    } catch (const Error& error) {
      throw named_error(op, error);
    }
  });
}

template <class F>
PyObject* call_binary(Target target, PyObject* a, PyObject* b, F of_arrays) {
  return named(target.name, [&]() -> PyObject* {
    Tensor number;
    const Tensor* left = operand(a, number);
    const Tensor* right = operand(b, number);
    if ((!left && is_numpy_array(a)) || (!right && is_numpy_array(b))) return by_numpy(a, b, of_arrays);
    if (!target.exists || !left || !right) Py_RETURN_NOTIMPLEMENTED;
    const Tensor* const inputs[] = {left, right};
    Results results;
    {
      ReleaseGil release(left->nbytes() + right->nbytes() > kLongWork);
      results = call_op(target.id, {inputs, 2}, {});
    }
    return wrap(std::move(results[0]));
  });
}

template <size_t I>
PyObject* binary(PyObject* a, PyObject* b) {
  return call_binary(binary_targets[I], a, b, kBinary[I].of_arrays);
}

PyObject* call_in_place(Target target, PyObject* self, PyObject* other) {
  return named(target.name, [&]() -> PyObject* {
    Tensor number;
    const Tensor* right = operand(other, number);
    if (!target.in_place || !right) Py_RETURN_NOTIMPLEMENTED;
    const Tensor* const inputs[] = {operand(self, number), right};
    {
      ReleaseGil release(inputs[0]->nbytes() + right->nbytes() > kLongWork);
      apply_in_place(target.id, {inputs, 2}, {});
    }
    return Py_NewRef(self);
  });
}

template <size_t I>
PyObject* in_place(PyObject* self, PyObject* other) {
  return call_in_place(binary_targets[I], self, other);
}

PyObject* power(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return call_binary(pow_target, a, b,
                     [](PyObject* x, PyObject* y) { return PyNumber_Power(x, y, Py_None); });
}
PyObject* power_in_place(PyObject* self, PyObject* other, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return call_in_place(pow_target, self, other);
}

template <size_t I>
PyObject* unary(PyObject* self) {
  return guarded([&]() -> PyObject* {
    if (!unary_targets[I].exists)
      fail(ErrorKind::not_implemented, "[", kUnary[I].op, "] is not in this build's op list");
    Tensor none;
    const Tensor* const inputs[] = {operand(self, none)};
    return wrap(std::move(call_op(unary_targets[I].id, {inputs, 1}, {})[0]));
  });
}

PyObject* compare(PyObject* a, PyObject* b, int how) {
  return call_binary(comparison_targets[static_cast<size_t>(how)], a, b,
                     [how](PyObject* x, PyObject* y) { return PyObject_RichCompare(x, y, how); });
}

// -- one element as a number ----------------------------------------------------------------------

int truth(PyObject* self) {
  return guarded(
      [&] {
        const Tensor& tensor = tensor_of(self);
        if (tensor.numel() != 1)
          fail(ErrorKind::runtime, "Boolean value of Tensor with ",
               tensor.numel() ? "more than one value" : "no values",
               " is ambiguous; use any() or all(), or compare elementwise");
        return static_cast<int>(tensor.item<double>() != 0);
      },
      -1);
}

nb::object one_element(PyObject* self) {
  const Tensor& tensor = tensor_of(self);
  if (tensor.numel() != 1)
    fail(ErrorKind::value, "only one element tensors can be converted to Python scalars, not ", tensor);
  return owned(item_of(tensor));
}
PyObject* as_int(PyObject* self) {
  return guarded([&] { return PyNumber_Long(one_element(self).ptr()); });
}
PyObject* as_float(PyObject* self) {
  return guarded([&] { return PyNumber_Float(one_element(self).ptr()); });
}
PyObject* as_index(PyObject* self) {
  return guarded([&] {
    const Tensor& tensor = tensor_of(self);
    if (is_floating(tensor.dtype()) || tensor.numel() != 1)
      fail(ErrorKind::type, "only integer tensors of a single element can be converted to an index, not ",
           tensor);
    return PyNumber_Index(owned(item_of(tensor)).ptr());
  });
}

Py_ssize_t length(PyObject* self) {
  return guarded(
      [&] {
        const Tensor& tensor = tensor_of(self);
        if (tensor.rank() == 0) fail(ErrorKind::type, "len() of a 0-d tensor");
        return static_cast<Py_ssize_t>(tensor.size(0));
      },
      -1);
}

Py_hash_t hash(PyObject* self) { return static_cast<Py_hash_t>(reinterpret_cast<uintptr_t>(self) >> 4); }

template <class F>
void* raw(F* function) {
  return reinterpret_cast<void*>(function);
}

template <size_t... I>
void add_binary(std::vector<PyType_Slot>& slots, std::index_sequence<I...>) {
  ((binary_targets[I] = find_target(kBinary[I].op, 2), slots.push_back({kBinary[I].slot, raw(binary<I>)})),
   ...);
  ((kBinary[I].in_place_slot ? slots.push_back({kBinary[I].in_place_slot, raw(in_place<I>)}) : void()), ...);
}
template <size_t... I>
void add_unary(std::vector<PyType_Slot>& slots, std::index_sequence<I...>) {
  ((unary_targets[I] = find_target(kUnary[I].op, 1), slots.push_back({kUnary[I].slot, raw(unary<I>)})), ...);
}

}  // namespace

std::vector<PyType_Slot> tensor_slots() {
  std::vector<PyType_Slot> slots;
  add_binary(slots, std::make_index_sequence<kBinaryCount>());
  add_unary(slots, std::make_index_sequence<kUnaryCount>());
  for (size_t i = 0; i < 6; ++i) comparison_targets[i] = find_target(kComparisons[i], 2);
  pow_target = find_target("pow", 2);
  slots.insert(slots.end(), {{Py_nb_power, raw(power)},
                             {Py_nb_inplace_power, raw(power_in_place)},
                             {Py_tp_richcompare, raw(compare)},
                             {Py_tp_hash, raw(hash)},
                             {Py_nb_bool, raw(truth)},
                             {Py_nb_int, raw(as_int)},
                             {Py_nb_float, raw(as_float)},
                             {Py_nb_index, raw(as_index)},
                             {Py_mp_length, raw(length)},
                             {Py_mp_subscript, raw(get_item)},
                             {Py_mp_ass_subscript, raw(set_item)},
                             {0, nullptr}});
  return slots;
}

PyObject* item_of(const Tensor& tensor) {
  if (tensor.dtype() == DType::boolean) return PyBool_FromLong(tensor.item<bool>());
  if (tensor.dtype() == DType::uint64) return PyLong_FromUnsignedLongLong(tensor.item<uint64_t>());
  if (is_integral(tensor.dtype())) return PyLong_FromLongLong(tensor.item<int64_t>());
  return PyFloat_FromDouble(tensor.item<double>());
}

}  // namespace rushlight::python
