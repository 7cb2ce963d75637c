#include "rushlight/engine/draw.h"

#include <cstdio>
#include <unordered_map>
#include <vector>

#include "rushlight/engine/node.h"

namespace rushlight {

namespace {

std::string labelled(const char* label, const Tensor& tensor) {
  std::string text = std::string(label) + ' ';
  if (tensor.numel() != 1) {
    append_text(text, tensor);
    return text;
  }
  char number[32];
  std::snprintf(number, sizeof number, "%.4g", tensor.item<double>());
  return text + number;
}

// A tensor that somebody named, or the root: what the tape alone does not know of a node.
struct Known {
  Tensor tensor;
  std::string name;
};

std::vector<std::string> lines_of(const Node& node, const Known& known) {
  std::string title = node.name();
  if (!known.name.empty()) title = node.is_leaf() ? known.name : known.name + " = " + title;
  std::vector<std::string> lines = {title};
  if (known.tensor.defined()) lines.push_back(labelled("data", known.tensor));
  Tensor grad = known.tensor.defined() ? known.tensor.grad() : Tensor();
  if (node.is_leaf()) grad = static_cast<const Leaf&>(node).grad;
  if (grad.defined()) lines.push_back(labelled("grad", grad));
  return lines;
}

}  // namespace

GraphDrawing draw(const Tensor& root, std::span<const TensorName> names) {
  GraphDrawing graph;
  Edge start = edge_of(root);
  if (!start) fail(ErrorKind::runtime, "[draw] the tensor does not require grad: there is no tape behind it");
  std::unordered_map<const Node*, Known> known;
  known[start.node.get()].tensor = root;
  for (const auto& [tensor, text] : names)
    if (Edge edge = edge_of(tensor)) known[edge.node.get()] = {tensor, text};

  std::unordered_map<const Node*, int> id_of;
  std::vector<const Node*> found;
  const auto id = [&](const Node* node) {
    const auto [entry, is_new] = id_of.try_emplace(node, graph.nodes.size());
    if (is_new) {
      found.push_back(node);
      graph.add_node(lines_of(*node, known[node]));
    }
    return entry->second;
  };
  id(start.node.get());
  for (size_t i = 0; i < found.size(); ++i)
    for (const Edge& edge : found[i]->edges())
      if (edge) graph.add_edge(id(edge.node.get()), static_cast<int>(i));
  return graph;
}

}  // namespace rushlight
