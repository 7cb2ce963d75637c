// Checkpointing: a function whose ops save nothing; its backward runs it again.
#include "rushlight/engine/context.h"
#include "rushlight/engine/function.h"
#include "rushlight/engine/interpreter.h"
#include "rushlight/engine/node.h"

namespace rushlight {

namespace {

// Remembers the keys that a function's random ops draw, or hands them out once more: dropout falls alike,
// whatever generator it draws from, and in a trace too.
class SameKeys final : public Interpreter {
 public:
  SameKeys(std::vector<Tensor>& keys, bool again) : keys_(keys), again_(again) {}

  void run(OpCall& call) override {
    if (call.def.id != OpId::random_key) return pass_on(call);
    if (!again_) {
      pass_on(call);
      return keys_.push_back(call.out[0]);
    }
    if (next_ == keys_.size())
      fail(ErrorKind::runtime, "checkpoint: the function drew random numbers ", keys_.size(),
           " times at first and more often when it ran again; it must do the same each time");
    call.out[0] = keys_[next_++];
  }
  bool run_fused(OpCall& call) override { return outer_ ? outer_->run_fused(call) : run_fused_eager(call); }
  void note_view(const OpCall& call, const Tensor& result) override {
    if (outer_) outer_->note_view(call, result);
  }

 private:
  void pass_on(OpCall& call) { outer_ ? outer_->run(call) : run_eager(call); }

  Interpreter* outer_ = context().interpreter;
  std::vector<Tensor>& keys_;
  bool again_;
  size_t next_ = 0;
};

// One call of the function. Of what its graph saves, the first run keeps places only; the second fills them.
class Run : public RefCounted<Run> {
 public:
  Run(Ref<CheckpointRule> rule, TensorList inputs, bool same_random_numbers)
      : rule_(std::move(rule)),
        same_random_numbers_(same_random_numbers),
        inputs_(inputs.begin(), inputs.end()) {
    for (const Tensor& input : inputs) versions_.push_back(input.defined() ? input.version() : 0);
  }
  static void destroy(Run* run) noexcept { delete run; }

  std::vector<Tensor> first() {
    CountPlaces hooks(*this);
    std::vector<Tensor> results = run(hooks, false);
    complaint_ = complaint_of_inputs();
    if (!complaint_.empty()) rule_ = {}, inputs_.clear();  // whose history leads here: it would hold itself
    return results;
  }

 private:
  struct Place final : PackedTensor {
    Place(Ref<Run> of, size_t i) : run(std::move(of)), index(i) {}
    Tensor unpack() override { return run->take(index); }
    Ref<Run> run;
    size_t index;
  };
  struct CountPlaces final : SavedTensorHooks {
    explicit CountPlaces(Run& r) : run(r) {}
    Ref<PackedTensor> pack(const Tensor&) override {
      return Ref<PackedTensor>::adopt(new Place(Ref<Run>::share(&run), run.places_++));
    }
    Run& run;
  };
  // The graph of the second run is there to be saved from, and goes again.
  struct Spent final : PackedTensor {
    Tensor unpack() override {
      fail(ErrorKind::runtime,
           "checkpoint: the function calls backward on what it computes, which cannot be run again");
    }
  };
  struct FillPlaces final : SavedTensorHooks {
    Ref<PackedTensor> pack(const Tensor& tensor) override {
      saved.push_back(alias(tensor));
      return Ref<PackedTensor>::adopt(new Spent);
    }
    std::vector<Tensor> saved;
  };

  std::vector<Tensor> run(SavedTensorHooks& hooks, bool again) {
    SameKeys keys(keys_, again);
    Scoped<Interpreter*> drawing(context().interpreter, same_random_numbers_ ? &keys : context().interpreter);
    Scoped<SavedTensorHooks*> saving(context().saved_tensor_hooks, &hooks);
    return rule_->run();
  }

  // Empty where the inputs are as they were when it was called.
  std::string complaint_of_inputs() const {
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (inputs_[i].defined() && inputs_[i].version() != versions_[i])
        return join_text(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            "checkpoint runs its function again on input ",
            i, " of shape ", inputs_[i].shape(), ", and [",
            name_of(static_cast<OpId>(inputs_[i].storage()->last_writer())),
            "_] wrote over it. Use the out-of-place form there, or clone() the tensor first");
    return {};
  }

  // Each tensor is given out once and let go; a second backward through the same graph runs the function
  // again.
  Tensor take(size_t place) {
    if (saved_.empty() || !saved_[place].defined()) run_again();
    return std::move(saved_[place]);
  }
  void run_again() {
    if (complaint_.empty()) complaint_ = complaint_of_inputs();
    if (!complaint_.empty()) fail(ErrorKind::runtime, complaint_);
    EnableGrad guard;
    FillPlaces hooks;
    (void)run(hooks, true);
    if (hooks.saved.size() != places_)
      fail(ErrorKind::runtime, "checkpoint: the function saved ", places_, " tensors at first and ",
           hooks.saved.size(), " when it ran again; it must do the same each time");
    saved_ = std::move(hooks.saved);
  }

  Ref<CheckpointRule> rule_;
  bool same_random_numbers_;
  size_t places_ = 0;
  std::string complaint_;  // why it cannot run again
  std::vector<Tensor> inputs_, keys_, saved_;
  std::vector<uint32_t> versions_;  // of the inputs' storages when it was called
};

}  // namespace

std::vector<Tensor> run_checkpoint(Ref<CheckpointRule> rule, TensorList inputs, bool same_random_numbers) {
  return Ref<Run>::adopt(new Run(std::move(rule), inputs, same_random_numbers))->first();
}

}  // namespace rushlight
