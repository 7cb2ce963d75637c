// Graph: a recorded run as plain data: nodes that read and write values. As text, one line per op:
//
//   a0: float32 (32, 64)                           an argument
//   p0: float32 (10, 64)                           a tensor that existed before: read anew at every replay
//   c0: int64 (1, 10)                              memory that host code filled: the same at every call
//   %0: float32 (32, 10) = linear(a0, p0, p1)
//   %1: float32 (64, 10) = transpose(p0, dim0=0, dim1=1)
//   %2: float32 (32, 10) = mul(%0, 0.5)            plain numbers stand in their place
//   %3: float32 (10,) = add_(p1, %2)               in place: p1 holds %3 from here on
//   return %0
//   p0.grad = %7                                   also an operand's name: the gradient that was there before
//
// Names count up in the order of the lines, so two recordings of one function print alike.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rushlight/backend/kernel_args.h"

namespace rushlight {

enum class BufferKind : uint8_t {
  argument,
  captured,      // existed before the call and is no argument
  gradient,      // the .grad that a leaf had before the call
  constant,      // made inside by host code: a plain number, a table of positions
  intermediate,  // made by an op
};

struct GraphBuffer {
  BufferKind kind{};
  bool is_number = false;  // a constant that was a plain number
  DType dtype{};           // as it was first seen
  size_t bytes = 0;
  uint32_t source = 0;             // which argument, which captured tensor; gradient: the buffer of its leaf
  std::vector<std::byte> content;  // constant
};

using ValueId = uint32_t;
inline constexpr ValueId kNoValue = ~ValueId{0};  // an argument that was not given

// A buffer at a version, seen through a layout. Each write makes a new version, so values are SSA.
struct GraphValue {
  uint32_t buffer = 0;
  uint32_t version = 0;  // how many nodes wrote the buffer before
  DType dtype{};
  Layout layout;  // offsets count from the start of the storage, or of the argument
};

struct GraphNode {
  OpId op{};
  Part part{};
  bool is_view = false;  // nothing to compute
  std::vector<Attr> attrs;
  std::vector<ValueId> inputs, outputs;
};

// What becomes of the gradient of a leaf.
struct LeafGradient {
  uint32_t leaf = 0;         // the leaf's buffer
  bool was_defined = false;  // there was one before the call
  bool is_read = false;      // the graph is right only where that is so again
  bool is_replaced = false;
  Layout layout;             // of the one before, if it was defined
  uint32_t buffer = 0;       // its memory, if it was defined and is_read
  ValueId after = kNoValue;  // the new one, if is_replaced; none: undefined
};

struct Graph {
  std::vector<GraphBuffer> buffers;
  std::vector<GraphValue> values;
  std::vector<GraphNode> nodes;
  std::vector<ValueId> results;
  std::vector<LeafGradient> gradients;
};

void append_text(std::string& text, const Graph& graph);
// The op of a node as messages call it: "gelu", "gelu.grad0", "layer_norm.backward".
std::string node_name(const GraphNode& node);
// What differs first between two recordings of one function, in words; empty if nothing does.
std::string first_difference(const Graph& first, const Graph& second);

}  // namespace rushlight
