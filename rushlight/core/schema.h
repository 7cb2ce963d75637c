// What the op list says, parsed: ids, names, arguments, results.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rushlight {

enum class OpId : uint16_t {
#define MAP(id, schema, doc) id,
#define VIEW(id, schema, doc) id,
#define OP(id, schema, doc) id,
#define COMPOSITE(id, schema, doc) id,
#define FUNCTION(id, schema, doc) id,
#include "rushlight/core/op_list.h"
#undef MAP
#undef VIEW
#undef OP
#undef COMPOSITE
#undef FUNCTION
};

enum class OpKind : uint8_t { map, view, op, composite, function };

enum class ArgKind : uint8_t {
  tensor,
  tensor_or_none,
  tensors,
  real,
  integer,
  boolean,
  ints,
  dtype,
  text,
  slot,
  generator
};
constexpr bool is_tensor(ArgKind kind) { return kind <= ArgKind::tensors; }

struct Argument {
  std::string name;
  ArgKind kind = ArgKind::tensor;
  bool optional = false;  // may be None
  bool in_place = false;  // `!`: an in-place form writes its result here
  bool keyword_only = false;
  bool has_default = false;
  std::string default_text;  // as the schema writes it: None, 0.01, True, "mean"
};

struct Schema {
  OpId id{};
  OpKind kind{};
  std::string name;     // what people call: `max` for max_dim
  std::string id_name;  // max_dim
  std::string text;     // the schema as the list writes it
  std::string doc;
  std::vector<Argument> arguments;
  std::vector<std::string>
      outputs;                 // names; one called `tensors` stands for a list; empty: one unnamed result
  bool only_in_place = false;  // changes whole lists

  int tensor_count() const;  // arguments that are tensors or lists of tensors
  int attr_count() const;
  bool has_list() const;
};

int op_count();
const Schema& schema_of(OpId id);
std::string_view name_of(OpId id);  // its id: unique, stable in files
const OpId* find_op(std::string_view id_name);

}  // namespace rushlight
