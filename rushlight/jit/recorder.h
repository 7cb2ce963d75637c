// Recorder: an interpreter that runs ops eagerly and writes down what it saw.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "rushlight/core/watch.h"
#include "rushlight/engine/interpreter.h"
#include "rushlight/jit/recording.h"

namespace rushlight {

// It owns no memory that is made inside the call. So what runs is what would run without it (gradients are
// added in place where nobody else holds them), and what is alive in the end has outlived the call.
class Recorder final : public Interpreter, private Watch {
 public:
  explicit Recorder(Inputs arguments);

  // While it lives, this thread's ops are recorded.
  class Scope {
   public:
    explicit Scope(Recorder& recorder)
        : interpreter_(context().interpreter, &recorder), watch_(internal::thread_watch, &recorder) {}

   private:
    Scoped<Interpreter*> interpreter_;
    Scoped<Watch*> watch_;
  };

  // In the scope: what the function returned, as it returned it.
  void note_results(const Results& results);
  // After the scope. Throws where a replay could not do what the function did: a tensor that was made inside
  // outlived the call and is no result, or one from outside is not the same object of memory as before.
  Recording finish(const Results& results);

 private:
  struct LeafState {
    Tensor tensor;
    Tensor before;  // its gradient when it was first seen
    LeafGradient gradient;
    bool is_settled = false;  // the gradient was replaced: from there on the former one does not matter
  };

  void run(OpCall& call) override;
  bool run_fused(OpCall& call) override;
  void note_view(const OpCall& call, const Tensor& result) override;

  void storage_made(const Storage& storage) override { fresh_.insert(&storage); }
  void storage_freed(const Storage& storage) noexcept override;
  void elements_touched(const Tensor& tensor, const char* how) override;
  void grad_touched(const Tensor& tensor, bool replaced) override;
  void memory_shared(const Tensor& tensor, const Storage& shared) override;

  // -- nodes
  GraphNode node_of(const OpCall& call);
  void add_written(GraphNode node, const OpCall& call);
  ValueId read(const Tensor& tensor);
  ValueId write(const Tensor& tensor);
  ValueId find_value(uint32_t buffer, const Tensor& tensor);
  int64_t start_of(uint32_t buffer) const;

  // -- buffers
  uint32_t add_buffer(BufferKind kind, const Tensor& tensor, uint32_t source = 0);
  uint32_t buffer_of(const Tensor& tensor);
  uint32_t add_constant(const Tensor& tensor);
  uint32_t capture(const Tensor& tensor);
  bool is_outer(uint32_t buffer) const;
  void note_alias(uint32_t buffer, const Tensor& tensor);

  // -- leaves
  LeafState* see_leaf(const Tensor& tensor);
  bool is_touched(const LeafState& leaf) const;
  void finish_leaf(LeafState& leaf);

  void refuse_survivors(const Results& results) const;
  void refuse_changes() const;

  Recording recording_;
  std::vector<Tensor> arguments_;
  std::unordered_set<const Storage*> fresh_;              // made inside by host code; no op has seen them
  std::unordered_map<const Storage*, uint32_t> buffers_;  // alive and in the graph
  std::unordered_map<const Storage*, size_t> gradients_;  // of leaves, before the call
  std::unordered_map<const TensorImpl*, size_t> leaf_index_;
  std::unordered_set<const TensorImpl*> inside_views_;  // never dereferenced
  std::vector<LeafState> leaves_;
  std::vector<uint32_t> versions_;             // of each buffer
  std::vector<std::vector<ValueId>> current_;  // of each buffer: the values of its version
  std::vector<uint32_t> writers_;              // of each buffer: the node that wrote it last
};

}  // namespace rushlight
