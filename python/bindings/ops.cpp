// Every op of the list as function of the module and method of Tensor: one callable type, driven by the
// schemas.
#include <nanobind/stl/string.h>
#include <structmember.h>

#include <map>

#include "module.h"
#include "rushlight/engine/apply.h"
#include "rushlight/engine/context.h"
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
  // Python functions for what a line of the op list cannot say (einsum's operands one by one). Tried when no
  // form of the list takes the arguments as they are.
  std::vector<PyObject*>* more_forms;
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

// out= as the caller wrote it: one tensor, or a tuple of as many as there are results.
Results targets_from(const Schema& schema, PyObject* out) {
  Results targets;
  size_t results = schema.outputs.size();
  auto push = [&](Tensor tensor) { targets.push_back(std::move(tensor)); };
  bool taken = results ? each_tensor(out, Match::strict, push) && targets.size() == results : is_tensor(out);
  for (const Tensor& target : targets) taken &= target.defined();
  if (!taken && results)
    fail(ErrorKind::type, schema.name, "(): argument 'out' must be a tuple of ", results, " Tensors, not ",
         type_name(out));
  if (!taken) fail(ErrorKind::type, schema.name, "(): argument 'out' must be Tensor, not ", type_name(out));
  if (!results) push(tensor_of(out));
  return targets;
}

void refuse_recording(const Schema& schema, Inputs in, const Results& targets) {
  bool wants_grad = false;
  for (const Tensor& target : targets) wants_grad |= target.requires_grad();
  for (size_t i = 0; i < in.size(); ++i) wants_grad |= in[i].defined() && in[i].requires_grad();
  if (context().grad_mode && wants_grad)
    fail(ErrorKind::runtime, "[", schema.name,
         "] functions with out=... arguments don't support automatic differentiation, but one of the "
         "arguments requires grad. Call it under no_grad");
}

// A view is no result that could be made elsewhere.
void refuse_view(const Schema& schema, Inputs in, const Tensor& result) {
  for (size_t i = 0; i < in.size(); ++i)
    if (result.impl()->is_view && in[i].defined() && in[i].shares_storage(result))
      fail(ErrorKind::type, schema.name,
           "(): the result is a view of its input and cannot be written to 'out'; use out.copy_()");
}

// out=torch.empty(0): whoever gives no elements leaves the shape to the call.
bool awaits_shape(const Tensor& target) { return target.numel() == 0; }

// Where no kernel writes to what is given: the results are copied there.
void copy_out(const Schema& schema, Inputs in, Attrs attrs, const Results& targets) {
  refuse_recording(schema, in, targets);
  NoGrad guard;
  Results results = call_op(schema.id, in, attrs);
  for (const Tensor& result : results) refuse_view(schema, in, result);
  for (size_t i = 0; i < targets.size(); ++i)
    if (awaits_shape(targets[i]) && !targets[i].layout().same_shape(results[i].layout()))
      resize(targets[i], results[i].shape(), schema.name.c_str());
  write_out(schema.id, targets, results);
}

// out= is written and returned; unlike PyTorch's, it must have the result's shape, or no elements.
PyObject* call_out(const Schema& schema, Inputs in, Attrs attrs, PyObject* out, bool long_work) {
  Results targets = targets_from(schema, out);
  {
    ReleaseGil release(long_work);
    if (schema.kind == OpKind::function || targets.size() > 1 || awaits_shape(targets[0]))
      copy_out(schema, in, attrs, targets);
    else
      apply_out(schema.id, in, attrs, targets[0]);
  }
  return schema.outputs.empty() ? Py_NewRef(out) : pack(schema, attrs, std::move(targets));
}

bool flag_of(const Schema& schema, const char* name, PyObject* value) {
  if (!value || value == Py_None) return false;
  if (!PyBool_Check(value))
    fail(ErrorKind::type, schema.name, "(): argument '", name, "' must be bool, not ", type_name(value));
  return value == Py_True;
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
  bool requires_grad = flag_of(schema, "requires_grad", passed.requires_grad);
  if (passed.out && passed.out != Py_None) {
    if (passed.memory_format)
      fail(ErrorKind::value, schema.name, "(): 'out' lies as it lies; leave out 'memory_format'");
    nb::object out = nb::steal(call_out(schema, in, attrs, passed.out, long_work));
    if (requires_grad) tensor_of(passed.out).requires_grad_();
    return out.release().ptr();
  }
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
  if (passed.memory_format)
    results[0] = in_memory_format(schema.name.c_str(), results[0], passed.memory_format);
  if (requires_grad) results[0].requires_grad_();
  return pack(schema, attrs, std::move(results));
}

// Calls a form written in Python. Null: the arguments are not of this form, and why.
PyObject* try_form(PyObject* form, PyObject* const* args, size_t count, PyObject* names, std::string& why) {
  PyObject* result = PyObject_Vectorcall(form, args, count, names);
  if (result == Py_NotImplemented) {
    Py_DECREF(result);
    why = "arguments of other types";
    return nullptr;
  }
  if (result) return result;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  bool not_called = !traceback && PyErr_GivenExceptionMatches(type, PyExc_TypeError);
  if (!not_called) {
    PyErr_Restore(type, value, traceback);
    throw nb::python_error();
  }
  nb::object kept_type = nb::steal(type), kept_value = nb::steal(value);
  why = nb::cast<std::string>(nb::str(kept_value));
  return nullptr;
}

// "(condition: Tensor) -> tuple[Tensor, ...]": the first line of what documents a form written in Python.
std::string text_of_form(PyObject* form) {
  std::string doc = nb::cast<std::string>(nb::str(nb::handle(form).attr("__doc__")));
  return doc.substr(0, doc.find('\n'));
}

// Stubs say builtins.int where a method is called int; people need not.
std::string readable(std::string text) {
  for (size_t at; (at = text.find("builtins.")) != std::string::npos;) text.erase(at, 9);
  return text;
}

[[noreturn]] void complain(const OpCallable& op, const std::vector<std::string>& reasons) {
  std::string text = join_text(PyUnicode_AsUTF8(op.name), "()");
  if (reasons.size() == 1) fail(ErrorKind::type, text, ": ", reasons[0]);
  text += ": no form of it takes these arguments";
  size_t listed = op.signatures->size();
  for (size_t i = 0; i < reasons.size(); ++i)
    text += join_text(
        "\n  ",
        i < listed ? (*op.signatures)[i].text() : readable(text_of_form((*op.more_forms)[i - listed])), ": ",
        reasons[i]);
  fail(ErrorKind::type, text);
}

PyObject* run_named(const OpCallable& op, const Signature& signature, OpArguments& arguments,
                    const Passed& passed, PyObject* self) {
  try {
    if (passed.out && is_tensor(passed.out)) signature.take_dtype_of(tensor_of(passed.out), arguments);
    return run(signature, arguments, passed, op.form, self);
  } catch (const Error& error) {
    throw named_error(PyUnicode_AsUTF8(op.name), error);
  }
}

// What one call passed, as vectorcall has it.
struct Call {
  const OpCallable& op;
  PyObject* const* args;
  size_t count;
  PyObject* names;
};

// The result of the first of the list's forms that takes the arguments; null: none, and why not (if asked).
PyObject* try_signatures(const Call& call, Match match, std::vector<std::string>* reasons) {
  for (const Signature& signature : *call.op.signatures) {
    Passed passed;
    OpArguments arguments;
    std::string why;
    std::string* ask = reasons ? &why : nullptr;
    if (signature.accept(call.args, call.count, call.names, passed, ask) &&
        signature.convert(passed, match, arguments, ask))
      return run_named(call.op, signature, arguments, passed, call.count ? call.args[0] : nullptr);
    if (reasons) reasons->push_back(why);
  }
  return nullptr;
}

// The same of the forms that are written in Python, which are strict.
PyObject* try_more_forms(const Call& call, std::vector<std::string>& reasons) {
  for (PyObject* form : *call.op.more_forms) {
    reasons.emplace_back();
    if (PyObject* result = try_form(form, call.args, call.count, call.names, reasons.back())) return result;
  }
  return nullptr;
}

// Where there is one form only, nothing is gained by trying it strictly first.
PyObject* run_call(const Call& call) {
  if (call.op.form != Form::function && call.count == 0)
    fail(ErrorKind::type, PyUnicode_AsUTF8(call.op.name), "() needs a Tensor to be called on");
  std::vector<std::string> reasons, more_reasons;
  const bool one_form = call.op.signatures->size() == 1;
  PyObject* result = one_form ? nullptr : try_signatures(call, Match::strict, nullptr);
  if (!result && !one_form) result = try_more_forms(call, more_reasons);
  if (!result) result = try_signatures(call, Match::lenient, &reasons);
  if (!result && one_form) result = try_more_forms(call, more_reasons);
  if (result) return result;
  reasons.insert(reasons.end(), more_reasons.begin(), more_reasons.end());
  complain(call.op, reasons);
}

PyObject* vectorcall(PyObject* self, PyObject* const* args, size_t count, PyObject* names) {
  return guarded([&] {
    return run_call(
        {*reinterpret_cast<OpCallable*>(self), args, static_cast<size_t>(PyVectorcall_NARGS(count)), names});
  });
}

PyTypeObject *function_type, *method_type;  // set by bind_ops

// -- the callable's type --------------------------------------------------------------------------

const OpCallable& callable(PyObject* self) { return *reinterpret_cast<OpCallable*>(self); }

PyObject* bind_to_object(PyObject* self, PyObject* object, PyObject*) {
  return object && object != Py_None ? PyMethod_New(self, object) : Py_NewRef(self);
}
// A function kept in a class stays a function, as builtins do. Having __get__ at all, it is a routine to
// inspect and pydoc.
PyObject* bind_to_nothing(PyObject* self, PyObject*, PyObject*) { return Py_NewRef(self); }
PyObject* repr(PyObject* self) {
  return PyUnicode_FromFormat("<rushlight %s %U>", Py_TYPE(self) == method_type ? "method" : "function",
                              callable(self).name);
}
// Pickled and copied by name.
PyObject* reduce(PyObject* self, PyObject*) {
  if (Py_TYPE(self) != method_type) return Py_NewRef(callable(self).name);
  return Py_BuildValue("O(OO)", PyDict_GetItemString(PyEval_GetBuiltins(), "getattr"), tensor_type,
                       callable(self).name);
}
PyObject* get_name(PyObject* self, void*) { return Py_NewRef(callable(self).name); }
PyObject* get_module(PyObject*, void*) { return PyUnicode_FromString("rushlight._C"); }

struct FormText {
  std::string signature, doc;
};
std::vector<FormText> form_texts(PyObject* self) {
  std::vector<FormText> texts;
  for (const Signature& signature : *callable(self).signatures)
    texts.push_back({signature.stub(), signature.schema().doc});
  for (PyObject* form : *callable(self).more_forms) {
    std::string text = text_of_form(form);
    if (Py_TYPE(self) == method_type) text.replace(1, text.find_first_of(",)") - 1, "self");
    texts.push_back({text, ""});
  }
  return texts;
}

// For people: "softmax(input: Tensor, dim: int) -> Tensor", what it does, the next form.
PyObject* get_doc(PyObject* self, void*) {
  std::string text;
  for (const FormText& form : form_texts(self))
    text += join_text(text.empty() ? "" : "\n\n", PyUnicode_AsUTF8(callable(self).name), form.signature,
                      form.doc.empty() ? "" : "\n\n", form.doc);
  return PyUnicode_FromString(readable(std::move(text)).c_str());
}

// What nanobind's stub generator writes for this object.
PyObject* get_stub(PyObject* self, void*) {
  std::string text;
  auto forms = form_texts(self);
  for (const FormText& form : forms) {
    if (forms.size() > 1) text += "@overload\n";
    text += join_text("def ", PyUnicode_AsUTF8(callable(self).name), form.signature);
    const char* gap = form.doc.ends_with('"') ? " " : "";  // or it would end the docstring
    text += form.doc.empty() ? ": ...\n" : join_text(":\n    \"\"\"", form.doc, gap, "\"\"\"\n");
  }
  return PyUnicode_FromString(text.c_str());
}

// For inspect.signature: the first form's, made by Python's own parser when somebody asks.
PyObject* get_signature(PyObject* self, void*) {
  return guarded([&] {
    nb::object parse = nb::module_::import_("rushlight._signatures").attr("parse");
    return nb::object(parse(form_texts(self)[0].signature)).release().ptr();
  });
}

PyGetSetDef getset[] = {{"__name__", get_name, nullptr, nullptr, nullptr},
                        {"__qualname__", get_name, nullptr, nullptr, nullptr},
                        {"__module__", get_module, nullptr, nullptr, nullptr},
                        {"__doc__", get_doc, nullptr, nullptr, nullptr},
                        {"__nb_signature__", get_stub, nullptr, nullptr, nullptr},
                        {"__signature__", get_signature, nullptr, nullptr, nullptr},
                        {}};
PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr}, {}};
PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(OpCallable, call), READONLY, nullptr},
                         {}};

PyTypeObject* callable_type(bool method) {
  PyType_Slot slots[] = {
      {Py_tp_getset, getset},
      {Py_tp_methods, methods},
      {Py_tp_members, members},
      {Py_tp_repr, reinterpret_cast<void*>(repr)},
      {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
      {Py_tp_descr_get, reinterpret_cast<void*>(method ? bind_to_object : bind_to_nothing)},
      {0, nullptr}};
  unsigned flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                   (method ? Py_TPFLAGS_METHOD_DESCRIPTOR : 0u);
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
  op->more_forms = new std::vector<PyObject*>;
  return nb::steal<nb::object>(reinterpret_cast<PyObject*>(op));
}

// relu_(x): the in-place form as a function, for ops that need nothing but their input.
bool has_in_place_function(const Schema& schema) {
  int required = 0;
  for (const Argument& a : schema.arguments) required += !a.has_default;
  return required == 1;
}

nb::object return_type(const std::string& name) {
  for (int i = 0; i < op_count(); ++i) {
    const Schema& schema = schema_of(static_cast<OpId>(i));
    if (schema.name == name && schema.outputs.size() > 1)
      return nb::borrow(reinterpret_cast<PyObject*>(result_type(schema)));
  }
  throw nb::attribute_error(("no op '" + name + "' with several results").c_str());
}

// Names `form` as one more way to call the op; its docstring starts with its signature.
void add_form(nb::handle op, nb::object form) {
  if (Py_TYPE(op.ptr()) != function_type && Py_TYPE(op.ptr()) != method_type)
    fail(ErrorKind::type, "[_add_form] expected a function or method of the op list, not ",
         type_name(op.ptr()));
  reinterpret_cast<OpCallable*>(op.ptr())->more_forms->push_back(form.release().ptr());
}

}  // namespace

void bind_ops(nb::module_& m) {
  std::map<std::string, std::vector<Signature>> functions, methods_by_name, in_place, in_place_functions;
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
      if (!writes_in_place(schema)) continue;
      in_place[name + "_"].emplace_back(schema, Form::in_place);
      if (has_in_place_function(schema)) in_place_functions[name + "_"].emplace_back(schema, Form::in_place);
    }
  }
  function_type = callable_type(false);
  method_type = callable_type(true);
  nb::handle tensor(reinterpret_cast<PyObject*>(tensor_type));
  for (auto& [name, signatures] : functions)
    if (!nb::hasattr(m, name.c_str()))  // trace() is the tracer, which takes matrices too
      m.attr(name.c_str()) = make_callable(function_type, name, Form::function, std::move(signatures));
  for (auto& [name, signatures] : in_place_functions)
    m.attr(name.c_str()) = make_callable(function_type, name, Form::in_place, std::move(signatures));
  auto add_methods = [&](auto& named, Form form) {
    for (auto& [name, signatures] : named)
      if (!PyDict_GetItemString(tensor_type->tp_dict, name.c_str()))
        nb::setattr(tensor, name.c_str(), make_callable(method_type, name, form, std::move(signatures)));
  };
  add_methods(methods_by_name, Form::method);
  add_methods(in_place, Form::in_place);
  m.def("_return_type", return_type, nb::arg("name"));
  m.def("_add_form", add_form, nb::arg("op"), nb::arg("form"));
}

}  // namespace rushlight::python
