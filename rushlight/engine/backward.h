// Backward: gradients flow from results to leaves, latest op first.
#pragma once

#include <memory>
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

class BackwardPass;
class Node;

// Backward in slow motion, for whoever wants to watch. A walk that is abandoned forgets what is under way.
class Backward {
 public:
  explicit Backward(const Tensor& root, const Tensor& gradient = {});
  ~Backward();
  Backward(const Backward&) = delete;
  Backward& operator=(const Backward&) = delete;

  // Passes the gradients of one node on, and returns the node, which lives as long as the tensor does;
  // nullptr when all have had their turn.
  const Node* step();

 private:
  Tensor root_;
  std::unique_ptr<BackwardPass> pass_;
};

struct GradOptions {
  std::vector<Tensor> grad_outputs{};
  std::optional<bool> retain_graph{};
  bool create_graph = false;
  bool allow_unused = false;  // an input that the outputs do not depend on gives an undefined tensor
};
// The gradients of outputs with respect to inputs, returned and not accumulated anywhere.
std::vector<Tensor> grad(TensorList outputs, TensorList inputs, const GradOptions& options = {});

}  // namespace rushlight
