// Every op of the list as function of the module and method of Tensor: one callable type, driven by the
// schemas.
#include <nanobind/stl/string.h>
#include <structmember.h>

#include <map>

#include "module.h"
#include "rushlight/engine/apply.h"
#include "rushlight/generated/call_op.h"
#include "signature.h"

namespace rushlight::python {

namespace {

// Work by bytes touched: about what 20 µs are good for.
constexpr size_t kLongWork = 128 * 1024;

struct OpCallable {
  PyObject_HEAD vectorcallfunc call;
  PyObject* name;
  Form form;
  std::vector<Signature>* signatures;  // never freed: as old as the module
};

bool is_long(const OpArguments& arguments) {
  size_t bytes = 0;
  for (const Tensor& tensor : arguments.tensors)
    if (tensor.defined()) bytes += tensor.nbytes();
  for (const Attr& attr : arguments.attrs) {
    if (attr.kind() != Attr::Kind::ints) continue;
    uint64_t elements = 1;
    for (int64_t size : attr.as_ints()) elements *= static_cast<uint64_t>(size);
    bytes += elements * 4;
  }
  return bytes > kLongWork;
}

// PyTorch's named tuple for an op of several results: torch.max's values and indices.
PyTypeObject* result_type(const Schema& schema) {
  static std::map<OpId, PyTypeObject*> types;
  PyTypeObject*& type = types[schema.id];
  if (type) return type;
  std::vector<PyStructSequence_Field> fields;
  for (const std::string& name : schema.outputs) fields.push_back({name.c_str(), nullptr});
  fields.push_back({nullptr, nullptr});
  static std::map<OpId, std::string> names;
  names[schema.id] = "rushlight.return_types." + schema.name;
  PyStructSequence_Desc description{names[schema.id].c_str(), schema.doc.c_str(), fields.data(),
                                    static_cast<int>(schema.outputs.size())};
  type = PyStructSequence_NewType(&description);
  return reinterpret_cast<PyTypeObject*>(checked(reinterpret_cast<PyObject*>(type)));
}

bool is_asked_for(const Schema& schema, Attrs attrs, size_t output) {
  int attr = schema.asking_attr(output);
  return attr < 0 || attrs[static_cast<size_t>(attr)].as_bool();
}

// Results that come only where a flag asks for them (unique's inverse): a plain tuple, or the one there is.
PyObject* pack_asked_for(const Schema& schema, Attrs attrs, Results results) {
  nb::list given;
  for (size_t i = 0; i < results.size(); ++i)
    if (is_asked_for(schema, attrs, i)) given.append(nb::steal(wrap(std::move(results[i]))));
  return (given.size() == 1 ? nb::object(given[0]) : nb::object(nb::tuple(given))).release().ptr();
}

PyObject* pack(const Schema& schema, Attrs attrs, Results results) {
  if (schema.returns_bool) return PyBool_FromLong(results[0].item<bool>());
  if (schema.outputs.empty()) return wrap(std::move(results[0]));
  bool is_list = schema.outputs.size() == 1;
  if (is_list && !is_asked_for(schema, attrs, 0)) return wrap(std::move(results[0]));
  if (!is_list && !schema.asked_by.back().empty()) return pack_asked_for(schema, attrs, std::move(results));
  nb::object tuple = owned(is_list ? PyTuple_New(static_cast<Py_ssize_t>(results.size()))
                                   : PyStructSequence_New(result_type(schema)));
  for (size_t i = 0; i < results.size(); ++i)
    PyTuple_SET_ITEM(tuple.ptr(), static_cast<Py_ssize_t>(i), wrap(std::move(results[i])));
  return tuple.release().ptr();
}

// out= is written and returned; unlike PyTorch's, it must have the result's shape.
PyObject* call_out(const Schema& schema, Inputs in, Attrs attrs, PyObject* out, bool long_work) {
  if (!is_tensor(out))
    fail(ErrorKind::type, schema.name, "(): argument 'out' must be Tensor, not ", type_name(out));
  {
    ReleaseGil release(long_work);
    apply_out(schema.id, in, attrs, tensor_of(out));
  }
  return Py_NewRef(out);
}

PyObject* run(const Signature& signature, const OpArguments& arguments, const Passed& passed, Form form,
              PyObject* self) {
  const Schema& schema = signature.schema();
  SmallVector<const Tensor*, 8> pointers;
  for (const Tensor& tensor : arguments.tensors) pointers.push_back(&tensor);
  Inputs in(pointers.data(), pointers.size());
  Attrs attrs(arguments.attrs.data(), arguments.attrs.size());
  bool long_work = is_long(arguments);
  if (passed.device) expect_host_device(passed.device);
  if (passed.out && passed.out != Py_None) return call_out(schema, in, attrs, passed.out, long_work);
  if (form == Form::in_place || schema.only_in_place) {
    {
      ReleaseGil release(long_work);
      if (schema.kind == OpKind::function) {
        Tensor old = old_value(tensor_of(self));
        for (const Tensor*& input : pointers)
          if (input->is_same(tensor_of(self))) input = &old;
        write_over(schema.id, tensor_of(self), call_op(schema.id, in, attrs)[0]);
      } else {
        apply_in_place(schema.id, in, attrs);
      }
    }
    return Py_NewRef(schema.only_in_place ? Py_None : self);
  }
  Results results;
  {
    ReleaseGil release(long_work);
    results = call_op(schema.id, in, attrs);
  }
  if (passed.requires_grad && PyObject_IsTrue(passed.requires_grad)) results[0].requires_grad_();
  return pack(schema, attrs, std::move(results));
}

[[noreturn]] void complain(const OpCallable& op, const std::vector<std::string>& reasons) {
  std::string text = join_text(PyUnicode_AsUTF8(op.name), "()");
  if (reasons.size() == 1) fail(ErrorKind::type, text, ": ", reasons[0]);
  text += ": no form of it takes these arguments";
  for (size_t i = 0; i < reasons.size(); ++i)
    text += join_text("\n  ", (*op.signatures)[i].text(), ": ", reasons[i]);
  fail(ErrorKind::type, text);
}

PyObject* call(const OpCallable& op, PyObject* const* args, size_t count, PyObject* names) {
  std::vector<std::string> reasons;
  if (op.form != Form::function && count == 0)
    fail(ErrorKind::type, PyUnicode_AsUTF8(op.name), "() needs a Tensor to be called on");
  bool one_form = op.signatures->size() == 1;
  for (Match match : {Match::strict, Match::lenient}) {
    if (one_form && match == Match::strict) continue;
    for (const Signature& signature : *op.signatures) {
      Passed passed;
      OpArguments arguments;
      std::string why;
      std::string* ask = match == Match::lenient ? &why : nullptr;
      if (signature.accept(args, count, names, passed, ask) &&
          signature.convert(passed, match, arguments, ask))
        return run(signature, arguments, passed, op.form, count ? args[0] : nullptr);
      if (ask) reasons.push_back(why);
    }
  }
  complain(op, reasons);
}

PyObject* vectorcall(PyObject* self, PyObject* const* args, size_t count, PyObject* names) {
  return guarded([&] {
    return call(*reinterpret_cast<OpCallable*>(self), args, static_cast<size_t>(PyVectorcall_NARGS(count)),
                names);
  });
}

// -- the callable's type --------------------------------------------------------------------------

const OpCallable& callable(PyObject* self) { return *reinterpret_cast<OpCallable*>(self); }

PyObject* bind_to_object(PyObject* self, PyObject* object, PyObject*) {
  return object && object != Py_None ? PyMethod_New(self, object) : Py_NewRef(self);
}
PyObject* repr(PyObject* self) {
  return PyUnicode_FromFormat("<rushlight %s %U>",
                              callable(self).form == Form::function ? "function" : "method",
                              callable(self).name);
}
// Pickled and copied by name.
PyObject* reduce(PyObject* self, PyObject*) {
  if (callable(self).form == Form::function) return Py_NewRef(callable(self).name);
  return Py_BuildValue("O(OO)", PyDict_GetItemString(PyEval_GetBuiltins(), "getattr"), tensor_type,
                       callable(self).name);
}
PyObject* get_name(PyObject* self, void*) { return Py_NewRef(callable(self).name); }
PyObject* get_module(PyObject*, void*) { return PyUnicode_FromString("rushlight._C"); }

const std::string& doc_of(const Signature& signature) { return signature.schema().doc; }

PyObject* get_doc(PyObject* self, void*) {
  std::string text;
  const char* name = PyUnicode_AsUTF8(callable(self).name);
  for (const Signature& signature : *callable(self).signatures)
    text += join_text(text.empty() ? "" : "\n\n", name, signature.stub(), "\n\n", doc_of(signature));
  return PyUnicode_FromString(text.c_str());
}

// What nanobind's stub generator writes for this object.
PyObject* get_stub(PyObject* self, void*) {
  std::string text;
  const auto& signatures = *callable(self).signatures;
  for (const Signature& signature : signatures) {
    if (signatures.size() > 1) text += "@overload\n";
    text += join_text("def ", PyUnicode_AsUTF8(callable(self).name), signature.stub(), ":\n    \"\"\"",
                      doc_of(signature), "\"\"\"\n");
  }
  return PyUnicode_FromString(text.c_str());
}

PyGetSetDef getset[] = {{"__name__", get_name, nullptr, nullptr, nullptr},
                        {"__qualname__", get_name, nullptr, nullptr, nullptr},
                        {"__module__", get_module, nullptr, nullptr, nullptr},
                        {"__doc__", get_doc, nullptr, nullptr, nullptr},
                        {"__nb_signature__", get_stub, nullptr, nullptr, nullptr},
                        {}};
PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr}, {}};
PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(OpCallable, call), READONLY, nullptr},
                         {}};

PyTypeObject* callable_type(bool method) {
  PyType_Slot slots[] = {{Py_tp_getset, getset},
                         {Py_tp_methods, methods},
                         {Py_tp_members, members},
                         {Py_tp_repr, reinterpret_cast<void*>(repr)},
                         {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                         {method ? Py_tp_descr_get : 0, reinterpret_cast<void*>(bind_to_object)},
                         {0, nullptr}};
  unsigned flags =
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | (method ? Py_TPFLAGS_METHOD_DESCRIPTOR : 0u);
  PyType_Spec spec{method ? "rushlight._C.op_method" : "rushlight._C.op_function", sizeof(OpCallable), 0,
                   flags, slots};
  return reinterpret_cast<PyTypeObject*>(checked(PyType_FromSpec(&spec)));
}

nb::object make_callable(PyTypeObject* type, const std::string& name, Form form,
                         std::vector<Signature> signatures) {
  auto* op = PyObject_New(OpCallable, type);
  if (!op) throw nb::python_error();
  op->call = vectorcall;
  op->name = PyUnicode_InternFromString(name.c_str());
  op->form = form;
  op->signatures = new std::vector<Signature>(std::move(signatures));
  return nb::steal<nb::object>(reinterpret_cast<PyObject*>(op));
}

bool writes_in_place(const Schema& schema) {
  const Argument* receiver = receiver_of(schema);
  return receiver && receiver->in_place && !schema.only_in_place;
}

nb::object return_type(const std::string& name) {
  for (int i = 0; i < op_count(); ++i) {
    const Schema& schema = schema_of(static_cast<OpId>(i));
    if (schema.name == name && schema.outputs.size() > 1)
      return nb::borrow(reinterpret_cast<PyObject*>(result_type(schema)));
  }
  throw nb::attribute_error(("no op '" + name + "' with several results").c_str());
}

// The ops' families and kinds, for people and for tests.
nb::list op_table() {
  nb::list table;
  for (int i = 0; i < op_count(); ++i) {
    const Schema& schema = schema_of(static_cast<OpId>(i));
    constexpr const char* kinds[] = {"map", "view", "op", "composite", "function"};
    nb::dict row;
    row["id"] = schema.id_name;
    row["name"] = schema.name;
    nb::list aliases;
    for (const std::string& alias : schema.aliases) aliases.append(alias);
    row["aliases"] = aliases;
    row["kind"] = kinds[static_cast<int>(schema.kind)];
    row["signature"] = schema.text;
    row["doc"] = schema.doc;
    row["in_place"] = writes_in_place(schema);
    row["method"] = receiver_of(schema) != nullptr;
    table.append(row);
  }
  return table;
}

}  // namespace

void bind_ops(nb::module_& m) {
  std::map<std::string, std::vector<Signature>> functions, methods_by_name, in_place;
  for (int i = 0; i < op_count(); ++i) {
    const Schema& schema = schema_of(static_cast<OpId>(i));
    std::vector<std::string> names = schema.aliases;
    names.push_back(schema.name);
    for (const std::string& name : names) {
      if (name.ends_with('_')) {  // another name for the in-place form alone
        in_place[name].emplace_back(schema, Form::in_place);
        continue;
      }
      functions[name].emplace_back(schema, Form::function);
      if (receiver_of(schema) && !schema.only_in_place)
        methods_by_name[name].emplace_back(schema, Form::method);
      if (writes_in_place(schema)) in_place[name + "_"].emplace_back(schema, Form::in_place);
    }
  }
  PyTypeObject *function_type = callable_type(false), *method_type = callable_type(true);
  nb::handle tensor(reinterpret_cast<PyObject*>(tensor_type));
  for (auto& [name, signatures] : functions)
    if (!nb::hasattr(m, name.c_str()))  // trace() is the tracer, which takes matrices too
      m.attr(name.c_str()) = make_callable(function_type, name, Form::function, std::move(signatures));
  auto add_methods = [&](auto& named, Form form) {
    for (auto& [name, signatures] : named)
      if (!PyDict_GetItemString(tensor_type->tp_dict, name.c_str()))
        nb::setattr(tensor, name.c_str(), make_callable(method_type, name, form, std::move(signatures)));
  };
  add_methods(methods_by_name, Form::method);
  add_methods(in_place, Form::in_place);
  m.def("_return_type", return_type, nb::arg("name"));
  m.def("ops", op_table, "The op list: a dict for each line");
}

}  // namespace rushlight::python
