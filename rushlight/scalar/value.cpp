#include "rushlight/scalar/value.h"

#include <new>

#include "rushlight/base/error.h"
#include "rushlight/base/memory.h"

namespace rushlight::scalar {

namespace {

constexpr size_t node_bytes(size_t edge_count) { return sizeof(Node) + edge_count * sizeof(Edge); }

Node* new_node(const char* op, double data, size_t edge_count) {
  auto* node = new (allocate_memory(node_bytes(edge_count))) Node;
  node->op = op;
  node->data = data;
  node->edge_count = static_cast<uint32_t>(edge_count);
  return node;
}

Edge owning_edge(Node* parent, double slope) {
  ++parent->owners;
  return {parent, slope};
}

}  // namespace

Value::Value(double data) : node_(new_node("", data, 0)) {}

Value::Value(const char* op, double data, size_t edge_count) : node_(new_node(op, data, edge_count)) {}

Value::Value(const char* op, double data, std::initializer_list<Edge> edges) : Value(op, data, edges.size()) {
  Edge* next = node_->edges().data();
  for (const auto& [parent, slope] : edges) *next++ = owning_edge(parent, slope);
}

// A list and no recursion: with a node may die its parents, and theirs, for a million generations.
void Value::bury(Node* node) noexcept {
  node->next_to_die = nullptr;
  while (node) {
    Node* next = node->next_to_die;
    for (const auto& [parent, slope] : node->edges()) {
      if (--parent->owners > 0) continue;
      parent->next_to_die = next;
      next = parent;
    }
    free_memory(node, node_bytes(node->edge_count));
    node = next;
  }
}

void Value::backward() const {
  Backward walk(*this);
  while (walk.step()) {
  }
}

// Counts the children of every node that the root depends on.
Backward::Backward(const Value& root) : root_(root), ready_{root.node_} {
  while (!ready_.empty()) {
    Node* node = ready_.back();
    ready_.pop_back();
    if (node->edge_count > 0) node->grad = 0;
    for (const auto& [parent, slope] : node->edges())
      if (parent->waiting_for++ == 0) ready_.push_back(parent);
  }
  root.grad() += 1;
  ready_.push_back(root.node_);
}

Backward::~Backward() {
  while (step()) {
  }
}

const Node* Backward::step() {
  if (ready_.empty()) return nullptr;
  Node* node = ready_.back();
  ready_.pop_back();
  for (const auto& [parent, slope] : node->edges()) {
    parent->grad += slope * node->grad;
    if (--parent->waiting_for == 0) ready_.push_back(parent);
  }
  return node;
}

Value sum(std::span<const Value> terms) {
  Value total("sum", 0, terms.size());
  Edge* next = total.node_->edges().data();
  for (const Value& term : terms) {
    total.data() += term.data();
    *next++ = owning_edge(term.node_, 1);
  }
  return total;
}

Value dot(std::span<const Value> a, std::span<const Value> b) {
  if (a.size() != b.size()) fail(ErrorKind::value, "[dot] ", a.size(), " numbers against ", b.size());
  Value total("dot", 0, 2 * a.size());
  Edge* next = total.node_->edges().data();
  for (size_t i = 0; i < a.size(); ++i) {
    total.data() += a[i].data() * b[i].data();
    *next++ = owning_edge(a[i].node_, b[i].data());
    *next++ = owning_edge(b[i].node_, a[i].data());
  }
  return total;
}

void zero_grad(std::span<const Value> values) {
  for (const Value& value : values) value.grad() = 0;
}

void append_text(std::string& text, const Value& value) {
  text += join_text("Value(data=", value.data(), ", grad=", value.grad(), ")");
}

std::string to_string(const Value& value) { return join_text(value); }

}  // namespace rushlight::scalar
