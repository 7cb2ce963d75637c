#include "signature.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "rushlight/engine/apply.h"

namespace rushlight::python {

namespace {

Ints ints_in(const std::string& text) {
  Ints values;
  for (const char* at = text.c_str(); *at;) {
    char* end;
    int64_t value = std::strtoll(at, &end, 10);
    if (end == at)
      ++at;
    else
      values.push_back(value), at = end;
  }
  return values;
}

Reals reals_in(const std::string& text) {
  Reals values;
  for (const char* at = text.c_str(); *at;) {
    char* end;
    double value = std::strtod(at, &end);
    if (end == at)
      ++at;
    else
      values.push_back(value), at = end;
  }
  return values;
}

Attr parse_default(const Argument& argument) {
  const std::string& text = argument.default_text;
  if (!argument.has_default || text == "None") return {};
  switch (argument.kind) {
    case ArgKind::real: return std::strtod(text.c_str(), nullptr);
    case ArgKind::slot: return Slot(std::strtod(text.c_str(), nullptr));
    case ArgKind::integer: return static_cast<int64_t>(std::strtoll(text.c_str(), nullptr, 10));
    case ArgKind::boolean: return text == "True";
    case ArgKind::ints: return ints_in(text);
    case ArgKind::reals: return reals_in(text);
    case ArgKind::dtype: return dtype_from_name(text);
    case ArgKind::text: return std::string_view(text).substr(1, text.size() - 2);
    default: return {};
  }
}

bool ends_with_like(const Schema& schema) { return schema.name.ends_with("_like"); }

// An op that makes a tensor out of nothing but sizes and numbers, or in the likeness of another.
bool creates(const Schema& schema) {
  bool chooses_dtype = false, from_input = false;
  for (const Argument& a : schema.arguments) {
    chooses_dtype |= a.kind == ArgKind::dtype;
    from_input |= (a.name == "input" || a.name == "weight") && a.kind == ArgKind::tensor;
  }
  return chooses_dtype && (!from_input || ends_with_like(schema) || schema.name.starts_with("new_"));
}

bool takes_memory_format(const Schema& schema) { return schema.id == OpId::empty || ends_with_like(schema); }

bool same_text(PyObject* a, const char* b) { return PyUnicode_CompareWithASCIIString(a, b) == 0; }

// NumPy's names, which PyTorch takes too.
const char* usual_name(PyObject* name) {
  constexpr const char* aliases[][2] = {
      {"axis", "dim"}, {"keepdims", "keepdim"}, {"x", "input"}, {"x1", "input"}, {"x2", "other"}};
  for (auto [alias, usual] : aliases)
    if (same_text(name, alias)) return usual;
  return nullptr;
}

const char* kind_text(ArgKind kind) {
  constexpr const char* names[] = {"Tensor", "Tensor", "list of Tensors",      "float",
                                   "int",    "bool",   "int or tuple of ints", "float or tuple of floats",
                                   "dtype",  "str",    "float or Slot",        "Generator"};
  return names[static_cast<int>(kind)];
}

// For the stub, where Tensor's methods float(), int() and bool() hide the builtins.
const char* stub_type(ArgKind kind) {
  constexpr const char* names[] = {"Tensor | builtins.float",
                                   "Tensor | builtins.float",
                                   "Sequence[Tensor]",
                                   "builtins.float",
                                   "builtins.int",
                                   "builtins.bool",
                                   "builtins.int | Sequence[builtins.int]",
                                   "builtins.float | Sequence[builtins.float]",
                                   "dtype",
                                   "str",
                                   "builtins.float | Slot",
                                   "Generator"};
  return names[static_cast<int>(kind)];
}

// Whether a plain number makes sense in the place of the tensor.
bool means_number(const Schema& schema, const Argument& argument) {
  constexpr std::string_view names[] = {"min", "max", "value", "fill_value"};
  return schema.kind == OpKind::map || std::ranges::find(names, argument.name) != std::end(names);
}

bool may_be_none(const Argument& argument) {
  return argument.optional || argument.kind == ArgKind::tensor_or_none;
}

}  // namespace

const Argument* receiver_of(const Schema& schema) {
  for (const Argument& a : schema.arguments)
    if (a.name == "input" && a.kind == ArgKind::tensor) return &a;
  return nullptr;
}

bool writes_in_place(const Schema& schema) {
  const Argument* receiver = receiver_of(schema);
  return receiver && receiver->in_place && !schema.only_in_place;
}

Signature::Signature(const Schema& schema, Form form)
    : schema_(schema), form_(form), method_(form != Form::function), creates_(creates(schema)) {
  if (schema.arguments.size() > Passed::kMost)
    fail(ErrorKind::value, "op ", schema.id_name, " has too many arguments for Python");
  const Argument* receiver = method_ ? receiver_of(schema) : nullptr;
  for (const Argument& a : schema.arguments) {
    size_t index = parameters_.size();
    parameters_.push_back({&a, PyUnicode_InternFromString(a.name.c_str()), parse_default(a)});
    if (&a == receiver)
      positional_.insert(positional_.begin(), index);
    else if (!a.keyword_only)
      positional_.push_back(index);
  }
  ArgKind last = positional_.empty() ? ArgKind::tensor : parameters_[positional_.back()].argument->kind;
  spreads_ = last == ArgKind::ints && positional_.size() == (method_ ? 2u : 1u);
  spreads_tensors_ = last == ArgKind::tensors && !method_ && !schema.only_in_place;
}

// Every op that makes one tensor, or a known number of them; but nothing that is made in the likeness of
// another, as in PyTorch.
bool Signature::has_out() const {
  if (form_ == Form::in_place || schema_.kind == OpKind::view || schema_.only_in_place) return false;
  bool likeness = creates_ && receiver_of(schema_);
  bool as_asked = !schema_.asked_by.empty() && !schema_.asked_by.back().empty();
  return schema_.outputs.size() != 1 && !as_asked && !likeness && !schema_.returns_bool;
}

void Signature::take_dtype_of(const Tensor& out, OpArguments& arguments) const {
  if (!creates_) return;
  size_t at = 0;
  for (const Argument& a : schema_.arguments) {
    if (is_tensor(a.kind)) continue;
    Attr& attr = arguments.attrs[at++];
    if (a.kind != ArgKind::dtype) continue;
    if (attr.given() && attr.as_dtype() != out.dtype())
      fail(ErrorKind::runtime, "[", schema_.name, "] dtype ", attr.as_dtype(),
           " does not match the dtype of out, ", out.dtype(), "; leave one of the two out");
    attr = out.dtype();
  }
}

// Where the value of a keyword goes; null: there is no such keyword.
PyObject** Signature::place_of(PyObject* name, Passed& passed, bool& ignored) const {
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].name == name) return &passed.values[i];
  const char* usual = usual_name(name);
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (PyUnicode_Compare(parameters_[i].name, name) == 0 ||
        (usual && parameters_[i].argument->name == usual))
      return &passed.values[i];
  if (same_text(name, "out") && has_out()) return &passed.out;
  // a copy between host tensors waits for nothing
  ignored = schema_.id == OpId::copy && same_text(name, "non_blocking");
  if (!creates_) return nullptr;
  if (same_text(name, "device")) return &passed.device;
  if (same_text(name, "requires_grad")) return &passed.requires_grad;
  if (same_text(name, "memory_format") && takes_memory_format(schema_)) return &passed.memory_format;
  ignored = same_text(name, "layout") || same_text(name, "pin_memory");
  return nullptr;
}

bool Signature::accept(PyObject* const* args, size_t count, PyObject* names, Passed& passed,
                       std::string* why) const {
  auto refuse = [&](const auto&... parts) {
    if (why) *why = join_text(parts...);
    return false;
  };
  size_t given = count, lead = method_ ? 1 : 0, last = positional_.empty() ? 0 : positional_.size() - 1;
  bool spread_ints = spreads_ && count > last && PyIndex_Check(args[last]) && !PySequence_Check(args[last]);
  if (spread_ints || (spreads_tensors_ && count > last && rushlight::python::is_tensor(args[last]))) {
    passed.spread = {args + last, count - last};
    given = last;
  }
  if (given > positional_.size())
    return refuse("takes ", positional_.size() - lead, " positional argument",
                  positional_.size() - lead == 1 ? "" : "s", " but ", count - lead, " were given");
  for (size_t i = 0; i < given; ++i) passed.values[positional_[i]] = args[i];
  Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
  for (Py_ssize_t i = 0; i < named; ++i) {
    bool ignored = false;
    PyObject* name = PyTuple_GET_ITEM(names, i);
    PyObject** place = place_of(name, passed, ignored);
    if (ignored) continue;
    if (!place) return refuse("got an unexpected keyword argument '", PyUnicode_AsUTF8(name), "'");
    if (*place) return refuse("got multiple values for argument '", PyUnicode_AsUTF8(name), "'");
    *place = args[count + static_cast<size_t>(i)];
  }
  return true;
}

bool Signature::convert_one(size_t index, const Passed& passed, Match match, OpArguments& arguments,
                            std::string* why) const {
  const Parameter& parameter = parameters_[index];
  const Argument& argument = *parameter.argument;
  PyObject* value = passed.values[index];
  auto refuse = [&](const char* expected) {
    if (!why) return false;
    if (!value)
      *why = join_text("missing required argument '", argument.name, "'");
    else
      *why = join_text("argument '", argument.name, "' must be ", expected, ", not ", type_name(value));
    return false;
  };
  bool is_receiver = method_ && index == positional_[0];
  if (argument.kind == ArgKind::tensors) {
    auto push = [&](Tensor tensor) { arguments.tensors.push_back(std::move(tensor)); };
    size_t before = arguments.tensors.size();
    bool spread = !value && !passed.spread.empty() && index == positional_.back();
    if (spread) {
      for (PyObject* object : passed.spread) {
        Tensor tensor;
        if (!to_tensor(object, match, tensor)) return value = object, refuse("Tensors");
        push(std::move(tensor));
      }
    } else if (!value || !each_tensor(value, match, push)) {
      return refuse("a list or tuple of Tensors");
    }
    arguments.list_lengths.push_back(arguments.tensors.size() - before);
    return true;
  }
  if (is_tensor(argument.kind)) {
    arguments.tensors.push_back(Tensor());
    const char* expected = means_number(schema_, argument) ? "Tensor or number" : "Tensor";
    if (!value || value == Py_None)
      return argument.kind == ArgKind::tensor_or_none && (argument.has_default || value) ? true
                                                                                         : refuse(expected);
    return to_tensor(value, is_receiver ? Match::strict : match, arguments.tensors.back()) ||
           refuse(expected);
  }
  arguments.attrs.push_back(parameter.fallback);
  if (argument.kind == ArgKind::ints && !passed.spread.empty() && index == positional_.back()) {
    Ints values;
    if (!to_ints(passed.spread, match, values)) return value = passed.spread.back(), refuse("ints");
    arguments.attrs.back() = Attr(values);
    return true;
  }
  if (!value) return argument.has_default || refuse("");
  return to_attr(value, argument, match, arguments.attrs.back()) || refuse(kind_text(argument.kind));
}

bool Signature::convert(const Passed& passed, Match match, OpArguments& arguments, std::string* why) const {
  for (size_t i = 0; i < parameters_.size(); ++i)
    if (!convert_one(i, passed, match, arguments, why)) return false;
  // Lists of parameters and their states belong together; what follows sees them in one row.
  const auto& lengths = arguments.list_lengths;
  if (schema_.only_in_place) expect_equal_lists(schema_.id, {lengths.data(), lengths.size()});
  return true;
}

namespace {

std::string result_text(const Schema& schema) {
  if (schema.only_in_place) return "None";
  if (schema.returns_bool) return "builtins.bool";
  if (!schema.asked_by.empty() && !schema.asked_by.back().empty()) return "Tensor | tuple[Tensor, ...]";
  if (schema.outputs.size() == 1) return "tuple[Tensor, ...]";
  if (schema.outputs.empty()) return "Tensor";
  std::string text = "tuple[";
  for (size_t i = 0; i < schema.outputs.size(); ++i) text += i ? ", Tensor" : "Tensor";
  return text + "]";
}

}  // namespace

std::string Signature::text() const {
  std::string text = "(";
  bool keywords = false;
  for (const Parameter& parameter : parameters_) {
    const Argument& a = *parameter.argument;
    if (text.size() > 1) text += ", ";
    if (a.keyword_only && !keywords) text += "*, ";
    keywords |= a.keyword_only;
    text += join_text(kind_text(a.kind), " ", a.name);
    if (a.has_default) text += " = " + a.default_text;
  }
  return text + ")";
}

std::string Signature::stub() const {
  std::string text;
  bool keywords = false, defaulted = false;
  auto add = [&](const Parameter& parameter) {
    const Argument& a = *parameter.argument;
    if (!text.empty()) text += ", ";
    if (a.keyword_only && !keywords) text += "*, ";
    keywords |= a.keyword_only;
    if (method_ && &parameter == &parameters_[positional_[0]]) {
      text += "self";
      return;
    }
    bool spread = (spreads_ && a.kind == ArgKind::ints) || (spreads_tensors_ && a.kind == ArgKind::tensors);
    const char* keyword_mark =
        a.name == "from" ? "_" : "";  // a word of Python's own, which `def` cannot take
    const char* type = a.optional_items ? "builtins.int | Sequence[builtins.int | None]" : stub_type(a.kind);
    text += join_text(spread ? "*" : "", a.name, keyword_mark, ": ",
                      spread && is_tensor(a.kind) ? "Tensor | " : "", type, may_be_none(a) ? " | None" : "");
    // Python wants a default after a default; what the op list leaves required there is checked by the call
    defaulted |= a.has_default;
    keywords |= spread;
    if (spread) return;
    if (a.has_default)
      text += " = " + a.default_text;
    else if (defaulted && !a.keyword_only)
      text += " = ...";
  };
  for (size_t index : positional_) add(parameters_[index]);
  for (const Parameter& parameter : parameters_)
    if (parameter.argument->keyword_only) add(parameter);
  auto add_keyword = [&](const char* keyword) {
    text += join_text(text.empty() ? "" : ", ", keywords ? "" : "*, ", keyword);
    keywords = true;
  };
  if (has_out())
    add_keyword(schema_.outputs.empty() ? "out: Tensor | None = None"
                                        : "out: Sequence[Tensor] | None = None");
  if (creates_) add_keyword("device: device | str | None = None, requires_grad: builtins.bool = False");
  if (creates_ && takes_memory_format(schema_)) add_keyword("memory_format: str | None = None");
  return "(" + text + ") -> " + result_text(schema_);
}

}  // namespace rushlight::python
