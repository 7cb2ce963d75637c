#include "rushlight/scalar/draw.h"

#include <cstdio>
#include <unordered_map>
#include <vector>

namespace rushlight::scalar {

namespace {

std::string labelled(const char* label, double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%s %.4g", label, value);
  return text;
}

std::string title_of(const Node& node, const std::string& name) {
  if (name.empty()) return node.edges().empty() ? "value" : node.op;
  return node.edges().empty() ? name : name + " = " + node.op;
}

}  // namespace

GraphDrawing draw(const Value& root, std::span<const Name> names) {
  std::unordered_map<const Node*, std::string> name_of;
  for (const auto& [value, text] : names) name_of[&value.node()] = text;

  GraphDrawing graph;
  std::unordered_map<const Node*, int> id_of;
  std::vector<const Node*> found;
  const auto id = [&](const Node* node) {
    const auto [entry, is_new] = id_of.try_emplace(node, graph.nodes.size());
    if (is_new) {
      found.push_back(node);
      graph.add_node(
          {title_of(*node, name_of[node]), labelled("data", node->data), labelled("grad", node->grad)});
    }
    return entry->second;
  };
  id(&root.node());
  for (size_t i = 0; i < found.size(); ++i)
    for (const auto& [parent, slope] : found[i]->edges()) graph.add_edge(id(parent), static_cast<int>(i));
  return graph;
}

}  // namespace rushlight::scalar
