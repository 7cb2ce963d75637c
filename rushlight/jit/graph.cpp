#include "rushlight/jit/graph.h"

#include <algorithm>
#include <cstring>

#include "rushlight/engine/op_costs.h"

namespace rushlight {

std::string node_name(const GraphNode& node) { return computation_name(node.op, node.part); }

namespace {

// -- text

void append_number(std::string& text, const GraphBuffer& buffer) {
  visit(buffer.dtype, [&](auto tag) {
    typename decltype(tag)::type number;
    std::memcpy(&number, buffer.content.data(), sizeof number);
    if constexpr (std::is_same_v<decltype(number), Half> || std::is_same_v<decltype(number), BFloat16>)
      append_text(text, static_cast<double>(static_cast<float>(number)));
    else if constexpr (std::is_floating_point_v<decltype(number)>)
      append_text(text, static_cast<double>(number));
    else
      append_text(text, number);
  });
}

class Printer {
 public:
  Printer(std::string& text, const Graph& graph)
      : text_(text), graph_(graph), buffer_names_(graph.buffers.size()), value_names_(graph.values.size()) {}

  void print() {
    name_buffers("a", BufferKind::argument);
    name_buffers("p", BufferKind::captured);
    name_buffers("c", BufferKind::constant);
    name_gradients();
    for (const GraphNode& node : graph_.nodes) print_node(node);
    for (ValueId result : graph_.results) show(result);
    put("return");
    list(graph_.results, " ");
    put("\n");
    print_gradients();
  }

 private:
  template <class... Parts>
  void put(const Parts&... parts) {
    (append_text(text_, parts), ...);
  }

  // What a buffer holds before the first node, with the shape it is first seen in.
  void name_buffers(const char* letter, BufferKind kind) {
    size_t count = 0;
    for (size_t b = 0; b < graph_.buffers.size(); ++b) {
      const GraphBuffer& buffer = graph_.buffers[b];
      if (buffer.kind != kind) continue;
      if (buffer.is_number) {
        append_number(buffer_names_[b], buffer);
        continue;
      }
      buffer_names_[b] = letter + std::to_string(count++);
      auto value =
          std::find_if(graph_.values.begin(), graph_.values.end(), [&](auto& v) { return v.buffer == b; });
      if (value == graph_.values.end()) continue;
      put(buffer_names_[b], ": ", value->dtype, " ", value->layout.shape(), "\n");
    }
  }
  void name_gradients() {
    for (size_t b = 0; b < graph_.buffers.size(); ++b)
      if (graph_.buffers[b].kind == BufferKind::gradient)
        buffer_names_[b] = buffer_names_[graph_.buffers[b].source] + ".grad";
  }

  // Where a value is not the result of a node: the buffer itself, or the same memory through another layout.
  void show(ValueId id) {
    if (id == kNoValue || !value_names_[id].empty()) return;
    const GraphValue& value = graph_.values[id];
    const std::string& whole = current_name(value);
    if (!whole.empty() && is_first_of_version(id)) {
      value_names_[id] = whole;
      return;
    }
    std::string base = whole.empty() ? buffer_names_[value.buffer] : whole;
    define(id);
    put(" = alias(", base, ", stride=", value.layout.strides(), ", storage_offset=", value.layout.offset(),
        ")\n");
  }
  bool is_first_of_version(ValueId id) const {
    const GraphValue& value = graph_.values[id];
    for (ValueId other = 0; other < id; ++other)
      if (graph_.values[other].buffer == value.buffer && graph_.values[other].version == value.version)
        return false;
    return true;
  }
  // The name of the memory as a whole at the value's version.
  const std::string& current_name(const GraphValue& value) const {
    if (value.version == 0) return buffer_names_[value.buffer];
    for (size_t other = 0; other < graph_.values.size(); ++other)
      if (graph_.values[other].buffer == value.buffer && graph_.values[other].version == value.version)
        return value_names_[other];
    return buffer_names_[value.buffer];
  }

  void define(ValueId id) {
    value_names_[id] = "%" + std::to_string(next_name_++);
    put(value_names_[id], ": ", graph_.values[id].dtype, " ", graph_.values[id].layout.shape());
  }
  void list(const std::vector<ValueId>& values, const char* separator) {
    for (ValueId id : values) {
      put(separator, id == kNoValue ? "None" : value_names_[id].c_str());
      separator = ", ";
    }
  }

  bool in_place(const GraphNode& node) const {
    for (ValueId out : node.outputs)
      for (ValueId in : node.inputs)
        if (out != kNoValue && in != kNoValue && !node.is_view &&
            graph_.values[out].buffer == graph_.values[in].buffer)
          return true;
    return false;
  }

  void print_node(const GraphNode& node) {
    for (ValueId input : node.inputs) show(input);
    const char* separator = "";
    for (ValueId output : node.outputs) {
      if (output == kNoValue) continue;
      if (node.is_view && !value_names_[output].empty()) return;  // seen before
      put(separator);
      define(output);
      separator = ", ";
    }
    put(" = ", node_name(node), in_place(node) ? "_(" : "(");
    list(node.inputs, "");
    print_attrs(node);
    put(")\n");
  }
  void print_attrs(const GraphNode& node) {
    const char* separator = node.inputs.empty() ? "" : ", ";
    size_t next = 0;
    for (const Argument& argument : schema_of(node.op).arguments) {
      if (is_tensor(argument.kind) || next == node.attrs.size()) continue;
      const Attr& attr = node.attrs[next++];
      if (!attr.given()) continue;
      put(separator, argument.name, "=", attr);
      separator = ", ";
    }
  }
  void print_gradients() {
    for (const LeafGradient& gradient : graph_.gradients) {
      if (!gradient.is_replaced) continue;
      show(gradient.after);
      put(buffer_names_[gradient.leaf], ".grad =");
      list({gradient.after}, " ");
      put("\n");
    }
  }

  std::string& text_;
  const Graph& graph_;
  std::vector<std::string> buffer_names_, value_names_;
  size_t next_name_ = 0;
};

// -- comparison

// A slot made inside the function is a plain number.
bool same_attr(const Attr& a, const Attr& b) {
  if (a == b) return true;
  return a.kind() == Attr::Kind::slot && b.kind() == Attr::Kind::slot && a.as_real() == b.as_real();
}

class Comparison {
 public:
  Comparison(const Graph& first, const Graph& second) : first_(first), second_(second) {}

  std::string difference() const {
    size_t count = std::min(first_.nodes.size(), second_.nodes.size());
    for (size_t i = 0; i < count; ++i) {
      std::string what = compare(first_.nodes[i], second_.nodes[i]);
      if (!what.empty())
        return join_text("op ", i, " of the recording, ", node_name(first_.nodes[i]), ": ", what);
    }
    if (first_.nodes.size() != second_.nodes.size())
      return join_text("one recording ends after ", count, " ops, the other goes on with ",
                       node_name((first_.nodes.size() > count ? first_ : second_).nodes[count]));
    if (!same_values(first_.results, second_.results)) return "other tensors are returned";
    return compare_gradients();
  }

 private:
  std::string compare(const GraphNode& a, const GraphNode& b) const {
    if (a.op != b.op || a.part != b.part) return join_text("the second time it is ", node_name(b));
    if (a.inputs.size() != b.inputs.size())
      return join_text("it had ", a.inputs.size(), " inputs and now has ", b.inputs.size());
    for (size_t i = 0; i < a.attrs.size(); ++i)
      if (!same_attr(a.attrs[i], b.attrs[i])) return attr_changed(attr_name(a, i), a.attrs[i], b.attrs[i]);
    for (size_t i = 0; i < a.inputs.size(); ++i) {
      std::string what = compare(a.inputs[i], b.inputs[i]);
      if (!what.empty()) return join_text("its input ", i, " ", what);
    }
    return same_values(a.outputs, b.outputs) ? "" : "its results go elsewhere";
  }
  static std::string attr_changed(const std::string& name, const Attr& a, const Attr& b) {
    if (a.kind() == Attr::Kind::generator && b.kind() == a.kind())
      return join_text("its argument '", name, "' is another Generator; make it before the call");
    if (a.kind() == Attr::Kind::slot && b.kind() == a.kind())
      return join_text("its argument '", name, "' was ", a.as_real(), " and is now ", b.as_real(),
                       "; pass a Slot that is made before the call");
    return join_text("its argument '", name, "' was ", a, " and is now ", b,
                     "; pass what changes as a tensor where the op takes one, or as an argument");
  }
  static std::string attr_name(const GraphNode& node, size_t attr) {
    for (const Argument& argument : schema_of(node.op).arguments)
      if (!is_tensor(argument.kind) && attr-- == 0) return argument.name;
    return {};
  }

  std::string compare(ValueId x, ValueId y) const {
    if (x == kNoValue || y == kNoValue) return x == y ? "" : "is given only once";
    const GraphValue &a = first_.values[x], &b = second_.values[y];
    const GraphBuffer &p = first_.buffers[a.buffer], &q = second_.buffers[b.buffer];
    if (a.dtype != b.dtype || !a.layout.same_shape(b.layout))
      return join_text("was ", a.dtype, " ", a.layout.shape(), " and is now ", b.dtype, " ",
                       b.layout.shape());
    if (p.kind == BufferKind::constant && q.kind == BufferKind::constant && p.content != q.content)
      return constant_changed(p, q);
    return x == y && same_value(a, b) && p.kind == q.kind && p.source == q.source && p.bytes == q.bytes
               ? ""
               : "is another tensor";
  }
  static std::string constant_changed(const GraphBuffer& a, const GraphBuffer& b) {
    if (!a.is_number || !b.is_number)
      return join_text("is a ", a.dtype,
                       " constant made by host code whose content changed; pass it as an argument");
    std::string text = "is a constant that was ";
    append_number(text, a);
    text += " and is now ";
    append_number(text, b);
    return text + "; pass what changes as a tensor";
  }
  static bool same_value(const GraphValue& a, const GraphValue& b) {
    return a.buffer == b.buffer && a.version == b.version && a.layout == b.layout;
  }
  bool same_values(const std::vector<ValueId>& x, const std::vector<ValueId>& y) const {
    if (x != y) return false;
    for (ValueId id : x)
      if (id != kNoValue && !same_value(first_.values[id], second_.values[id])) return false;
    return true;
  }

  std::string compare_gradients() const {
    auto same = [](const LeafGradient& a, const LeafGradient& b) {
      return a.leaf == b.leaf && a.is_read == b.is_read && a.is_replaced == b.is_replaced &&
             a.after == b.after;
    };
    return std::equal(first_.gradients.begin(), first_.gradients.end(), second_.gradients.begin(),
                      second_.gradients.end(), same)
               ? ""
               : "other gradients are left behind";
  }

  const Graph &first_, &second_;
};

}  // namespace

void append_text(std::string& text, const Graph& graph) { Printer(text, graph).print(); }
std::string first_difference(const Graph& first, const Graph& second) {
  return Comparison(first, second).difference();
}

}  // namespace rushlight
