// Writes the C++ face of the op list: `generate_api OUTDIR OP_LIST`. Runs during the build; reads nothing but
// core/op_list.h, whose headings alone (`// -- reductions`) it reads as text.
//
//   functions.h          one function per op, its options and results      functions.cpp   their bodies
//   tensor_methods.inc   the methods of Tensor                             methods.cpp     their bodies
//   op_args.h            typed reading of an op's attributes, for kernels and gradients
//   map_ops.h            the formula structs in the list's order
//   call_op.h            any op, functions included, by its id: for bindings   call_op.cpp   its body
//   op_families.inc      the heading that each op stands under
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "rushlight/core/schema.h"

using namespace rushlight;

namespace {

std::string pascal(const std::string& snake) {
  std::string name;
  bool upper = true;
  for (char c : snake) {
    if (c == '_') {
      upper = true;
    } else {
      name += upper ? static_cast<char>(std::toupper(c)) : c;
      upper = false;
    }
  }
  return name;
}

bool in_options(const Argument& a) { return a.has_default; }

// The type of a positional parameter.
std::string parameter_type(const Argument& a) {
  switch (a.kind) {
    case ArgKind::tensor:
    case ArgKind::tensor_or_none: return "const Tensor&";
    case ArgKind::tensors: return "TensorList";
    case ArgKind::real: return a.optional ? "std::optional<double>" : "double";
    case ArgKind::integer: return a.optional ? "std::optional<int64_t>" : "int64_t";
    case ArgKind::boolean: return a.optional ? "std::optional<bool>" : "bool";
    case ArgKind::ints: return a.optional ? "const OptionalIntList&" : "const IntList&";
    case ArgKind::reals: return a.optional ? "const OptionalRealList&" : "const RealList&";
    case ArgKind::dtype: return a.optional ? "std::optional<DType>" : "DType";
    case ArgKind::text: return a.optional ? "std::optional<std::string_view>" : "std::string_view";
    case ArgKind::slot: return "const Slot&";
    case ArgKind::generator: return "const std::optional<Generator>&";
  }
  return "";
}

// The type of a member of the options, or of a field read back from the attributes.
std::string member_type(const Argument& a, bool owning) {
  if (a.kind == ArgKind::text && owning) return a.optional ? "std::optional<std::string>" : "std::string";
  if (a.kind == ArgKind::tensors) return "std::vector<Tensor>";
  std::string type = parameter_type(a);
  if (type.starts_with("const ")) type = type.substr(6);
  if (type.ends_with("&")) type.pop_back();
  return type;
}

std::string default_value(const Argument& a) {
  if (a.default_text == "None") return "{}";
  if (a.default_text == "True") return "true";
  if (a.default_text == "False") return "false";
  return a.default_text;
}

struct Form {
  std::string parameters;  // "const Tensor& input, int64_t dim, const SumOptions& options"
  std::string arguments;   // "input, dim, options", with *this for the receiver
};

// The parameter list; `receiver`: the argument that is left out because it is the object of a method (or
// null).
Form form_of(const Schema& schema, const Argument* receiver, bool with_defaults) {
  Form form;
  auto add = [](std::string& list, const std::string& item) { list += (list.empty() ? "" : ", ") + item; };
  bool options = false;
  for (const Argument& a : schema.arguments) {
    if (in_options(a)) {
      options = true;
    } else if (&a == receiver) {
      add(form.arguments, "*this");
    } else {
      add(form.parameters, parameter_type(a) + " " + a.name);
      add(form.arguments, a.name);
    }
  }
  if (options) {
    add(form.parameters,
        "const " + pascal(schema.id_name) + "Options& options" + (with_defaults ? " = {}" : ""));
    add(form.arguments, "options");
  }
  return form;
}

std::string result_type(const Schema& schema) {
  if (schema.only_in_place) return "void";
  if (schema.returns_bool) return "bool";
  if (schema.outputs.size() == 1 && schema.outputs[0] == "tensors") return "std::vector<Tensor>";
  if (schema.outputs.size() > 1) return pascal(schema.id_name) + "Result";
  return "Tensor";
}

const Argument* receiver_of(const Schema& schema) {
  for (const Argument& a : schema.arguments)
    if (a.name == "input" && a.kind == ArgKind::tensor) return &a;
  return nullptr;
}
bool has_in_place(const Schema& schema) {
  const Argument* receiver = receiver_of(schema);
  return receiver && receiver->in_place && !schema.only_in_place;
}
bool has_out(const Schema& schema) {
  return (schema.kind == OpKind::map || schema.kind == OpKind::op || schema.kind == OpKind::composite) &&
         result_type(schema) == "Tensor";
}
std::string value_of(const Argument& a) { return in_options(a) ? "options." + a.name : a.name; }

// The lines that gather inputs and attributes into arrays, then `call(OpId::id, inputs, attrs...)`.
std::string gather(const Schema& schema) {
  std::string inputs, attrs;
  int attr_count = 0;
  for (const Argument& a : schema.arguments) {
    std::string value = value_of(a);
    if (is_tensor(a.kind)) {
      if (schema.has_list())
        inputs += a.kind == ArgKind::tensors
                      ? "  for (const Tensor& item : " + value + ") inputs.push_back(&item);\n"
                      : "  inputs.push_back(&" + value + ");\n";
      else
        inputs += (inputs.empty() ? "&" : ", &") + value;
    } else {
      attrs += (attrs.empty() ? "" : ", ") + ("to_attr(" + value + ")");
      ++attr_count;
    }
  }
  std::string lines, lengths;
  for (const Argument& a : schema.arguments)
    if (schema.only_in_place && a.kind == ArgKind::tensors)
      lengths += (lengths.empty() ? "" : ", ") + value_of(a) + ".size()";
  if (!lengths.empty())
    lines += "  const size_t lengths[] = {" + lengths + "};\n  expect_equal_lists(OpId::" + schema.id_name +
             ", lengths);\n";
  if (schema.has_list())
    lines += "  SmallVector<const Tensor*, 8> inputs;\n" + inputs;
  else if (!inputs.empty())
    lines += "  const Tensor* const inputs[] = {" + inputs + "};\n";
  if (attr_count) lines += "  const Attr attrs[] = {" + attrs + "};\n";
  return lines;
}
std::string call_arguments(const Schema& schema) {
  std::string text = "OpId::" + schema.id_name + ", ";
  if (schema.has_list())
    text += "{inputs.data(), inputs.size()}";
  else if (schema.tensor_count())
    text += "{inputs, " + std::to_string(schema.tensor_count()) + "}";
  else
    text += "{}";
  text += schema.attr_count() ? ", attrs" : ", {}";
  return text;
}

void write_options(std::ofstream& out, const Schema& schema) {
  std::string members;
  for (const Argument& a : schema.arguments)
    if (in_options(a)) {
      std::string value = default_value(a);
      members += "  " + member_type(a, false) + " " + a.name + (value == "{}" ? "{}" : " = " + value) + ";\n";
    }
  if (!members.empty()) out << "struct " << pascal(schema.id_name) << "Options {\n" << members << "};\n";
}

void write_declarations(std::ofstream& out, const Schema& schema) {
  if (schema.outputs.size() > 1 && !schema.only_in_place) {
    out << "struct " << pascal(schema.id_name) << "Result {\n  Tensor ";
    for (size_t i = 0; i < schema.outputs.size(); ++i) out << (i ? ", " : "") << schema.outputs[i];
    out << ";\n};\n";
  }
  Form form = form_of(schema, nullptr, true);
  out << "// " << schema.doc << "\n";
  out << result_type(schema) << " " << schema.name << "(" << form.parameters << ");\n";
  if (has_out(schema))
    out << "const Tensor& " << schema.name << "_out(const Tensor& out"
        << (form.parameters.empty() ? "" : ", ") << form.parameters << ");\n";
}

// `normal_`: another name for the in-place form alone.
bool names_in_place(const std::string& alias) { return alias.ends_with('_'); }

// Another name for the same function.
void write_alias(std::ofstream& out, const Schema& schema, const std::string& alias) {
  out << "inline " << result_type(schema) << " " << alias << "(" << form_of(schema, nullptr, true).parameters
      << ") { return " << schema.name << "(" << form_of(schema, nullptr, false).arguments << "); }\n";
}

void write_bodies(std::ofstream& out, const Schema& schema) {
  Form form = form_of(schema, nullptr, false);
  std::string lines = gather(schema), arguments = call_arguments(schema);
  std::string type = result_type(schema);
  if (schema.kind != OpKind::function) {
    out << type << " " << schema.name << "(" << form.parameters << ") {\n" << lines;
    if (type == "void") {
      out << "  apply_in_place(" << arguments << ");\n";
    } else if (type == "Tensor") {
      out << "  return apply_single(" << arguments << ");\n";
    } else if (type == "std::vector<Tensor>") {
      out << "  auto results = apply(" << arguments << ");\n  return {results.begin(), results.end()};\n";
    } else {
      out << "  auto results = apply(" << arguments << ");\n  return {";
      for (size_t i = 0; i < schema.outputs.size(); ++i)
        out << (i ? ", " : "") << "std::move(results[" << i << "])";
      out << "};\n";
    }
    out << "}\n";
  }
  if (has_out(schema))
    out << "const Tensor& " << schema.name << "_out(const Tensor& out"
        << (form.parameters.empty() ? "" : ", ") << form.parameters << ") {\n"
        << lines << "  return apply_out(" << arguments << ", out);\n}\n";
}

// The arguments of a method, as its caller passes them on.
std::string method_arguments(const Schema& schema, const Argument* receiver) {
  std::string names;
  bool options = false;
  auto add = [&](const std::string& name) { names += (names.empty() ? "" : ", ") + name; };
  for (const Argument& a : schema.arguments) {
    options |= in_options(a);
    if (!in_options(a) && &a != receiver) add(a.name);
  }
  if (options) add("options");
  return names;
}

// Parameters or arguments without the last, the options.
std::string without_options(const std::string& list) {
  size_t comma = list.rfind(", ");
  return comma == list.npos ? std::string() : list.substr(0, comma);
}

// The in-place form as a method of this name: `add_`, or an alias.
void write_in_place(std::ofstream& inc, std::ofstream& cpp, const Schema& schema, const std::string& method) {
  const Argument* receiver = receiver_of(schema);
  Form declared = form_of(schema, receiver, true), defined = form_of(schema, receiver, false);
  inc << "const Tensor& " << method << "(" << defined.parameters << ") const;\n";
  cpp << "const Tensor& Tensor::" << method << "(" << defined.parameters << ") const {\n";
  if (schema.kind == OpKind::function)
    cpp << "  Tensor old = old_value(*this);\n  return write_over(OpId::" << schema.id_name << ", *this, old."
        << schema.name << "(" << method_arguments(schema, receiver) << "));\n}\n";
  else
    cpp << "  const Tensor& " << receiver->name << " = *this;\n"
        << gather(schema) << "  apply_in_place(" << call_arguments(schema) << ");\n  return *this;\n}\n";
  if (declared.parameters == defined.parameters) return;
  std::string names;
  for (const Argument& a : schema.arguments)
    if (!in_options(a) && &a != receiver) names += a.name + ", ";
  inc << "const Tensor& " << method << "(" << without_options(defined.parameters) << ") const;\n";
  cpp << "const Tensor& Tensor::" << method << "(" << without_options(defined.parameters)
      << ") const { return " << method << "(" << names << pascal(schema.id_name) << "Options{}); }\n";
}

void write_method(std::ofstream& inc, std::ofstream& cpp, const Schema& schema) {
  const Argument* receiver = receiver_of(schema);
  if (!receiver) return;
  Form declared = form_of(schema, receiver, true), defined = form_of(schema, receiver, false);
  std::string type = result_type(schema);
  // The results' types are completed in functions.h, after Tensor.
  inc << type << " " << schema.name << "(" << form_of(schema, receiver, false).parameters << ") const;\n";
  cpp << type << " Tensor::" << schema.name << "(" << defined.parameters
      << ") const { return rushlight::" << schema.name << "(" << defined.arguments << "); }\n";
  bool options = declared.parameters != defined.parameters;
  if (options) {  // a default argument would need the options complete inside Tensor: an overload does not
    inc << type << " " << schema.name << "(" << without_options(defined.parameters) << ") const;\n";
    cpp << type << " Tensor::" << schema.name << "(" << without_options(defined.parameters)
        << ") const { return rushlight::" << schema.name << "(" << without_options(defined.arguments)
        << "); }\n";
  }
  if (has_in_place(schema)) write_in_place(inc, cpp, schema, schema.name + "_");
}

void write_args(std::ofstream& out, const Schema& schema) {
  if (!schema.attr_count()) return;
  std::string fields, readers;
  int index = 0;
  for (const Argument& a : schema.arguments) {
    if (is_tensor(a.kind)) continue;
    fields += "  " + member_type(a, true) + " " + a.name + ";\n";
    readers += std::string(index ? ", " : "") + a.name + "(read_attr<" + member_type(a, true) + ">(attrs[" +
               std::to_string(index) + "]))";
    ++index;
  }
  out << "struct " << pascal(schema.id_name) << " {\n  explicit " << pascal(schema.id_name)
      << "(const Attrs& attrs) : " << readers << " {}\n"
      << fields << "};\n";
}

// "in[2]", or `list`: where a tensor argument of a call by id is found.
std::string input_of(const Schema& schema, const Argument& argument) {
  int before = 0, after = 0;
  bool seen_list = false;
  for (const Argument& a : schema.arguments) {
    if (&a == &argument) break;
    if (is_tensor(a.kind)) ++before;
    seen_list |= a.kind == ArgKind::tensors;
  }
  after = schema.tensor_count() - before;
  if (argument.kind == ArgKind::tensors) return "list";
  return seen_list ? "in[in.size() - " + std::to_string(after) + "]" : "in[" + std::to_string(before) + "]";
}

// FUNCTIONs have no OpDef, so a call by id unpacks what apply() would have taken.
void write_call(std::ofstream& out, const Schema& schema) {
  if (schema.kind != OpKind::function) return;
  std::string arguments, options, lines;
  int lists = 0, before = 0;
  for (const Argument& a : schema.arguments) {
    if (a.kind == ArgKind::tensors && !lists++)
      lines += "      std::vector<Tensor> list = items(in, " + std::to_string(before) + ", " +
               std::to_string(schema.tensor_count() - 1) + ");\n";
    before += is_tensor(a.kind);
    std::string value = is_tensor(a.kind) ? input_of(schema, a) : "a." + a.name;
    std::string& list = in_options(a) ? options : arguments;
    list += (list.empty() ? "" : ", ") + (in_options(a) ? "." + a.name + " = " : "") + value;
  }
  if (lists > 1)
    std::exit((std::fprintf(stderr, "%s: a FUNCTION takes one list\n", schema.id_name.c_str()), 1));
  if (schema.attr_count()) lines += "      args::" + pascal(schema.id_name) + " a(attrs);\n";
  if (!options.empty()) arguments += (arguments.empty() ? "{" : ", {") + options + "}";
  out << "    case OpId::" << schema.id_name << ": {\n" << lines << "      ";
  std::string call = schema.name + "(" + arguments + ")", type = result_type(schema);
  if (type == "Tensor") {
    out << "return {" << call << "};\n";
  } else if (type == "bool") {
    out << "return {Tensor(" << call << ")};\n";
  } else if (type == "std::vector<Tensor>") {
    out << "auto results = " << call << ";\n      return {results.begin(), results.end()};\n";
  } else {
    out << "auto results = " << call << ";\n      return {";
    for (size_t i = 0; i < schema.outputs.size(); ++i)
      out << (i ? ", " : "") << "results." << schema.outputs[i];
    out << "};\n";
  }
  out << "    }\n";
}

// "reductions", for each op in the list's order.
void write_families(std::ostream& out, const char* op_list) {
  std::ifstream list(op_list);
  std::string family;
  int count = 0;
  for (std::string line; std::getline(list, line);) {
    if (line.starts_with("// -- ")) family = line.substr(6, line.find(':') - 6);
    std::string word = line.substr(0, line.find('('));
    bool is_op =
        word.size() < line.size() && !word.empty() && word.find_first_not_of("ACEFIMNOPSTUVW") == word.npos;
    if (!is_op) continue;
    out << '"' << family << "\",\n";
    ++count;
  }
  if (count != op_count())
    std::exit(
        (std::fprintf(stderr, "%s: %d ops where the compiler sees %d\n", op_list, count, op_count()), 1));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: generate_api OUTDIR OP_LIST\n"), 2;
  std::string dir = argv[1];
  auto open = [&](const char* name, const char* first_line) {
    std::ofstream out(dir + "/" + name);
    out << "// " << first_line << " Written by tools/generate_api.cpp; do not edit.\n";
    return out;
  };
  auto header = open("functions.h", "The ops as functions, with their options and results.");
  auto bodies = open("functions.cpp", "The bodies of functions.h.");
  auto methods = open("tensor_methods.inc", "The ops as methods of Tensor; included inside the class.");
  auto method_bodies = open("methods.cpp", "The bodies of tensor_methods.inc.");
  auto args = open("op_args.h", "Attributes of a call as named fields: args::Sum(attrs).keepdim.");
  auto maps = open("map_ops.h", "The formula structs in the op list's order.");
  auto call_header = open("call_op.h", "Any op of the list by its id, functions included.");
  auto calls = open("call_op.cpp", "The body of call_op.h.");
  auto forward = open("option_names.h", "Names of options and results, before Tensor is complete.");
  auto families = open("op_families.inc", "The heading of core/op_list.h that each op stands under.");
  write_families(families, argv[2]);

  header << "#pragma once\n\n#include \"rushlight/core/tensor.h\"\n\nnamespace rushlight {\n\n";
  bodies
      << "#include \"rushlight/generated/functions.h\"\n\n#include \"rushlight/core/read_attr.h\"\n#include "
         "\"rushlight/engine/apply.h\"\n\nnamespace rushlight {\n\n";
  method_bodies
      << "#include \"rushlight/generated/functions.h\"\n\n#include \"rushlight/core/read_attr.h\"\n#include "
         "\"rushlight/engine/apply.h\"\n\nnamespace rushlight {\n\n";
  args << "#pragma once\n\n#include \"rushlight/core/read_attr.h\"\n\nnamespace rushlight::args {\n\n";
  maps << "#pragma once\n\n#include \"rushlight/math/elementwise.h\"\n\nnamespace rushlight {\n\nusing "
          "MapOps = TypeList<";
  forward << "#pragma once\n\nnamespace rushlight {\n\n";
  call_header << "#pragma once\n\n#include \"rushlight/engine/op_def.h\"\n\nnamespace rushlight {\n\n"
              << "// Inputs and attributes as the schema orders them; a defaulted attribute is passed too.\n"
              << "Results call_op(OpId id, Inputs in, Attrs attrs);\n";
  calls << "#include \"rushlight/generated/call_op.h\"\n\n#include \"rushlight/engine/apply.h\"\n#include "
        << "\"rushlight/generated/functions.h\"\n#include \"rushlight/generated/op_args.h\"\n\nnamespace "
           "rushlight {\n\n"
        << "namespace {\n// The tensors of the list that starts at `first`, where `singles` others stand "
           "around it.\n"
        << "[[maybe_unused]] std::vector<Tensor> items(Inputs in, size_t first, size_t singles) {\n"
        << "  std::vector<Tensor> list;\n"
        << "  for (size_t i = 0; i + singles < in.size(); ++i) list.push_back(in[first + i]);\n  return "
           "list;\n}\n"
        << "}  // namespace\n\nResults call_op(OpId id, Inputs in, Attrs attrs) {\n  switch (id) {\n";
  bool first_map = true;
  for (int i = 0; i < op_count(); ++i) {
    const Schema& schema = schema_of(static_cast<OpId>(i));
    bool has_options = false;
    for (const Argument& a : schema.arguments) has_options |= in_options(a);
    if (has_options) forward << "struct " << pascal(schema.id_name) << "Options;\n";
    if (result_type(schema).ends_with("Result")) forward << "struct " << result_type(schema) << ";\n";
    write_options(header, schema);
    write_declarations(header, schema);
    write_bodies(bodies, schema);
    write_method(methods, method_bodies, schema);
    for (const std::string& alias : schema.aliases) {
      if (names_in_place(alias)) {
        write_in_place(methods, method_bodies, schema, alias);
        continue;
      }
      Schema renamed = schema;
      renamed.name = alias;
      write_alias(header, schema, alias);
      write_method(methods, method_bodies, renamed);
    }
    write_args(args, schema);
    write_call(calls, schema);
    if (schema.kind == OpKind::map) {
      maps << (first_map ? "" : ", ") << "math::" << pascal(schema.id_name);
      first_map = false;
    }
  }
  maps << ">;\n\n}  // namespace rushlight\n";
  calls << "    default: return apply(id, in, attrs);\n  }\n}\n";
  for (auto* out : {&header, &bodies, &method_bodies, &forward, &call_header, &calls})
    *out << "\n}  // namespace rushlight\n";
  args << "\n}  // namespace rushlight::args\n";
  return 0;
}
