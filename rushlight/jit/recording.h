// Recording: a graph, and how its outer buffers meet live tensors: arguments, captured tensors, gradients.
#pragma once

#include <string>
#include <vector>

#include "rushlight/engine/context.h"
#include "rushlight/engine/op_def.h"
#include "rushlight/jit/graph.h"

namespace rushlight {

// What a graph takes for granted about an argument; its offset may differ from call to call.
struct ArgumentSpec {
  Layout layout;
  DType dtype{};
  bool is_defined = false, is_weak = false, requires_grad = false;
  uint32_t buffer = 0;
};

// A tensor that existed before the call. Each replay reads its storage anew, so `p.data = t` works.
struct CapturedTensor {
  Tensor tensor;
  Layout layout;
  DType dtype{};
  bool requires_grad = false;
  uint32_t buffer = 0;
  const Storage* storage = nullptr;  // at the recording: where it is another one, more is checked
  std::vector<Tensor> aliases;       // others that shared its storage, and must still do so
};

// The tensor that an entry of graph.gradients speaks of: held, or an argument.
struct LeafSource {
  Tensor tensor;
  size_t argument = 0;
};

struct Recording {
  Graph graph;
  std::vector<ArgumentSpec> arguments;
  std::vector<CapturedTensor> captured;
  std::vector<LeafSource> leaves;
  bool grad_mode = true, inference_mode = false;
  const Backend* backend = nullptr;
  DType default_dtype{};

  // Why the graph is not right for a call with these arguments now; null: it is.
  const char* mismatch(Inputs now) const;
  // The leaf of graph.gradients[i] in a call with these arguments.
  const Tensor& leaf(size_t i, Inputs now) const {
    return leaves[i].tensor.defined() ? leaves[i].tensor : now[leaves[i].argument];
  }

 private:
  const char* argument_mismatch(Inputs now) const;
  const char* captured_mismatch() const;
  const char* sharing_mismatch(Inputs now) const;
  const char* gradient_mismatch(Inputs now) const;
};

// In words, what differs first between two recordings of one function; empty if nothing does.
std::string first_difference(const Recording& first, const Recording& second);

}  // namespace rushlight
