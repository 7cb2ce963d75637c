#include "rushlight/core/schema.h"

#include <algorithm>

#include "rushlight/base/error.h"

namespace rushlight {

namespace {

struct Line {
  OpKind kind;
  const char* id;
  const char* schema;
  const char* doc;
};

constexpr Line kLines[] = {
#define MAP(id, schema, doc) {OpKind::map, #id, schema, doc},
#define VIEW(id, schema, doc) {OpKind::view, #id, schema, doc},
#define OP(id, schema, doc) {OpKind::op, #id, schema, doc},
#define COMPOSITE(id, schema, doc) {OpKind::composite, #id, schema, doc},
#define FUNCTION(id, schema, doc) {OpKind::function, #id, schema, doc},
#include "rushlight/core/op_list.h"
#undef MAP
#undef VIEW
#undef OP
#undef COMPOSITE
#undef FUNCTION
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (!trim(text).empty()) {
    size_t end = std::min(text.find(separator), text.size());
    pieces.push_back(trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return pieces;
}

ArgKind kind_from(std::string_view word, std::string_view where) {
  constexpr std::pair<std::string_view, ArgKind> kinds[] = {
      {"tensor", ArgKind::tensor}, {"tensors", ArgKind::tensors}, {"float", ArgKind::real},
      {"int", ArgKind::integer},   {"bool", ArgKind::boolean},    {"ints", ArgKind::ints},
      {"floats", ArgKind::reals},  {"int?s", ArgKind::ints},      {"dtype", ArgKind::dtype},
      {"str", ArgKind::text},      {"slot", ArgKind::slot},       {"generator", ArgKind::generator}};
  for (auto [name, kind] : kinds)
    if (name == word) return kind;
  fail(ErrorKind::value, "op list: unknown kind '", word, "' in '", where, "'");
}

// "name!: kind? = default"
Argument parse_argument(std::string_view text) {
  Argument argument;
  std::string_view rest = text;
  if (size_t equals = rest.find('='); equals != rest.npos) {
    argument.has_default = true;
    argument.default_text = trim(rest.substr(equals + 1));
    rest = trim(rest.substr(0, equals));
  }
  if (size_t colon = rest.find(':'); colon != rest.npos) {
    std::string_view kind = trim(rest.substr(colon + 1));
    rest = trim(rest.substr(0, colon));
    if (kind.ends_with('?')) {
      argument.optional = true;
      kind.remove_suffix(1);
    }
    argument.kind = kind_from(kind, text);
    argument.optional_items = kind == "int?s";
    if (argument.kind == ArgKind::tensor && argument.optional) argument.kind = ArgKind::tensor_or_none;
  }
  if (rest.ends_with('!')) {
    argument.in_place = true;
    rest.remove_suffix(1);
  }
  argument.name = rest;
  return argument;
}

// "bool", or "name, name if argument"
void parse_outputs(std::string_view text, Schema& schema) {
  schema.returns_bool = trim(text) == "bool";
  if (schema.returns_bool) return;
  for (auto output : split(text, ',')) {
    constexpr std::string_view kIf = " if ";
    size_t condition = std::min(output.find(kIf), output.size());
    schema.outputs.emplace_back(output.substr(0, condition));
    schema.asked_by.emplace_back(output.substr(std::min(condition + kIf.size(), output.size())));
  }
}

Schema parse(const Line& line, OpId id) {
  Schema schema;
  schema.id = id;
  schema.kind = line.kind;
  schema.id_name = schema.name = line.id;
  schema.doc = line.doc;
  std::string_view text = line.schema;
  if (text.starts_with('[')) {
    size_t close = text.find(']');
    schema.takes = text.substr(1, close - 1);
    text = trim(text.substr(close + 1));
  }
  schema.text = text;
  if (size_t arrow = text.find("->"); arrow != text.npos) {
    parse_outputs(text.substr(arrow + 2), schema);
    text = trim(text.substr(0, arrow));
  }
  if (size_t open = text.find('('); open != text.npos) {  // name|alias(arguments)
    auto names = split(text.substr(0, open), '|');
    schema.name = names.front();
    schema.aliases.assign(names.begin() + 1, names.end());
    text = text.substr(open + 1, text.rfind(')') - open - 1);
  }
  bool keyword_only = false;
  for (auto piece : split(text, ',')) {
    if (piece == "*") {
      keyword_only = true;
      continue;
    }
    schema.arguments.push_back(parse_argument(piece));
    Argument& argument = schema.arguments.back();
    argument.keyword_only = keyword_only;
    schema.only_in_place |= argument.in_place && argument.kind == ArgKind::tensors;
  }
  if (line.kind == OpKind::map)
    for (Argument& argument : schema.arguments) argument.in_place = argument.name == "input";
  return schema;
}

const std::vector<Schema>& schemas() {
  static const std::vector<Schema> table = [] {
    std::vector<Schema> list;
    list.reserve(kOpCount);
    for (int i = 0; i < kOpCount; ++i) list.push_back(parse(kLines[i], static_cast<OpId>(i)));
    return list;
  }();
  return table;
}

}  // namespace

int Schema::tensor_count() const {
  return static_cast<int>(
      std::count_if(arguments.begin(), arguments.end(), [](const Argument& a) { return is_tensor(a.kind); }));
}
int Schema::attr_count() const { return static_cast<int>(arguments.size()) - tensor_count(); }
int Schema::asking_attr(size_t i) const {
  int attr = 0;
  for (const Argument& a : arguments) {
    if (a.name == asked_by[i]) return attr;
    attr += !is_tensor(a.kind);
  }
  return -1;
}
bool Schema::has_list() const {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const Argument& a) { return a.kind == ArgKind::tensors; });
}

const Schema& schema_of(OpId id) { return schemas()[static_cast<size_t>(id)]; }
std::string_view name_of(OpId id) { return kLines[static_cast<size_t>(id)].id; }
const OpId* find_op(std::string_view id_name) {
  for (const Schema& schema : schemas())
    if (schema.id_name == id_name) return &schema.id;
  return nullptr;
}

}  // namespace rushlight
