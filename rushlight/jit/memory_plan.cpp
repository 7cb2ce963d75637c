#include "rushlight/jit/memory_plan.h"

#include <algorithm>

namespace rushlight {

namespace {

constexpr size_t kAlignment = 64;

struct Life {
  uint32_t buffer;
  size_t bytes;
  size_t first, last;  // nodes
  size_t offset = 0;
};

void mark_escapes(const Graph& graph, std::vector<bool>& escapes) {
  auto mark = [&](ValueId id) {
    if (id == kNoValue) return;
    uint32_t buffer = graph.values[id].buffer;
    BufferKind kind = graph.buffers[buffer].kind;
    escapes[buffer] = kind == BufferKind::intermediate || kind == BufferKind::constant;
  };
  for (ValueId id : graph.results) mark(id);
  for (const LeafGradient& gradient : graph.gradients) mark(gradient.after);
}

std::vector<Life> lives_of(const Graph& graph, const std::vector<bool>& escapes) {
  std::vector<Life> lives;
  std::vector<size_t> index(graph.buffers.size());
  for (uint32_t b = 0; b < graph.buffers.size(); ++b) {
    index[b] = lives.size();
    if (graph.buffers[b].kind == BufferKind::intermediate && !escapes[b])
      lives.push_back({b, std::max<size_t>(graph.buffers[b].bytes, 1), graph.nodes.size(), 0});
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    auto touch = [&](ValueId id) {
      if (id == kNoValue) return;
      uint32_t b = graph.values[id].buffer;
      if (index[b] == lives.size() || lives[index[b]].buffer != b) return;
      Life& life = lives[index[b]];
      life.first = std::min(life.first, n);
      life.last = n;
    };
    for (ValueId id : graph.nodes[n].inputs) touch(id);
    for (ValueId id : graph.nodes[n].outputs) touch(id);
  }
  return lives;
}

bool meet(const Life& a, const Life& b) { return a.first <= b.last && b.first <= a.last; }

// The lowest place where `life` meets none of those already placed.
size_t free_place(const Life& life, const std::vector<Life>& placed) {
  std::vector<const Life*> neighbours;
  for (const Life& other : placed)
    if (meet(life, other)) neighbours.push_back(&other);
  std::sort(neighbours.begin(), neighbours.end(), [](auto* a, auto* b) { return a->offset < b->offset; });
  size_t place = 0;
  for (const Life* other : neighbours) {
    if (place + life.bytes <= other->offset) break;
    place = std::max(place, (other->offset + other->bytes + kAlignment - 1) & ~(kAlignment - 1));
  }
  return place;
}

}  // namespace

// The largest first, each as low as it fits.
MemoryPlan plan_memory(const Graph& graph) {
  MemoryPlan plan;
  plan.offsets.assign(graph.buffers.size(), MemoryPlan::kOutside);
  plan.escapes.assign(graph.buffers.size(), false);
  mark_escapes(graph, plan.escapes);
  std::vector<Life> lives = lives_of(graph, plan.escapes);
  std::sort(lives.begin(), lives.end(),
            [](auto& a, auto& b) { return a.bytes != b.bytes ? a.bytes > b.bytes : a.buffer < b.buffer; });
  std::vector<Life> placed;
  for (Life& life : lives) {
    life.offset = free_place(life, placed);
    placed.push_back(life);
    plan.offsets[life.buffer] = life.offset;
    plan.bytes = std::max(plan.bytes, life.offset + life.bytes);
  }
  return plan;
}

}  // namespace rushlight
