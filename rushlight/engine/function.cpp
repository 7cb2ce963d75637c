#include "rushlight/engine/function.h"

#include <algorithm>
#include <new>

#include "rushlight/engine/apply.h"
#include "rushlight/engine/context.h"
#include "rushlight/engine/record.h"

namespace rushlight {

namespace {

class FunctionNode final : public Node {
 public:
  static Ref<FunctionNode> make(Ref<CustomBackward> rule, TensorList inputs, TensorList results,
                                const RecordOptions& options) {
    size_t rooms = room_bytes(inputs.size(), results.size(), options.saved.size(), 0);
    auto* node = new (allocate_memory(sizeof(FunctionNode) + rooms)) FunctionNode(inputs, results, options);
    auto ref = Ref<FunctionNode>::adopt(node);
    node->build_rooms({});
    node->rule_ = std::move(rule);
    node->fill(inputs, results, options);
    return ref;
  }

  const char* name() const override { return rule_->name(); }
  size_t object_size() const override { return sizeof(FunctionNode); }

  void propagate(Vjp& vjp) override {
    std::vector<Tensor> gradients, saved_tensors;
    for (size_t i = 0; i < results_.size(); ++i) gradients.push_back(gradient_or_zeros(vjp, i));
    for (const SavedTensor& entry : saved())
      saved_tensors.push_back(entry.is_result ? vjp.output(entry.slot) : vjp.input(entry.slot));
    auto input_gradients = (*rule_)(gradients, saved_tensors);
    if (input_gradients.size() != edges().size())
      fail(ErrorKind::runtime, "[", name(), "] its backward returned ", input_gradients.size(),
           " gradients for ", edges().size(), " inputs");
    for (size_t i = 0; i < input_gradients.size(); ++i) vjp.set(i, std::move(input_gradients[i]));
  }

 private:
  FunctionNode(TensorList inputs, TensorList results, const RecordOptions& options)
      : Node(nullptr, inputs.size(), results.size(), options.saved.size(), 0),
        materialize_(options.materialize_grads) {}

  void fill(TensorList inputs, TensorList results, const RecordOptions& options) {
    auto& facts = make_extras().facts;
    for (size_t i = 0; i < inputs.size(); ++i) {
      connect(i, edge_of(inputs[i]));
      facts.push_back({inputs[i].layout(), inputs[i].dtype()});
    }
    for (const Tensor& result : results) results_.push_back({result.layout(), result.dtype()});
    // A slot names an input or a result; what is neither counts on behind the inputs.
    size_t other = inputs.size();
    for (size_t i = 0; i < options.saved.size(); ++i) {
      const Tensor& tensor = options.saved[i];
      auto place_in = [&](TensorList list) {
        return static_cast<size_t>(
            std::find_if(list.begin(), list.end(), [&](auto& t) { return t.is_same(tensor); }) -
            list.begin());
      };
      size_t result = place_in(results);
      bool is_result = result < results.size();
      size_t input = place_in(inputs);
      if (!is_result) note_saved(tensor);
      size_t slot = is_result ? result : input < inputs.size() ? input : other++;
      saved()[i] = {is_result ? alias(tensor) : tensor, tensor.defined() ? tensor.version() : 0,
                    static_cast<uint16_t>(slot), is_result};
    }
  }

  Tensor gradient_or_zeros(Vjp& vjp, size_t i) const {
    if (vjp.grad(i).defined() || !materialize_) return vjp.grad(i);
    const Attr attrs[] = {results_[i].layout.shape(), results_[i].dtype};
    return apply_op(OpId::full, attrs, Tensor(0.0));
  }

  Ref<CustomBackward> rule_;
  SmallVector<InputFact, 1> results_;
  bool materialize_;
};

bool contains(TensorList list, const Tensor& tensor) {
  return std::any_of(list.begin(), list.end(), [&](const Tensor& t) { return t.is_same(tensor); });
}

}  // namespace

void record_function(Ref<CustomBackward> rule, TensorList inputs, TensorList results,
                     const RecordOptions& options) {
  bool wanted = std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return t.requires_grad(); });
  if (!context().grad_mode || !wanted) return;
  SmallVector<const Tensor*, 8> pointers;
  for (const Tensor& input : inputs) pointers.push_back(&input);
  const Inputs in{pointers.data(), pointers.size()};
  for (const Tensor& result : results)
    if (contains(inputs, result)) refuse_rewriting(rule->name(), "", result, in);
  const auto node = Ref<Node>::share(FunctionNode::make(std::move(rule), inputs, results, options).get());
  for (size_t i = 0; i < results.size(); ++i) {
    const Tensor& result = results[i];
    if (!is_floating(result.dtype()) || contains(options.not_differentiable, result)) continue;
    if (contains(inputs, result))
      rebase_history(result, node, i, in);
    else
      set_history(result, node, i);
  }
}

}  // namespace rushlight
