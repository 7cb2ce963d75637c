// What the op list says, parsed: ids, names, arguments, results.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
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

// The kind of each op, and each MAP op's position among the MAP ops (-1 for others), known at compile time.
inline constexpr OpKind kOpKinds[] = {
#define MAP(id, schema, doc) OpKind::map,
#define VIEW(id, schema, doc) OpKind::view,
#define OP(id, schema, doc) OpKind::op,
#define COMPOSITE(id, schema, doc) OpKind::composite,
#define FUNCTION(id, schema, doc) OpKind::function,
#include "rushlight/core/op_list.h"
#undef MAP
#undef VIEW
#undef OP
#undef COMPOSITE
#undef FUNCTION
};
inline constexpr int kOpCount = static_cast<int>(std::size(kOpKinds));
inline constexpr auto kMapIndex = [] {
  std::array<int16_t, kOpCount> index{};
  int16_t next = 0;
  for (size_t i = 0; i < index.size(); ++i) index[i] = kOpKinds[i] == OpKind::map ? next++ : int16_t{-1};
  return index;
}();
constexpr int map_index(OpId id) { return kMapIndex[static_cast<size_t>(id)]; }

enum class ArgKind : uint8_t {
  tensor,
  tensor_or_none,
  tensors,
  real,
  integer,
  boolean,
  ints,
  reals,
  dtype,
  text,
  slot,
  generator
};
constexpr bool is_tensor(ArgKind kind) { return kind <= ArgKind::tensors; }

struct Argument {
  std::string name;
  ArgKind kind = ArgKind::tensor;
  bool optional = false;        // may be None
  bool optional_items = false;  // of a list: items may be None
  bool in_place = false;        // `!`: an in-place form writes its result here
  bool keyword_only = false;
  bool has_default = false;
  std::string default_text;  // as the schema writes it: None, 0.01, True, "mean"
};

struct Schema {
  OpId id{};
  OpKind kind{};
  std::string name;                  // what people call: `max` for max_dim
  std::vector<std::string> aliases;  // other names for the same: `absolute` for abs
  std::string id_name;               // max_dim
  std::string takes;                 // the dtypes in brackets: "floats", "int64"; empty: any
  std::string text;                  // the rest of the schema, as the list writes it
  std::string doc;
  std::vector<Argument> arguments;
  // Names of the results; one called `tensors` stands for a list; empty: one unnamed result.
  std::vector<std::string> outputs;
  std::vector<std::string> asked_by;  // beside each output the argument that asks for it; "": always there
  bool returns_bool = false;          // true or false, and no tensor
  bool only_in_place = false;         // changes whole lists

  // The attribute that asks for output i; -1: it is always there.
  int asking_attr(size_t i) const;

  int tensor_count() const;  // arguments that are tensors or lists of tensors
  int attr_count() const;
  bool has_list() const;
};

constexpr int op_count() { return kOpCount; }
const Schema& schema_of(OpId id);
std::string_view name_of(OpId id);  // its id: unique, stable in files
const OpId* find_op(std::string_view id_name);

}  // namespace rushlight
