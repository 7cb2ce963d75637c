// Value: a number that remembers what it was computed from, and can tell how it would change with it.
//
//   Value x = 3, y = 4;
//   Value z = x * y + tanh(x);
//   z.backward();
//   x.grad();  // dz/dx = y + 1 - tanh(x)^2
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rushlight/math/number.h"

namespace rushlight::scalar {

struct Node;

// How a number depends on one of those that it was computed from.
struct Edge {
  Node* parent;
  double slope;  // d child / d parent, known as soon as the child is
};

// One number of the graph; its edges lie right behind it. Parents are older than their children, so there are
// no cycles, and to count its owners is enough to know when a node dies.
struct Node {
  double data = 0;
  union {
    double grad = 0;    // d root / d this, written by backward
    Node* next_to_die;  // once nobody owns this node
  };
  const char* op = "";       // what computed it
  uint32_t edge_count = 0;   // none for a leaf
  uint32_t owners = 1;       // handles and children; not atomic: a graph belongs to one thread at a time
  uint32_t waiting_for = 0;  // children that have yet to pass their gradient on; zero outside of backward

  std::span<Edge> edges() { return {reinterpret_cast<Edge*>(this + 1), edge_count}; }
  std::span<const Edge> edges() const { return {reinterpret_cast<const Edge*>(this + 1), edge_count}; }
};

// A handle to a Node. Copies are names of one node, and `a = a + b` makes `a` the name of another. A node
// lives as long as a handle or a younger node needs it. A Value that was moved from can only be assigned to.
//
// Value is a number type of math/number.h, with bool for masks, so every formula of the library can be
// computed with it. The slopes here are written by hand and not taken from those formulas: they are the judge
// of their gradients.
class Value {
 public:
  static constexpr math::NumberKind kKind = math::NumberKind::any;
  using Mask = bool;

  Value(double data = 0);
  Value(const Value& other) noexcept : node_(other.node_) { ++node_->owners; }
  Value(Value&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Value& operator=(Value other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Value() {
    if (node_ && --node_->owners == 0) bury(node_);
  }

  double& data() const { return node_->data; }
  double& grad() const { return node_->grad; }
  const Node& node() const { return *node_; }

  // Writes d this / d node into the grad of every node that this one depends on. A leaf adds it to the grad
  // that it has, so that several losses can share it, until zero_grad; all other nodes start anew.
  void backward() const;

  friend Value operator+(const Value& a, const Value& b);
  friend Value operator-(const Value& a, const Value& b);
  friend Value operator*(const Value& a, const Value& b);
  friend Value operator/(const Value& a, const Value& b);
  friend Value operator-(const Value& x);
  Value& operator+=(const Value& b) { return *this = *this + b; }
  Value& operator-=(const Value& b) { return *this = *this - b; }
  Value& operator*=(const Value& b) { return *this = *this * b; }
  Value& operator/=(const Value& b) { return *this = *this / b; }

  friend Value sum(std::span<const Value> terms);
  friend Value dot(std::span<const Value> a, std::span<const Value> b);

  friend std::partial_ordering operator<=>(const Value& a, const Value& b) { return a.data() <=> b.data(); }
  friend bool operator==(const Value& a, const Value& b) { return a.data() == b.data(); }
  friend Value select(bool mask, const Value& yes, const Value& no) { return mask ? yes : no; }

  friend Value relu(const Value& x);
  friend Value sigmoid(const Value& x);

  // The rest of the vocabulary of math/number.h. Slopes at kinks are PyTorch's.
  friend Value exp(const Value& x);
  friend Value exp2(const Value& x);
  friend Value expm1(const Value& x);
  friend Value log(const Value& x);
  friend Value log2(const Value& x);
  friend Value log10(const Value& x);
  friend Value log1p(const Value& x);
  friend Value sqrt(const Value& x);
  friend Value sin(const Value& x);
  friend Value cos(const Value& x);
  friend Value tan(const Value& x);
  friend Value asin(const Value& x);
  friend Value acos(const Value& x);
  friend Value atan(const Value& x);
  friend Value sinh(const Value& x);
  friend Value cosh(const Value& x);
  friend Value tanh(const Value& x);
  friend Value asinh(const Value& x);
  friend Value acosh(const Value& x);
  friend Value atanh(const Value& x);
  friend Value erf(const Value& x);
  friend Value erfc(const Value& x);
  friend Value erfinv(const Value& x);
  friend Value lgamma(const Value& x);
  friend Value digamma(const Value& x);
  friend Value abs(const Value& x);
  friend Value floor(const Value& x);
  friend Value ceil(const Value& x);
  friend Value trunc(const Value& x);
  friend Value round(const Value& x);
  friend Value polygamma(double n, const Value& x);
  friend Value pow(const Value& base, const Value& exponent);
  friend Value fmod(const Value& a, const Value& b);
  friend Value atan2(const Value& y, const Value& x);
  friend Value hypot(const Value& a, const Value& b);
  friend Value copysign(const Value& size, const Value& sign);
  friend Value nextafter(const Value& x, const Value& towards);
  friend Value min(const Value& a, const Value& b);
  friend Value max(const Value& a, const Value& b);

 private:
  friend class Backward;

  // A new node for what `op` computed. The second leaves the edges to its caller.
  Value(const char* op, double data, std::initializer_list<Edge> edges);
  Value(const char* op, double data, size_t edge_count);

  static void bury(Node* node) noexcept;

  Node* node_;
};

// Sums of any length are one node: fast to walk, and easy to draw.
Value sum(std::span<const Value> terms);
// Throws Error(value) unless there are as many numbers in `a` as in `b`.
Value dot(std::span<const Value> a, std::span<const Value> b);

void zero_grad(std::span<const Value> values);

// "Value(data=2.0, grad=0.5)"; also a piece of an error's message.
std::string to_string(const Value& value);
void append_text(std::string& text, const Value& value);

// Backward in slow motion, for whoever wants to watch.
class Backward {
 public:
  explicit Backward(const Value& root);
  // Takes the steps that are left.
  ~Backward();
  Backward(const Backward&) = delete;
  Backward& operator=(const Backward&) = delete;

  // Passes the gradient of one node on to its parents, and returns the node; nullptr when all have had their
  // turn. A node's turn comes when it has heard from all of its children.
  const Node* step();

 private:
  Value root_;
  std::vector<Node*> ready_;
};

}  // namespace rushlight::scalar
