// A pickle as data: what Python's unpickler would build, written down instead of built. Nothing is executed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rushlight::io {

// A value of Python's. Children are places in Pickle::nodes, so that shared and even cyclic values are no
// matter.
struct PickleNode {
  enum class Kind : uint8_t {
    none,
    boolean,
    integer,
    real,
    text,
    bytes,
    tuple,
    list,
    dict,        // key, value, key, value ...; an OrderedDict too
    global,      // text: "collections.OrderedDict"
    call,        // a global and the tuple of its arguments: not called
    persistent,  // one child: what the file's owner knows it by
  };
  Kind kind = Kind::none;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<uint32_t> children;
};

struct Pickle {
  std::vector<PickleNode> nodes;
  uint32_t root = 0;
};

// Reads protocols 2 to 5, as far as data need them. Throws on a global that `allowed` does not list, and says
// its name; the state that an object is built with is dropped.
Pickle read_pickle(std::string_view bytes, std::span<const std::string_view> allowed);

}  // namespace rushlight::io
