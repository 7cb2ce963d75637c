// Backward: gradients flow from results to leaves, latest op first.
#pragma once

#include <optional>
#include <vector>

#include "rushlight/core/tensor.h"

namespace rushlight {

struct BackwardOptions {
  Tensor gradient{};                   // of the tensor itself; 1 for a tensor of one element
  std::optional<bool> retain_graph{};  // keep what the ops saved, for another backward; default: create_graph
  bool create_graph = false;           // record the gradients, to differentiate them again
  std::vector<Tensor> inputs{};        // accumulate into these only; default: every leaf
};

// The gradients of several tensors at once.
void backward(TensorList tensors, TensorList gradients = {}, const BackwardOptions& options = {});

struct GradOptions {
  std::vector<Tensor> grad_outputs{};
  std::optional<bool> retain_graph{};
  bool create_graph = false;
  bool allow_unused = false;  // an input that the outputs do not depend on gives an undefined tensor
};
// The gradients of outputs with respect to inputs, returned and not accumulated anywhere.
std::vector<Tensor> grad(TensorList outputs, TensorList inputs, const GradOptions& options = {});

}  // namespace rushlight
